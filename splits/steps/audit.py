"""Check a split for leaks and contradictions and write its certificate; the exit code is 1 if there are any.

DATASET is a version (v1), the folder of a release, or a folder of official list files alone. Files are decoded and
fingerprints compared unless --no-media is given. certificate.json, pairs.csv with the near-duplicates of train and
test, and pairs.png to look at them lie in splits/<dataset>/<protocol>/<number>/ of the workspace: a release is never
changed. A certificate that was made with media is not replaced by one of the same split that was made without.

Example: slateboard split audit v1 --split 1 --strict
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from slateboard.errors import Finding
from slateboard.options import ProtocolName, SplitNumber
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.audit import BOUND, Audit, audit_line
from splits.audit.examination import Depth, Options, examine
from splits.audit.sheet import SHEET, Shown
from splits.certificate import place_of, refuse_weaker, write_examination
from splits.folder import CERTIFICATE, find_dataset
from splits.parts import short
from splits.subject import learned_from, subject_of


def command(
    workspace: Workspace,
    dataset: Annotated[
        str | None, typer.Argument(help="Version, release folder or folder of lists; the newest.")
    ] = None,
    protocol: ProtocolName = None,
    split: SplitNumber = 1,
    strict: Annotated[bool, typer.Option("--strict", help="What is unknown or out of balance fails too.")] = False,
    media: Annotated[bool, typer.Option("--media/--no-media", help="Read the files of the clips.")] = True,
    bound: Annotated[float, typer.Option(min=0, max=1, help="Greatest deviation of a test share, 0-1.")] = BOUND,
    trained_on: Annotated[
        Path | None, typer.Option(help="A run's folder, or a list of ids, that a model was trained on.")
    ] = None,
    form: Annotated[str | None, typer.Option(help="Form of the lists: a name from `slateboard ls lists`.")] = None,
) -> dict[str, Any]:
    """Print a line for each check, with the first examples."""
    found = subject_of(
        workspace,
        find_dataset(workspace, dataset, form=form),
        protocol=protocol or workspace.settings.release.protocol,
        number=split,
        form=form,
    )
    folder = inside(workspace.splits, f"{found.dataset.key}/{found.split.protocol}/{found.split.number}")
    depth: Depth = "media" if media and not found.of_lists else "hashes"
    refuse_weaker(folder / CERTIFICATE, found, depth=depth)
    learned, place = None, None
    if trained_on is not None:
        place = place_of(trained_on, workspace.root)
        learned = replace(learned_from(trained_on, workspace, found.dataset), where=place)
    options = Options(
        depth=depth,
        bound=bound,
        trained_on=place,
        trained_on_sha256=None if learned is None else learned.sha256,
    )
    examination = examine(found.dataset, found.split, options, learned=learned)
    sheet = write_examination(folder, found, examination)
    report = examination.report
    _tell(report, found.split, folder, sheet)
    outcome = {"line": audit_line(report), "certificate": str(folder / CERTIFICATE), **asdict(report)}
    _judge(report, outcome, strict=strict)
    say(audit_line(report))
    return outcome


def _tell(report: Audit, split: Split, folder: Path, sheet: Shown) -> None:
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        count = "-" if check.count is None else str(check.count)
        note = f"  not looked at: {check.note}" if check.count is None else ""
        examples = f"  {', '.join(check.examples)}" if check.examples else ""
        say(f"  {check.name:<{width}}  {count:>6}  {check.kind}{note}{examples}")
    for sentence in split.report:
        say(f"  {short(sentence)}")
    say(f"{CERTIFICATE} in {folder}" + (f", {sheet.count} in {SHEET} to look at" if sheet.pairs else ""))


def _judge(report: Audit, outcome: dict[str, Any], *, strict: bool) -> None:
    """Raise Finding where the split must not be used; with `strict` also for what is unknown or out of balance."""
    line = audit_line(report)
    if report.leaks or report.contradictions:
        raise Finding(f"{line}. Do not quote results on this split as if nothing were shared.", outcome=outcome)
    if strict and (report.unknowns or report.unbalanced):
        told = f"{report.unknowns} unknown, {report.unbalanced} out of balance"
        raise Finding(f"{line}. --strict: {told}; look at the checks that are not 0.", outcome=outcome)
