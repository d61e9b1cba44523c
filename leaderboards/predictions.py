"""Read predictions.parquet, and check predictions against their split: every test clip once, logits of its shape."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.reading import read_table
from slateboard.records.run_folder import PREDICTIONS
from slateboard.records.split import Split

COLUMNS = ("clip_id", "view", "stream", "logits", "label_index", "failed")
"""Columns of predictions.parquet."""

_NAMED = 10
_REMAKE = "Evaluate the run again."


def class_names(clips: pd.DataFrame) -> tuple[str, ...]:
    """Return the class names in the order of classInd.txt; every class has a clip, or BadInput names its index."""
    pairs = clips[["class_index", "label"]].drop_duplicates("class_index")
    names = {int(index): str(label) for index, label in pairs.itertuples(index=False)}
    missing = sorted(set(range(1, max(names, default=0) + 1)) - set(names))
    if missing or not names:
        what = f"no clip has class_index {', '.join(map(str, missing))}." if missing else "there is no clip."
        raise BadInput([Problem("clips", what, "Restore the release.")])
    return tuple(names[index] for index in sorted(names))


def read_predictions(folder: Path) -> pd.DataFrame:
    """Return the predictions of a run; raises BadInput where they are not there, damaged, or of other types."""
    path = folder / PREDICTIONS
    predictions = read_table(path, what="table of predictions", columns=COLUMNS, remedy="Run it again.")
    _check_types(predictions, where=str(path))
    return predictions


def check_predictions(
    predictions: pd.DataFrame, clips: pd.DataFrame, split: Split, *, motion_pairs: Sequence[tuple[str, str]]
) -> None:
    """Raise BadInput that names every way in which predictions do not fit their split and their clips."""
    columns = [name for name in COLUMNS if name not in predictions.columns]
    if columns:
        raise BadInput([Problem("predictions", f"have no column {', '.join(columns)}.", _REMAKE)])
    _check_types(predictions)
    classes = class_names(clips)
    class_by_clip = dict(zip(clips["clip_id"], clips["class_index"] - 1, strict=True))
    problems = _pair_problems(motion_pairs, classes)
    problems += _problem_of_clips(
        f"split {split.key}", "tests unknown clips", [c for c in split.test if c not in class_by_clip], "Split anew."
    )
    if not split.test:
        problems.append(Problem(f"split {split.key}", "tests no clip.", "Split anew."))
    elif predictions.empty:
        problems.append(Problem("predictions", "are empty.", _REMAKE))
    for stream, rows in predictions.groupby("stream", sort=True):
        where = f"predictions, stream '{stream}'"
        problems += _clip_problems(where, rows, split)
        problems += _row_problems(where, rows, class_by_clip, len(classes))
    if problems:
        raise BadInput(problems)


def _check_types(rows: pd.DataFrame, *, where: str = "predictions") -> None:
    """Raise BadInput that names each column of the wrong type."""
    types = pd.api.types
    right = {
        "text in clip_id": types.infer_dtype(rows["clip_id"], skipna=False) == "string",
        "text in stream": types.infer_dtype(rows["stream"], skipna=False) == "string",
        "whole numbers in view": types.is_integer_dtype(rows["view"]),
        "whole numbers in label_index": types.is_integer_dtype(rows["label_index"]),
        "true or false in failed": types.is_bool_dtype(rows["failed"]),
        "lists of numbers in logits": all(map(_is_numbers, rows["logits"])),
    }
    wrong = [what for what, fits in right.items() if not fits]
    if wrong and not rows.empty:
        raise BadInput([Problem(where, f"have no {' and no '.join(wrong)}.", _REMAKE)])


def _is_numbers(value: object) -> bool:
    """Return whether a cell is a list of numbers; an empty one is, whatever its type."""
    row = np.asarray(value) if isinstance(value, list | tuple) else value
    return isinstance(row, np.ndarray) and row.ndim == 1 and (not len(row) or row.dtype.kind in "fiu")


def _pair_problems(pairs: Sequence[tuple[str, str]], classes: tuple[str, ...]) -> list[Problem]:
    unknown = sorted({name for pair in pairs for name in pair} - set(classes))
    return [Problem("motion_pairs", f"no class '{name}'.", did_you_mean(name, classes)) for name in unknown]


def _clip_problems(where: str, rows: pd.DataFrame, split: Split) -> list[Problem]:
    present, test, train = set(rows["clip_id"]), set(split.test), set(split.train)
    return [
        *_problem_of_clips(where, "lack test clips", [clip for clip in split.test if clip not in present], _REMAKE),
        *_problem_of_clips(
            where, "hold clips of the training list", sorted(present & train), "Test on the test list only."
        ),
        *_problem_of_clips(where, "hold clips that are not tested", sorted(present - test - train), _REMAKE),
    ]


def _row_problems(where: str, rows: pd.DataFrame, class_by_clip: dict[str, int], n_classes: int) -> list[Problem]:
    failed = rows["failed"].to_numpy(dtype=bool)
    clip = rows["clip_id"].to_numpy()
    lengths = np.fromiter(map(len, rows["logits"]), dtype=np.int64, count=len(rows))
    repeated = rows.duplicated(["clip_id", "view"]).to_numpy()
    # A failed clip has one row a stream and no logits: a view beside it would be scored as if nothing had failed.
    twice_failed = rows.duplicated("clip_id", keep=False).to_numpy() & np.isin(clip, clip[failed])
    label = [class_by_clip.get(name, stated) for name, stated in zip(clip, rows["label_index"], strict=True)]
    sound = _has_softmax(rows["logits"], lengths)
    return [
        *_problem_of_clips(where, "repeat views of clips", clip[repeated], _REMAKE),
        *_problem_of_clips(where, "hold failed clips that have other rows too", clip[twice_failed], _REMAKE),
        *_problem_of_clips(
            where, f"have other than {n_classes} logits for clips", clip[~failed & (lengths != n_classes)], _REMAKE
        ),
        *_problem_of_clips(where, "have logits for failed clips", clip[failed & (lengths > 0)], _REMAKE),
        *_problem_of_clips(
            where, "have logits that are no numbers for clips", clip[~failed & ~sound], "Train the run again."
        ),
        *_problem_of_clips(
            where, "have a label_index that contradicts clips", clip[rows["label_index"] != label], _REMAKE
        ),
    ]


def _has_softmax(logits: "pd.Series[Any]", lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each row whether its softmax is defined: the greatest logit is finite, so that it is not 0/0."""
    filled = lengths > 0
    is_defined = np.ones(len(lengths), dtype=bool)
    if filled.any():
        # One call for all rows: the maximum of each stretch of the concatenated logits, `starts` its first positions.
        values = np.concatenate([np.asarray(row, dtype=np.float64) for row in logits[filled]])
        starts = np.concatenate([[0], np.cumsum(lengths[filled])[:-1]])
        is_defined[filled] = np.isfinite(np.maximum.reduceat(values, starts))
    return is_defined


def _problem_of_clips(where: str, what: str, clips: Iterable[str], remedy: str) -> list[Problem]:
    names = list(dict.fromkeys(map(str, clips)))
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [Problem(where, f"{what}: {', '.join(names[:_NAMED])}{more}.", remedy)]
