"""Derive a certificate again from the data, and name all that differs; the exit code is 1 if anything does.

Example: slateboard split verify releases/v1/certificate.json
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from slateboard.errors import Finding
from slateboard.json_output import JsonOutput
from slateboard.progress import say
from slateboard.workspace import Workspace
from splits.verification import verify


def command(
    workspace: Workspace,
    certificate: Annotated[Path, typer.Argument(help="certificate.json of a release, of a split, or of an audit.")],
    dataset: Annotated[
        str | None, typer.Option(help="Folder of the release or of the lists, or a version; else found by itself.")
    ] = None,
    form: Annotated[str | None, typer.Option(help="Form of the lists: a name from `slateboard ls lists`.")] = None,
) -> JsonOutput:
    """Repeat every check that the certificate tells of, to the same depth."""
    verification = verify(certificate, workspace, release=dataset, form=form)
    for remark in verification.remarks:
        say(f"  {remark}")
    differences = verification.differences
    if differences:
        count = f"{len(differences)} difference{'' if len(differences) == 1 else 's'}"
        message = "\n".join([f"{certificate} does not hold, {count}:", *differences])
        raise Finding(message, outcome=asdict(verification))
    say(f"{certificate} holds. {verification.line}")
    return asdict(verification)
