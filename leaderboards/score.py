"""Score the predictions of a run: the only place where a metric is computed."""

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards import metrics
from leaderboards.clip_predictions import ClipPredictions, Floats, argmax, clip_predictions
from leaderboards.metrics import Indices
from leaderboards.predictions import check_predictions, class_names
from leaderboards.slices import slice_members, twin_positions
from leaderboards.statistics import (
    Points,
    difference_bootstrap,
    group_bootstrap,
    mean_class_bootstrap,
    wilson,
)
from slateboard.errors import BadInput, Problem
from slateboard.records.result import Calibration, Difference, Score
from slateboard.records.run import Failed
from slateboard.records.split import Split

Slice = dict[str, float | int | None]
_NO_SLICE: Slice = {"n": 0, "accuracy": None, "low": None, "high": None}


def score(
    predictions: pd.DataFrame,
    clips: pd.DataFrame,
    split: Split,
    *,
    motion_pairs: Sequence[tuple[str, str]] = (),
    failed: Failed = "wrong",
    by: Sequence[str] = (),
    duration_seconds: Sequence[float] = (),
) -> tuple[Score, ...]:
    """Return one Score a stream, in alphabetical order of the streams.

    `predictions` has a row a clip, view and stream: clip_id, view (int), stream, logits (list of float32, one a
    class; minus infinity is probability 0), label_index (0-based position in classInd), failed (then one row a
    stream with empty logits). `clips` has the columns of ReleasedClip, `motion_pairs` holds class names (safe form).
    Per video: softmax, mean over the views, argmax (MEI paper, 3.4 and 4.6), the lower index of equal ones; a clip
    that failed is wrong, or with `failed` "left out" is in none of the figures. Per image: each view alone; failed
    clips have none. `by` names columns of clips whose values are slices, `duration_seconds` edges of slices by length
    (leaderboards.slices). Raises BadInput where a test clip lacks, is surplus, or contradicts its row, and where all
    are left out.
    """
    check_predictions(predictions, clips, split, motion_pairs=motion_pairs)
    classes = class_names(clips)
    pairs = [(classes.index(left), classes.index(right)) for left, right in motion_pairs]
    scores = []
    for stream, rows in predictions.groupby("stream", sort=True):
        # Per stream: softmax of each view, mean over the views of a clip, argmax (MEI paper, 3.4 and 4.6); then every
        # figure below is a function of (truth, predicted, probabilities, groups) of the clips that count.
        all_clips = clip_predictions(rows, clips, split.test, classes=len(classes))
        counted = all_clips if failed == "wrong" else _only_read_clips(all_clips, stream=str(stream))
        member_masks = slice_members(counted.clips, by=by, duration_seconds=duration_seconds)
        slices = {name: _slice(counted, is_member) for name, is_member in member_masks.items()}
        if pairs:
            slices["motion_pairs"] = _motion_pair_slice(counted, pairs)
        scores.append(
            _score(str(stream), counted, classes, slices=slices, differences=_differences(counted, member_masks))
        )
    return tuple(scores)


def _only_read_clips(predicted: ClipPredictions, *, stream: str) -> ClipPredictions:
    """Return the clips that could be read; raises BadInput where there is none."""
    if not predicted.read.any():
        what = f"none of {len(predicted.truth)} test clips could be read, and such clips are left out."
        raise BadInput([Problem(f"predictions, stream '{stream}'", what, "Restore the clips, or count them as wrong.")])
    return predicted.only(predicted.read)


def _score(
    stream: str,
    clips: ClipPredictions,
    classes: tuple[str, ...],
    *,
    slices: Mapping[str, Slice],
    differences: Mapping[str, Difference],
) -> Score:
    truth, predicted, right, groups = clips.truth, clips.predicted, clips.right, clips.groups
    n = len(truth)
    return Score(
        stream=stream,
        n_clips=n,
        video_accuracy=metrics.accuracy(truth, predicted),
        video_interval=wilson(int(right.sum()), n),
        group_interval=group_bootstrap(right, groups),
        top5_accuracy=metrics.top_k_accuracy(truth, clips.probabilities, 5),
        mean_class_accuracy=metrics.mean_class_accuracy(truth, predicted),
        mean_class_interval=mean_class_bootstrap(right, truth, groups),
        calibration=metrics.calibration(truth[clips.read], clips.probabilities[clips.read])
        if clips.read.any()
        else None,
        **_image_figures(clips),
        per_class=_per_class(truth, predicted, classes),
        confusion=metrics.confusion(truth, predicted, len(classes)),
        slices=dict(slices),
        differences=dict(differences),
    )


class ImageFigures(TypedDict, total=False):
    """The fields of Score that are of single views."""

    image_accuracy: Required[float | None]
    n_images: Required[int]
    image_interval: tuple[float, float]
    image_top5_accuracy: float
    image_mean_class_accuracy: float
    image_calibration: Calibration


