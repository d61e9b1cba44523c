"""Pool the folds of a protocol: one score over all clips of a dataset, each tested once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from leaderboards.collecting import Finished
from leaderboards.rows import Row, run_row, stream_row
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.files import digest
from slateboard.records.result import Result
from slateboard.records.split import Split

Read = Callable[[Finished], pd.DataFrame]
"""Gives the predictions of a run."""


def series(finished: Sequence[Finished]) -> list[list[Finished]]:
    """Return the runs in series: those that differ by the number of the split alone, in its order."""
    found = defaultdict(list)
    for one in finished:
        same = {key: value for key, value in one.result.run.row().items() if key not in ("split", "split_sha256")}
        found[digest(same)].append(one)
    return [sorted(runs, key=lambda one: (one.result.run.split, one.folder)) for runs in found.values()]


def obstacles(folds: Sequence[Finished], predictions: Sequence[pd.DataFrame], dataset: Dataset) -> list[Problem]:
    """Return why folds cannot be pooled: clips that two of them test, or none of them."""
    tested = Counter(clip for rows in predictions for clip in set(rows["clip_id"]))
    twice = [clip for clip, count in tested.items() if count > 1]
    never = [clip for clip in dataset.clips["clip_id"] if clip not in tested]
    run = folds[0].result.run
    where = f"{run.dataset}, {run.baseline}, seed {run.seed}, {_name(folds)}"
    problems = []
    if twice:
        what = f"{len(twice)} of {len(dataset.clips)} clips are tested more than once."
        problems.append(Problem(where, what, "Such splits stay apart."))
    if never:
        what = f"{len(never)} of {len(dataset.clips)} clips are tested by no finished run."
        problems.append(Problem(where, what, "Run the other folds."))
    return problems


def _name(folds: Sequence[Finished]) -> str:
    return f"{folds[0].result.run.protocol} ({len(folds)} folds)"


def pooled(folds: Sequence[Finished], predictions: Sequence[pd.DataFrame], dataset: Dataset) -> list[Row]:
    """Return a row a stream over the union of the folds' test lists.

    Raises BadInput where a clip is tested by two folds or by none, or predictions contradict the dataset.
    """
    if problems := obstacles(folds, predictions, dataset):
        raise BadInput(problems)
    run = folds[0].result.run
    split = Split(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=run.protocol,
        number=len(folds),
        parameters={},
        seed=run.seed,
        safe=True,
        train=(),
        test=tuple(dataset.clips["clip_id"]),
    )
    union = pd.concat(predictions, ignore_index=True)
    result = _together([fold.result for fold in folds])
    scores = score(union, dataset.clips, split, motion_pairs=dataset.motion_pairs, failed=run.failed)
    folder = f"{run.dataset}/{run.protocol}-*/{run.baseline}/{run.seed}-*"
    return [stream_row(run, one, result=result, split=_name(folds), folder=folder) for one in scores]


def _together(results: Sequence[Result]) -> Result:
    """Return the first result with counts and seconds of all."""
    return results[0].model_copy(
        update={
            "n_expected": sum(result.n_expected for result in results),
            "n_scored": sum(result.n_scored for result in results),
            "n_failed": sum(result.n_failed for result in results),
            "train_seconds": sum(result.train_seconds for result in results),
            "test_seconds": sum(result.test_seconds for result in results),
        }
    )


def run_rows(one: Finished) -> list[Row]:
    """Return a row a stream of one run."""
    return [run_row(one.result, found, folder=one.folder) for found in one.result.scores]


def tables(
    finished: Sequence[Finished], datasets: Mapping[str, Dataset], *, read: Read
) -> tuple[list[Row], list[Row], list[str]]:
    """Return the rows of the main table, the rows of pooled folds, and a note for each series that is not pooled.

    Splits that overlap (repeated ones) or do not cover the dataset yet stay in the main table, each for itself; so do
    those of a dataset that is not among `datasets`.
    """
    rows, folds, notes = [], [], []
    for runs in series(finished):
        own = [row for one in runs for row in run_rows(one)]
        if len(runs) == 1:
            rows += own
            continue
        dataset = datasets.get(runs[0].result.run.dataset)
        if dataset is None:
            rows += own
            run = runs[0].result.run
            notes.append(
                f"Not pooled: {run.dataset} is no release here: {run.baseline}, seed {run.seed}, {_name(runs)}."
            )
            continue
        try:
            rows += pooled(runs, [read(one) for one in runs], dataset)
        except BadInput as error:
            rows += own
            notes += [f"Not pooled: {problem}" for problem in error.problems]
        else:
            folds += own
    return sorted(rows, key=rank), sorted(folds, key=rank), sorted(notes)


def rank(row: Row) -> tuple[str, str, int, float, str, str, int, str]:
    """Return the key that sorts the board: dataset, protocol, split, then the best first, then the name."""
    protocol, _, number = row.split.rpartition("-")
    pool, _, _ = row.split.partition(" (")
    place = (protocol, int(number)) if number.isdigit() else (pool, 0)
    return row.dataset, *place, -row.video_accuracy, row.baseline, row.stream, row.seed, row.run
