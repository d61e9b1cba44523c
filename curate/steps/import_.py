"""Add what an annotation file lists to sources.csv: VIA 3, CVAT, Label Studio, lists of datasets, CSV, JSON lines.

Rows that are there already are not added again, nothing is overwritten, and what cannot be mapped is listed with its
reason in imports/. `slateboard ls importers` names the forms, and the parameters of one with its name: rates of single
videos, the window around a moment, a map of labels that lies beside the file.

Example: slateboard curate import tracks.xml --from cvat --set frame_rate_hz=25
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from curate.listing.importing import ImportIssue, ImportReport, import_file, reasons
from curate.listing.label_overlaps import overlap_lines
from curate.listing.local import ALLOW
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.progress import say, show
from slateboard.workspace import Workspace

SHOWN = 20
"""Entries that are printed; the file in imports/ has them all."""


def command(
    workspace: Workspace,
    file: Annotated[Path, typer.Argument(help="File to read.")],
    importer: Annotated[
        str | None, typer.Option("--from", help="Its form: a name of `slateboard ls importers`; told from the file.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of the importer; may be given several times.")
    ] = None,
    allow_local: Annotated[
        bool, typer.Option(ALLOW, help="Take rows of local files outside its folder and the workspace too.")
    ] = False,
) -> JsonOutput:
    """Read a file, add its rows to the list and report what was not added."""
    report = import_file(workspace, file, importer=importer, assignments=parameters or [], allow_local=allow_local)
    # A changed row is both added and an issue; `reasons` counts only what was not added.
    merged = report.merged
    not_added = [issue for issue in merged.issues if issue.kind != "changed"]
    say(f"{file.name} read as {report.importer}{' (told from the file)' if report.guessed else ''}")
    for note in merged.notes:
        say(note)
    show(
        f"{len(merged.added)} rows added to {workspace.sources.name}, {merged.already} there already, "
        f"{merged.count('not mapped')} not mapped, {merged.count('conflict')} in conflict, "
        f"{merged.count('repeated')} repeated, {merged.count('changed')} changed"
    )
    for line in [*_lines(merged.issues), *overlap_lines(report.overlaps)]:
        show(line)
    if report.unmapped is not None:
        show(f"all of them: {report.unmapped}")
    return {**_counts(report, workspace), "reasons": reasons(not_added), "entries": list(map(asdict, merged.issues))}


def _lines(issues: list[ImportIssue]) -> list[str]:
    """Return the reasons with their counts, then the first entries."""
    lines = [f"  {count} x {why}" for why, count in list(reasons(issues).items())[:SHOWN]] if len(issues) > 1 else []
    lines += [
        f"{issue.kind}: {issue.where}: {issue.what} {issue.why} {issue.remedy}".rstrip() for issue in issues[:SHOWN]
    ]
    return [*lines, f"... and {len(issues) - SHOWN} more"] if len(issues) > SHOWN else lines


def _counts(report: ImportReport, workspace: Workspace) -> JsonObject:
    merged = report.merged
    return {
        "list": str(workspace.sources),
        "importer": report.importer,
        "guessed": report.guessed,
        "notes": merged.notes,
        "added": len(merged.added),
        "already": merged.already,
        "not_mapped": merged.count("not mapped"),
        "conflicts": merged.count("conflict"),
        "repeated": merged.count("repeated"),
        "changed": merged.count("changed"),
        "overlaps": len(report.overlaps),
        "unmapped_file": None if report.unmapped is None else str(report.unmapped),
    }
