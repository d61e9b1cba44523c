"""Pool the folds of a protocol: one score over all clips of a dataset, each tested once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from leaderboards.collecting import FinishedRun
from leaderboards.rows import BoardRow, run_row, stream_row
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.files import digest
from slateboard.records.result import Result
from slateboard.records.split import Split

PredictionReader = Callable[[FinishedRun], pd.DataFrame]
"""Return the predictions of a run, columns as in predictions.parquet."""


def fold_series(finished: Sequence[FinishedRun]) -> list[list[FinishedRun]]:
    """Return runs grouped into series: all that differ in the split number alone, ordered by it."""
    runs_by_digest = defaultdict(list)
    for run in finished:
        # Everything that the record of a run states but the split: baseline, parameters, seed, weights, protocol, data.
        shared = {key: value for key, value in run.result.run.row().items() if key not in ("split", "split_sha256")}
        runs_by_digest[digest(shared)].append(run)
    return [sorted(runs, key=lambda run: (run.result.run.split, run.folder)) for runs in runs_by_digest.values()]


def pooling_problems(
    folds: Sequence[FinishedRun], predictions: Sequence[pd.DataFrame], dataset: Dataset
) -> list[Problem]:
    """Return why folds cannot be pooled: clips that two of them test, or none of them."""
    tested = Counter(clip for rows in predictions for clip in set(rows["clip_id"]))
    repeated = [clip for clip, count in tested.items() if count > 1]
    untested = [clip for clip in dataset.clips["clip_id"] if clip not in tested]
    run = folds[0].result.run
    where = f"{run.dataset}, {run.baseline}, seed {run.seed}, {_pooled_name(folds)}"
    problems = []
    if repeated:
        what = f"{len(repeated)} of {len(dataset.clips)} clips are tested more than once."
        problems.append(Problem(where, what, "Such splits stay apart."))
    if untested:
        what = f"{len(untested)} of {len(dataset.clips)} clips are tested by no finished run."
        problems.append(Problem(where, what, "Run the other folds."))
    return problems


def _pooled_name(folds: Sequence[FinishedRun]) -> str:
    return f"{folds[0].result.run.protocol} ({len(folds)} folds)"


def pool_folds(folds: Sequence[FinishedRun], predictions: Sequence[pd.DataFrame], dataset: Dataset) -> list[BoardRow]:
    """Return a row a stream over the union of the folds' test lists.

    Raises BadInput where a clip is tested by two folds or by none, or predictions contradict the dataset.
    """
    if problems := pooling_problems(folds, predictions, dataset):
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
    # The folds' predictions one below the other are those of one split that tests every clip once, so that accuracy and
    # intervals are of all clips, and not a mean of means over folds of unequal size.
    union = pd.concat(predictions, ignore_index=True)
    result = _summed_result([fold.result for fold in folds])
    scores = score(union, dataset.clips, split, motion_pairs=dataset.motion_pairs, failed=run.failed)
    folder = f"{run.dataset}/{run.protocol}-*/{run.baseline}/{run.seed}-*"
    return [stream_row(run, item, result=result, split=_pooled_name(folds), folder=folder) for item in scores]


def _summed_result(results: Sequence[Result]) -> Result:
    """Return the first result with the counts and seconds of all added up."""
    return results[0].model_copy(
        update={
            "n_expected": sum(result.n_expected for result in results),
            "n_scored": sum(result.n_scored for result in results),
            "n_failed": sum(result.n_failed for result in results),
            "train_seconds": sum(result.train_seconds for result in results),
            "test_seconds": sum(result.test_seconds for result in results),
        }
    )


def run_rows(run: FinishedRun) -> list[BoardRow]:
    """Return a row a stream of one run."""
    return [run_row(run.result, stream_score, folder=run.folder) for stream_score in run.result.scores]


def board_tables(
    finished: Sequence[FinishedRun], datasets: Mapping[str, Dataset], *, read: PredictionReader
) -> tuple[list[BoardRow], list[BoardRow], list[str]]:
    """Return the rows of the main table, the rows of pooled folds, and a note for each series that is not pooled.

    Splits that overlap (repeated ones) or do not cover the dataset yet stay in the main table, each for itself; so do
    those of a dataset that is not among `datasets`.
    """
    rows, folds, notes = [], [], []
    for runs in fold_series(finished):
        single_rows = [row for run in runs for row in run_rows(run)]
        if len(runs) == 1:
            rows += single_rows
            continue
        dataset = datasets.get(runs[0].result.run.dataset)
        if dataset is None:
            rows += single_rows
            record = runs[0].result.run
            notes.append(
                f"Not pooled: {record.dataset} is no release here: {record.baseline}, seed {record.seed}, "
                f"{_pooled_name(runs)}."
            )
            continue
        try:
            rows += pool_folds(runs, [read(run) for run in runs], dataset)
        except BadInput as error:
            rows += single_rows
            notes += [f"Not pooled: {problem}" for problem in error.problems]
        else:
            folds += single_rows
    return sorted(rows, key=sort_key), sorted(folds, key=sort_key), sorted(notes)


def sort_key(row: BoardRow) -> tuple[str, str, int, float, str, str, int, str]:
    """Return the key that sorts the board: dataset, protocol, split, then the best first, then the name."""
    # `hmdb51-10` sorts behind `hmdb51-2`, by number; `kfold (5 folds)`, a pooled row, as number 0 of its protocol.
    protocol, _, number = row.split.rpartition("-")
    pool, _, _ = row.split.partition(" (")
    place = (protocol, int(number)) if number.isdigit() else (pool, 0)
    return row.dataset, *place, -row.video_accuracy, row.baseline, row.stream, row.seed, row.run
