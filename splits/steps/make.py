"""Divide a release by a protocol and write the split beside it, with its audit.

Example: slateboard split make seags --dataset v1 --seed 1 --param test_share=0.25
Example: slateboard split make ucf101 --dataset v2 --extend v1
"""

from pathlib import Path
from typing import Annotated

import typer

from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.options import DatasetName
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.registry import Parameters
from slateboard.workspace import Workspace
from splits.audit.audit import Audit, audit, audit_line
from splits.division import (
    EXTENDS,
    PROTOCOLS,
    divide,
    extendable,
    parameters_of,
    requested_parameters,
    settle_parameters,
)
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
) -> JsonOutput:
    """Write what is not there yet; an existing split is never changed."""
    card, settings = PROTOCOLS.load(protocol).CARD, workspace.settings.split
    release = find_dataset(workspace, dataset)
    overrides = parameters_of(param or [], card, where=f"protocol {protocol}")
    previous = None if extend is None else _previous(workspace, extend, protocol)
    request = (
        settle_parameters(protocol, settings=settings, overrides=overrides),
        settings.seed if seed is None else seed,
    )
    splits = _frozen(workspace, release, protocol, request, extends=None if previous is None else previous.key)
    splits = splits or divide(
        release, protocol=protocol, settings=settings, overrides=overrides, seed=seed, previous=previous
    )  # fmt: skip
    folders = [split_folder(workspace, release, protocol=split.protocol, number=split.number) for split in splits]
    written = [_is_written(folder, split, release) for folder, split in zip(folders, splits, strict=True)]
    audits = [audit(release, split) for split in splits]
    for folder, split, is_written, report in zip(folders, splits, written, audits, strict=True):
        if not is_written:
            write_split(folder, split, release, report=report)
    _print_splits(release, splits, audits, written, folders)
    return {
        "dataset": release.key,
        "splits": [
            _row(split, folder, is_written, report)
            for split, folder, is_written, report in zip(splits, folders, written, audits, strict=True)
        ],
    }


def _row(split: Split, folder: Path, is_written: bool, report: Audit) -> JsonObject:
    """Return the row of one split in the output for machines."""
    return {
        "split": split.key,
        "folder": str(folder),
        "written": not is_written,
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
    splits = [find_split(workspace, older, protocol=protocol, number=number) for number in numbers]
    return Previous(older.key, older.clips, tuple(splits))


def _frozen(
    workspace: Workspace, dataset: Dataset, protocol: str, request: tuple[Parameters, int], *, extends: str | None
) -> list[Split]:
    """Return the splits frozen in the release if they were made with these parameters and this seed, else none.

    A release extends the splits of the one before it by itself: without --extend such splits are the ones meant.
    """
    # `split make seags` on a release that was frozen by seags, without other parameters, means the frozen split and
    # makes no second one beside it.
    records = numbered(inside(dataset.root, f"splits/{protocol}"))
    splits = [find_split(workspace, dataset, protocol=protocol, number=int(path.parent.name)) for path in records]
    same = all((requested_parameters(split), split.seed) == request for split in splits)
    return splits if same and extends in (None, *(split.parameters.get(EXTENDS) for split in splits[:1])) else []


def _is_written(folder: Path, split: Split, dataset: Dataset) -> bool:
    """Return whether this very split is written; refuse to overwrite another one."""
    if not (folder / RECORD).is_file():
        return False
    # Runs name a split by its number: were it overwritten, their figures would stand beside another division.
    stored = Split.read(folder / RECORD)
    if not is_same(stored, split):
        remedy = "Runs may stand on it; if none does, remove that folder first."
        if folder.is_relative_to(dataset.root):
            alternatives = ", ".join(name for name in extendable() if name != split.protocol)
            remedy = (
                "A release is never changed. `slateboard curate release` extends the split of the version before as "
                "long as `protocol` under [release] and what is under [split] stay; beside this version another "
                f"protocol can be divided or extended: {alternatives}."
            )
        raise SlateboardError(
            f"{folder} holds another split {split.key} (seed {stored.seed}, {stored.parameters}); "
            f"this one has seed {split.seed}, {split.parameters}. {remedy}"
        )
    return True


def _print_splits(
    dataset: Dataset, splits: list[Split], audits: list[Audit], written: list[bool], folders: list[Path]
) -> None:
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
    before = sum(written)
    say(f"{len(splits) - before} written, {before} already there and left as they are: {folders[0].parent}")
