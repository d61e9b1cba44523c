"""Check a split for leaks and contradictions and write its certificate; the exit code is 1 if there are any.

DATASET is a version (v1), the folder of a release, or a folder of official list files alone. Files are decoded and
fingerprints compared unless --no-media is given. certificate.json, pairs.csv with the near-duplicates of train and
test, and pairs.png to look at them lie in splits/<dataset>/<protocol>/<number>/ of the workspace: a release is never
changed.

Example: slateboard split audit v1 --split 1 --strict
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from slateboard.dataset import Dataset
from slateboard.errors import Finding
from slateboard.files import csv_text, json_text, write_text
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.audit import BOUND, Audit, audit_line
from splits.audit.examination import Examination, Options, examine
from splits.audit.learned import Learned, read_learned
from splits.audit.listed import VERSION, read_lists, split_of_lists
from splits.audit.sheet import SHEET, draw_pairs
from splits.folder import CERTIFICATE, find_dataset, find_split
from splits.parts import short

PAIRS = "pairs.csv"
"""All near-duplicates across train and test, undecided ones too; the sheet shows the first."""


def command(
    workspace: Workspace,
    dataset: Annotated[
        str | None, typer.Argument(help="Version, release folder or folder of lists; the newest.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="Protocol of the split; the settings' unless named.")] = None,
    split: Annotated[int, typer.Option(help="Number of the split or fold.")] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="What is unknown or out of balance fails too.")] = False,
    media: Annotated[bool, typer.Option("--media/--no-media", help="Read the files of the clips.")] = True,
    bound: Annotated[float, typer.Option(min=0, max=1, help="Greatest deviation of a test share, 0-1.")] = BOUND,
    trained_on: Annotated[
        Path | None, typer.Option(help="A run's folder, or a list of ids, that a model was trained on.")
    ] = None,
    form: Annotated[str | None, typer.Option(help="Form of the lists: a name from `slateboard ls lists`.")] = None,
) -> dict[str, Any]:
    """Print a line for each check, with the first examples."""
    found = find_dataset(workspace, dataset, form=form)
    divided = _split(workspace, found, protocol=protocol, number=split, form=form)
    learned = None if trained_on is None else _learned(workspace, found, trained_on)
    options = Options(
        depth="media" if media and found.version != VERSION else "hashes",
        bound=bound,
        trained_on=None if trained_on is None else trained_on.as_posix(),
        trained_on_sha256=None if learned is None else learned.sha256,
    )
    examination = examine(found, divided, options, learned=learned)
    report = examination.report
    folder = workspace.splits / found.key / divided.protocol / str(divided.number)
    drawn = _write(folder, found, divided, examination)
    _tell(report, divided, folder, drawn)
    _judge(report, strict=strict)
    say(audit_line(report))
    return {"line": audit_line(report), "certificate": str(folder / CERTIFICATE), **asdict(report)}


def _learned(workspace: Workspace, dataset: Dataset, path: Path) -> Learned:
    return read_learned(
        path, dataset, lambda name, number: find_split(workspace, dataset, protocol=name, number=number)
    )


def _write(folder: Path, dataset: Dataset, split: Split, examination: Examination) -> int:
    """Write what there is to look at and the certificate, over those of an earlier audit; return the pairs drawn."""
    for name in (PAIRS, SHEET):
        (folder / name).unlink(missing_ok=True)
    if examination.pairs:
        rows = [asdict(pair) for pair in examination.pairs]
        write_text(folder / PAIRS, csv_text(rows, ("train", "test", "why")))
    drawn = 0 if dataset.version == VERSION else draw_pairs(folder / SHEET, dataset, split, examination.pairs)
    text = json_text(examination.certificate)
    if not (folder / CERTIFICATE).is_file() or (folder / CERTIFICATE).read_text("utf-8") != text:
        write_text(folder / CERTIFICATE, text)
    return drawn


def _split(workspace: Workspace, dataset: Dataset, *, protocol: str | None, number: int, form: str | None) -> Split:
    if dataset.version == VERSION:
        return split_of_lists(dataset, read_lists(dataset.root, form=form), number)
    name = protocol or workspace.settings.release.protocol
    return find_split(workspace, dataset, protocol=name, number=number)


def _tell(report: Audit, split: Split, folder: Path, drawn: int) -> None:
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        count = "-" if check.count is None else str(check.count)
        note = f"  not looked at: {check.note}" if check.count is None else ""
        examples = f"  {', '.join(check.examples)}" if check.examples else ""
        say(f"  {check.name:<{width}}  {count:>6}  {check.kind}{note}{examples}")
    for sentence in split.report:
        say(f"  {short(sentence)}")
    sheet = f", {drawn} pairs to look at in {SHEET}" if drawn else ""
    say(f"{CERTIFICATE} in {folder}{sheet}")


def _judge(report: Audit, *, strict: bool) -> None:
    """Raise Finding where the split must not be used; with `strict` also for what is unknown or out of balance."""
    line = audit_line(report)
    if report.leaks or report.contradictions:
        raise Finding(f"{line}. Do not quote results on this split as if nothing were shared.")
    if strict and (report.unknowns or report.unbalanced):
        told = f"{report.unknowns} unknown, {report.unbalanced} out of balance"
        raise Finding(f"{line}. --strict: {told}; look at the checks that are not 0.")
