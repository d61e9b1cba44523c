"""Divide a release by a protocol and write the split beside it, with its audit.

Example: slateboard split make seags --dataset v1 --seed 1 --param test_share=0.25
Example: slateboard split make ucf101 --dataset v2 --extend v1
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.options import DatasetName
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.audit import Audit, audit, audit_line
from splits.division import EXTENDS, PROTOCOLS, asked_for, divide, extendable, parameters_of, settled
from splits.extension import Previous
from splits.folder import RECORD, existing, find_dataset, find_split, is_same, numbered, split_folder, write_split
from splits.parts import short

SHOWN = 3
"""Up to so many splits have a line each."""


def command(
    workspace: Workspace,
    protocol: Annotated[str, typer.Argument(help="A name from `slateboard ls protocols`.")],
    dataset: DatasetName = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the division; the settings' unless given.")] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="Parameter of the protocol as key=value; may be repeated.")
    ] = None,
    extend: Annotated[
        str | None,
        typer.Option(metavar="RELEASE", help="Older version: groups that had a part in its splits keep it."),
    ] = None,
) -> dict[str, Any]:
    """Write what is not there yet; an existing split is never changed."""
    card, settings = PROTOCOLS.load(protocol).CARD, workspace.settings.split
    known = find_dataset(workspace, dataset)
    given = parameters_of(param or [], card, where=f"protocol {protocol}")
    previous = None if extend is None else _previous(workspace, extend, protocol)
    wanted = settled(protocol, settings=settings, given=given), settings.seed if seed is None else seed
    splits = _frozen(workspace, known, protocol, wanted, extends=None if previous is None else previous.key)
    splits = splits or divide(
        known, protocol=protocol, settings=settings, given=given, seed=seed, previous=previous
    )  # fmt: skip
    folders = [split_folder(workspace, known, protocol=split.protocol, number=split.number) for split in splits]
    there = [_is_there(folder, split, known) for folder, split in zip(folders, splits, strict=True)]
    audits = [audit(known, split) for split in splits]
    for folder, split, is_there, report in zip(folders, splits, there, audits, strict=True):
        if not is_there:
            write_split(folder, split, known, report=report)
    _tell(known, splits, audits, there, folders)
    return {
        "dataset": known.key,
        "splits": [
            _row(split, folder, is_there, report)
            for split, folder, is_there, report in zip(splits, folders, there, audits, strict=True)
        ],
    }


def _row(split: Split, folder: Path, is_there: bool, report: Audit) -> dict[str, Any]:
    """Return what a machine is told of one split."""
    return {
        "split": split.key,
        "folder": str(folder),
        "written": not is_there,
        "safe": split.safe,
        "lists_sha256": split.sha256,
        "audit": audit_line(report),
        "report": list(split.report),
    }


def _previous(workspace: Workspace, version: str, protocol: str) -> Previous:
    """Return all splits of an older release by this protocol."""
    older = find_dataset(workspace, version)
    names = [name.rpartition("-") for name in existing(workspace, older)]
    numbers = sorted(int(number) for name, _, number in names if name == protocol) or [1]
    found = [find_split(workspace, older, protocol=protocol, number=number) for number in numbers]
    return Previous(older.key, older.clips, tuple(found))


def _frozen(
    workspace: Workspace, dataset: Dataset, protocol: str, wanted: tuple[dict[str, Any], int], *, extends: str | None
) -> list[Split]:
    """Return the splits that the release froze if they were made with these parameters and this seed, else none.

    A release extends the splits of the one before it by itself, so that nobody has to ask for that.
    """
    records = numbered(inside(dataset.root, f"splits/{protocol}"))
    found = [find_split(workspace, dataset, protocol=protocol, number=int(path.parent.name)) for path in records]
    same = all((asked_for(split), split.seed) == wanted for split in found)
    return found if same and extends in (None, *(split.parameters.get(EXTENDS) for split in found[:1])) else []


def _is_there(folder: Path, split: Split, dataset: Dataset) -> bool:
    """Return whether this very split is written; refuse to put it over another one."""
    if not (folder / RECORD).is_file():
        return False
    found = Split.read(folder / RECORD)
    if not is_same(found, split):
        remedy = "Runs may stand on it; if none does, remove that folder first."
        if folder.is_relative_to(dataset.root):
            others = ", ".join(name for name in extendable() if name != split.protocol)
            remedy = (
                "A release is never changed. `slateboard curate release` extends the split of the version before as "
                "long as `protocol` under [release] and what is under [split] stay; beside this version another "
                f"protocol can be divided or extended: {others}."
            )
        raise SlateboardError(
            f"{folder} holds another split {split.key} (seed {found.seed}, {found.parameters}); "
            f"this one has seed {split.seed}, {split.parameters}. {remedy}"
        )
    return True


def _tell(dataset: Dataset, splits: list[Split], audits: list[Audit], there: list[bool], folders: list[Path]) -> None:
    for split, report in list(zip(splits, audits, strict=True))[: SHOWN if len(splits) <= SHOWN else 0]:
        say(audit_line(report))
        for sentence in split.report:
            say(f"  {short(sentence)}")
    if len(splits) > SHOWN:
        leaking = [report.split for report in audits if report.leaks]
        sizes = [report.test for report in audits]
        remarks = sum(len(split.report) for split in splits)
        say(
            f"audit {splits[0].protocol}: {len(splits)} splits of {len(dataset.clips)} clips, "
            f"{sum(report.leaks for report in audits)} leaks in {len(leaking)} splits, "
            f"{min(sizes)} to {max(sizes)} clips in test, {remarks} remarks (in each {RECORD})"
        )
    kept = sum(there)
    say(f"{len(splits) - kept} written, {kept} already there and left as they are: {folders[0].parent}")