def _image_figures(clips: ClipPredictions) -> ImageFigures:
    """Return the fields of Score that are of single views; accuracy None where no view could be read."""
    owner, per_view = clips.owner, clips.per_view
    if not len(owner):
        return {"image_accuracy": None, "n_images": 0}
    truth, predicted = clips.truth[owner], argmax(per_view)
    names = np.asarray(clips.groups, dtype=str)
    return {
        "image_accuracy": metrics.accuracy(truth, predicted),
        "n_images": len(owner),
        "image_interval": group_bootstrap(truth == predicted, names[owner].tolist()),
        "image_top5_accuracy": metrics.top_k_accuracy(truth, per_view, 5),
        "image_mean_class_accuracy": metrics.mean_class_accuracy(truth, predicted),
        "image_calibration": metrics.calibration(truth, per_view),
    }


def _per_class(truth: Indices, predicted: Indices, classes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return the figures of each class with the interval of its recall."""
    figures_by_class = metrics.per_class(truth, predicted, classes)
    for values in figures_by_class.values():
        if values["support"]:
            # Back from the share to the count: recall 0.6667 of 3 clips -> 2 right ones.
            right = round(values["recall"] * values["support"])
            values["low"], values["high"] = wilson(right, int(values["support"]))
    return figures_by_class


def _slice(clips: ClipPredictions, is_member: NDArray[np.bool_]) -> Slice:
    return _slice_of_points(
        clips.right[is_member], [name for name, inside in zip(clips.groups, is_member, strict=True) if inside]
    )


def _slice_of_points(points: Points, groups: Sequence[str]) -> Slice:
    if len(points) == 0:
        return {**_NO_SLICE, "groups": 0, "group_low": None, "group_high": None}
    # Points may be halves (ties of a motion pair): sum / n is then a mean score, and Wilson's interval takes it as a
    # share.
    low, high = wilson(float(points.sum()), len(points))
    group_low, group_high = group_bootstrap(points, groups)
    return {
        "n": len(points),
        "accuracy": float(points.mean()),
        "low": low,
        "high": high,
        "groups": len(set(groups)),
        "group_low": group_low,
        "group_high": group_high,
    }


def _motion_pair_slice(clips: ClipPredictions, pairs: Sequence[tuple[int, int]]) -> Slice:
    """Return the slice of motion pairs: a point a clip and pair, 1 if p(class) > p(partner), 0.5 if equal, else 0.

    A model that cannot tell the two gets 0.5 on average, whatever else it knows. A failed clip gets 0.
    """
    groups = np.asarray(clips.groups, dtype=str)
    points: list[Floats] = []
    owners: list[str] = []
    # Pair (open, close), a clip of `open` with p(open) = 0.30, p(close) = 0.10, p(run) = 0.60 -> 1 point: of the pair
    # the right class is ahead, though the clip is wrong. NaN of a failed clip is neither > 0 nor == 0 -> 0 points.
    for left, right in pairs:
        for true_class, partner in ((left, right), (right, left)):
            is_true_class = clips.truth == true_class
            ahead = clips.probabilities[is_true_class, true_class] - clips.probabilities[is_true_class, partner]
            points.append((ahead > 0) + 0.5 * (ahead == 0))
            owners += groups[is_true_class].tolist()
    return _slice_of_points(np.concatenate(points), owners)


def _differences(clips: ClipPredictions, kinds: Mapping[str, NDArray[np.bool_]]) -> dict[str, Difference]:
    """Return the differences `effects` (with less without) and `twins`, where both sets have a clip."""
    is_right, groups = clips.right, np.asarray(clips.groups, dtype=str)
    # Twins are paired, clip by clip; effects are two sets of other clips, whose groups are drawn together all the same.
    pairs = twin_positions(clips.clips)
    compared = {
        "effects": (np.flatnonzero(kinds["effects=true"]), np.flatnonzero(kinds["effects=false"])),
        "twins": (np.array(list(pairs), dtype=np.int64), np.array(list(pairs.values()), dtype=np.int64)),
    }
    return {
        name: difference(is_right[left], is_right[right], groups[left].tolist(), groups[right].tolist())
        for name, (left, right) in compared.items()
        if len(left) and len(right)
    }


def difference(left: Points, right: Points, left_groups: Sequence[str], right_groups: Sequence[str]) -> Difference:
    """Return the accuracy of the left clips less that of the right ones, with its interval.

    Where both are the same clips in the same order, the bootstrap is paired.
    """
    low, high = difference_bootstrap(left, right, left_groups, right_groups)
    return Difference(
        accuracy=float(left.mean()),
        other=float(right.mean()),
        difference=float(left.mean() - right.mean()),
        low=low,
        high=high,
        n=len(left),
        n_other=len(right),
        groups=len({*left_groups, *right_groups}),
    )
