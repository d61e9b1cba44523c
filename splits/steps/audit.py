"""Check a split for leaks and contradictions and write its certificate; the exit code is 1 if there are any.

DATASET is a version (v1), the folder of a release, or a folder of official list files alone. Files are decoded and
fingerprints compared unless --no-media is given. certificate.json, pairs.csv with the near-duplicates of train and
test, and pairs.png to look at them lie in splits/<dataset>/<protocol>/<number>/ of the workspace: a release is never
changed. A certificate that was made with media is not replaced by one of the same split that was made without.

Example: slateboard split audit v1 --split 1 --strict
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from slateboard.errors import Finding
from slateboard.json_output import JsonOutput
from slateboard.options import ProtocolName, SplitNumber
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.audit import BOUND, Audit, audit_line
from splits.audit.examination import Depth, Options, examine
from splits.audit.sheet import SHEET, PairSheet
from splits.certificate import CERTIFICATE, portable_path, refuse_weaker, write_examination
from splits.folder import find_dataset
from splits.parts import short
from splits.subject import subject_of, training_record_of


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
) -> JsonOutput:
    """Print a line for each check, with the first examples."""
    subject = subject_of(
        workspace,
        find_dataset(workspace, dataset, form=form),
        protocol=protocol or workspace.settings.release.protocol,
        number=split,
        form=form,
    )
    folder = inside(workspace.splits, f"{subject.dataset.key}/{subject.split.protocol}/{subject.split.number}")
    # Checks that were not made (`count` None) are unknown, not 0: --no-media cannot say that no file is damaged.
    depth: Depth = "media" if media and not subject.of_lists else "hashes"
    refuse_weaker(folder / CERTIFICATE, subject.dataset, subject.split, depth=depth)
    record, options = None, Options(depth, bound)
    if trained_on is not None:
        path = portable_path(trained_on, workspace.root)
        record = replace(training_record_of(trained_on, workspace, subject.dataset), where=path)
        options = replace(options, trained_on=path, trained_on_sha256=record.sha256)
    examination = examine(subject.dataset, subject.split, options, training_record=record)
    sheet = write_examination(folder, subject.dataset, subject.split, examination)
    report = examination.report
    _print_checks(report, subject.split, folder, sheet)
    outcome = {"line": audit_line(report), "certificate": str(folder / CERTIFICATE), **asdict(report)}
    _raise_findings(report, outcome, strict=strict)
    say(audit_line(report))
    return outcome


def _print_checks(report: Audit, split: Split, folder: Path, sheet: PairSheet) -> None:
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        count = "-" if check.count is None else str(check.count)
        note = f"  not looked at: {check.note}" if check.count is None else ""
        examples = f"  {', '.join(check.examples)}" if check.examples else ""
        say(f"  {check.name:<{width}}  {count:>6}  {check.kind}{note}{examples}")
    for sentence in split.report:
        say(f"  {short(sentence)}")
    say(f"{CERTIFICATE} in {folder}" + (f", {sheet.count} in {SHEET} to look at" if sheet.pairs else ""))


def _raise_findings(report: Audit, outcome: JsonOutput, *, strict: bool) -> None:
    """Raise Finding where the split must not be used; with `strict` also for what is unknown or out of balance."""
    line = audit_line(report)
    if report.leaks or report.contradictions:
        raise Finding(f"{line}. Do not quote results on this split as if nothing were shared.", outcome=outcome)
    if strict and (report.unknowns or report.unbalanced):
        counts = f"{report.unknowns} unknown, {report.unbalanced} out of balance"
        raise Finding(f"{line}. --strict: {counts}; look at the checks that are not 0.", outcome=outcome)
