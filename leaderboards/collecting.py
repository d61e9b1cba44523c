"""Collect the finished runs below a folder; one that cannot be shown is left out with its reason, and stops nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leaderboards.predictions import check_predictions, read_predictions
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, NewerSchema, SlateboardError
from slateboard.records.base import Record
from slateboard.records.result import Result
from slateboard.records.run_folder import PREDICTIONS, RESULT
from slateboard.records.split import Split

_NAMED = 3
"""Problems of one run that its reason tells."""


@dataclass(frozen=True)
class FinishedRun:
    """A finished run and where it lies below runs/."""

    folder: str
    result: Result


class ExcludedRun(Record):
    """A run that is not on the board."""

    run: str
    """Folder below runs/."""
    kind: Literal["unreadable", "newer", "release", "other data", "predictions"]
    """unreadable: its result.json is damaged, or none of ours; newer: a newer slateboard wrote it; release: that of its
    dataset cannot be read; other data: it was made with other clips than the release of that name holds; predictions:
    they are damaged, missing, or not of the clips of its dataset."""
    reason: str


@dataclass(frozen=True)
class CollectedRuns:
    """Runs to be shown, their datasets by key, and the runs that are not shown."""

    finished: tuple[FinishedRun, ...]
    datasets: dict[str, Dataset]
    left_out: tuple[ExcludedRun, ...]


class _Excluded(Exception):
    def __init__(self, kind: Literal["release", "other data", "predictions"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def collect_runs(runs: Path, *, read_dataset: Callable[[str], Dataset | None]) -> CollectedRuns:
    """Read every result.json below a folder and check it against its dataset and predictions; list those that fail."""
    readable: list[FinishedRun] = []
    left_out: list[ExcludedRun] = []
    for path in sorted(runs.rglob(RESULT)):
        folder = path.parent.relative_to(runs).as_posix()
        try:
            readable.append(FinishedRun(folder, Result.read(path)))
        except SlateboardError as error:
            kind = "newer" if isinstance(error, NewerSchema) else "unreadable"
            left_out.append(ExcludedRun(run=folder, kind=kind, reason=one_line(error, runs)))
    # Each dataset is read once, however many runs it has.
    datasets, broken = _datasets({run.result.run.dataset for run in readable}, read_dataset, runs)
    shown = []
    for run in readable:
        try:
            _check_run(run, runs, datasets, broken)
        except _Excluded as error:
            left_out.append(ExcludedRun(run=run.folder, kind=error.kind, reason=str(error)))
        else:
            shown.append(run)
    return CollectedRuns(tuple(shown), datasets, tuple(sorted(left_out, key=lambda excluded: excluded.run)))


def one_line(error: SlateboardError, runs: Path) -> str:
    """Return an error as one line for the board, without the path of the workspace on this machine."""
    sentences: Sequence[str] = [str(error)]
    if isinstance(error, BadInput):
        sentences = [str(problem) for problem in error.problems[:_NAMED]]
        if len(error.problems) > _NAMED:
            sentences.append(f"And {len(error.problems) - _NAMED} more.")
    return " ".join(" ".join(sentences).replace(f"{runs.parent}/", "").split())


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
            broken[key] = one_line(error, runs)
        else:
            if dataset is not None:
                datasets[key] = dataset
    return datasets, broken


def _check_run(finished: FinishedRun, runs: Path, datasets: dict[str, Dataset], broken: dict[str, str]) -> None:
    """Raise _Refused where a result and its data or its predictions contradict each other."""
    record = finished.result.run
    if record.dataset in broken:
        raise _Excluded("release", f"The release {record.dataset} cannot be read: {broken[record.dataset]}")
    dataset = datasets.get(record.dataset)
    if dataset is not None and (record.dataset, record.dataset_sha256) != (dataset.key, dataset.sha256):
        raise _Excluded("other data", f"It was made with other data than {record.dataset} holds. Remove or rerun it.")
    try:
        predictions = read_predictions(runs / finished.folder)
        # A clip has a row for each view and stream; its id counts once.
        clips = tuple(dict.fromkeys(predictions["clip_id"]))
        if len(clips) != finished.result.n_expected:
            what = f"{PREDICTIONS} is of {len(clips)} clips, {RESULT} of {finished.result.n_expected}. Run it again."
            raise _Excluded("predictions", what)
        if dataset is not None:
            check_predictions(predictions, dataset.clips, _split_of_predictions(finished, clips), motion_pairs=())
    except SlateboardError as error:
        raise _Excluded("predictions", one_line(error, runs)) from None


def _split_of_predictions(finished: FinishedRun, clips: tuple[str, ...]) -> Split:
    """Return a split whose test list is the clips of the predictions.

    The run's own split.json may be gone from the workspace; scores depend on its test list alone.
    """
    record = finished.result.run
    return Split.model_construct(
        dataset=record.dataset,
        dataset_sha256=record.dataset_sha256,
        protocol=record.protocol,
        number=record.split,
        parameters={},
        seed=record.seed,
        safe=True,
        train=(),
        test=clips,
    )
