"""Collect the finished runs below a folder; one that cannot be shown is left out with its reason, and stops nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leaderboards.predictions import PREDICTIONS, check, read_predictions
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Newer, SlateboardError
from slateboard.records.base import Record
from slateboard.records.result import Result
from slateboard.records.split import Split

RESULT = "result.json"
_NAMED = 3
"""Problems of one run that its reason tells."""


@dataclass(frozen=True)
class Finished:
    """A finished run and where it lies below runs/."""

    folder: str
    result: Result


class LeftOut(Record):
    """A run that is not on the board."""

    run: str
    """Folder below runs/."""
    kind: Literal["unreadable", "newer", "release", "other data", "predictions"]
    """unreadable: its result.json is damaged, or none of ours; newer: a newer slateboard wrote it; release: that of its
    dataset cannot be read; other data: it was made with other clips than the release of that name holds; predictions:
    they are damaged, missing, or not of the clips of its dataset."""
    reason: str


@dataclass(frozen=True)
class Collected:
    """Runs to be shown, their datasets by key, and the runs that are not shown."""

    finished: tuple[Finished, ...]
    datasets: dict[str, Dataset]
    left_out: tuple[LeftOut, ...]


class _Refused(Exception):
    def __init__(self, kind: Literal["release", "other data", "predictions"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def collect(runs: Path, *, read_dataset: Callable[[str], Dataset | None]) -> Collected:
    """Read every result below a folder, hold it to its dataset and its predictions, and sort out what fails."""
    found: list[Finished] = []
    left_out: list[LeftOut] = []
    for path in sorted(runs.rglob(RESULT)):
        folder = path.parent.relative_to(runs).as_posix()
        try:
            found.append(Finished(folder, Result.read(path)))
        except SlateboardError as error:
            kind = "newer" if isinstance(error, Newer) else "unreadable"
            left_out.append(LeftOut(run=folder, kind=kind, reason=reason_of(error, runs)))
    datasets, broken = _datasets({one.result.run.dataset for one in found}, read_dataset, runs)
    shown = []
    for one in found:
        try:
            _hold(one, runs, datasets, broken)
        except _Refused as error:
            left_out.append(LeftOut(run=one.folder, kind=error.kind, reason=str(error)))
        else:
            shown.append(one)
    return Collected(tuple(shown), datasets, tuple(sorted(left_out, key=lambda one: one.run)))


def reason_of(error: SlateboardError, runs: Path) -> str:
    """Return an error in a line that a board can show: it names no folder of this machine."""
    parts: Sequence[str] = [str(error)]
    if isinstance(error, BadInput):
        parts = [str(problem) for problem in error.problems[:_NAMED]]
        if len(error.problems) > _NAMED:
            parts.append(f"And {len(error.problems) - _NAMED} more.")
    return " ".join(" ".join(parts).replace(f"{runs.parent}/", "").split())


def _datasets(
    keys: set[str], read_dataset: Callable[[str], Dataset | None], runs: Path
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """Return the datasets that can be read, and why others cannot, by key; those that are no release are in neither."""
    datasets: dict[str, Dataset] = {}
    broken: dict[str, str] = {}
    for key in sorted(keys):
        try:
            dataset = read_dataset(key)
        except SlateboardError as error:
            broken[key] = reason_of(error, runs)
        else:
            if dataset is not None:
                datasets[key] = dataset
    return datasets, broken


def _hold(one: Finished, runs: Path, datasets: dict[str, Dataset], broken: dict[str, str]) -> None:
    """Raise _Refused where a result and its data or its predictions contradict each other."""
    run = one.result.run
    if run.dataset in broken:
        raise _Refused("release", f"The release {run.dataset} cannot be read: {broken[run.dataset]}")
    dataset = datasets.get(run.dataset)
    if dataset is not None and (run.dataset, run.dataset_sha256) != (dataset.key, dataset.sha256):
        raise _Refused("other data", f"It was made with other data than {run.dataset} holds. Remove or rerun it.")
    try:
        predictions = read_predictions(runs / one.folder)
        clips = tuple(dict.fromkeys(predictions["clip_id"]))
        if len(clips) != one.result.n_expected:
            what = f"{PREDICTIONS} is of {len(clips)} clips, {RESULT} of {one.result.n_expected}. Run it again."
            raise _Refused("predictions", what)
        if dataset is not None:
            check(predictions, dataset.clips, _split_of(one, clips), motion_pairs=())
    except SlateboardError as error:
        raise _Refused("predictions", reason_of(error, runs)) from None


def _split_of(one: Finished, clips: tuple[str, ...]) -> Split:
    """Return a split that tests what predictions are of: its own record lies in the workspace, or nowhere any more."""
    run = one.result.run
    return Split.model_construct(
        dataset=run.dataset,
        dataset_sha256=run.dataset_sha256,
        protocol=run.protocol,
        number=run.split,
        parameters={},
        seed=run.seed,
        safe=True,
        train=(),
        test=clips,
    )
