"""Score the predictions of a run: the only place where a metric is computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards import metrics
from leaderboards.metrics import Indices
from leaderboards.predictions import check, class_names
from leaderboards.slices import members, twins
from leaderboards.statistics import (
    Points,
    difference_bootstrap,
    group_bootstrap,
    mean_class_bootstrap,
    wilson,
)
from leaderboards.videos import Floats, Videos, argmax, videos
from slateboard.errors import BadInput, Problem
from slateboard.records.result import Difference, Score
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
    check(predictions, clips, split, motion_pairs=motion_pairs)
    classes = class_names(clips)
    pairs = [(classes.index(one), classes.index(other)) for one, other in motion_pairs]
    found = []
    for stream, rows in predictions.groupby("stream", sort=True):
        every = videos(rows, clips, split.test, classes=len(classes))
        counted = every if failed == "wrong" else _read(every, stream=str(stream))
        kinds = members(counted.clips, by=by, duration_seconds=duration_seconds)
        slices = {name: _slice(counted, own) for name, own in kinds.items()}
        if pairs:
            slices["motion_pairs"] = _wins(counted, pairs)
        found.append(_score(str(stream), counted, classes, slices=slices, differences=_differences(counted, kinds)))
    return tuple(found)


def _read(found: Videos, *, stream: str) -> Videos:
    """Return the clips that could be read."""
    if not found.read.any():
        what = f"none of {len(found.truth)} test clips could be read, and such clips are left out."
        raise BadInput([Problem(f"predictions, stream '{stream}'", what, "Restore the clips, or count them as wrong.")])
    return found.only(found.read)


def _score(
    stream: str,
    found: Videos,
    classes: tuple[str, ...],
    *,
    slices: Mapping[str, Slice],
    differences: Mapping[str, Difference],
) -> Score:
    truth, predicted, right, groups = found.truth, found.predicted, found.right, found.groups
    n = len(truth)
    return Score(
        stream=stream,
        n_clips=n,
        video_accuracy=metrics.accuracy(truth, predicted),
        video_interval=wilson(int(right.sum()), n),
        group_interval=group_bootstrap(right, groups),
        top5_accuracy=metrics.top_k_accuracy(truth, found.probabilities, 5),
        mean_class_accuracy=metrics.mean_class_accuracy(truth, predicted),
        mean_class_interval=mean_class_bootstrap(right, truth, groups),
        calibration=metrics.calibration(truth[found.read], found.probabilities[found.read])
        if found.read.any()
        else None,
        **_images(found),
        per_class=_per_class(truth, predicted, classes),
        confusion=metrics.confusion(truth, predicted, len(classes)),
        slices=dict(slices),
        differences=dict(differences),
    )


def _images(found: Videos) -> dict[str, Any]:
    """Return the figures of single views; None where there is none."""
    owner, per_view = found.owner, found.per_view
    if not len(owner):
        return {"image_accuracy": None, "n_images": 0}
    truth, predicted = found.truth[owner], argmax(per_view)
    names = np.asarray(found.groups, dtype=str)
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
    found = metrics.per_class(truth, predicted, classes)
    for values in found.values():
        if values["support"]:
            right = round(values["recall"] * values["support"])
            values["low"], values["high"] = wilson(right, int(values["support"]))
    return found


def _slice(found: Videos, own: NDArray[np.bool_]) -> Slice:
    return _share(found.right[own], [name for name, inside in zip(found.groups, own, strict=True) if inside])


def _share(points: Points, groups: Sequence[str]) -> Slice:
    if len(points) == 0:
        return {**_NO_SLICE, "groups": 0, "group_low": None, "group_high": None}
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


def _wins(found: Videos, pairs: Sequence[tuple[int, int]]) -> Slice:
    """Return the slice of a point for each clip and pair of its class: 1 where that is above its partner, 0.5 if equal.

    A model that cannot tell the two gets 0.5 on average, whatever else it knows. A failed clip gets 0.
    """
    groups = np.asarray(found.groups, dtype=str)
    points: list[Floats] = []
    owners: list[str] = []
    for one, other in pairs:
        for true_class, partner in ((one, other), (other, one)):
            own = found.truth == true_class
            ahead = found.probabilities[own, true_class] - found.probabilities[own, partner]
            points.append((ahead > 0) + 0.5 * (ahead == 0))
            owners += groups[own].tolist()
    return _share(np.concatenate(points), owners)


def _differences(found: Videos, kinds: Mapping[str, NDArray[np.bool_]]) -> dict[str, Difference]:
    """Return the slices that compare, where both sides have a clip."""
    right, groups = found.right, np.asarray(found.groups, dtype=str)
    pairs = twins(found.clips)
    compared = {
        "effects": (np.flatnonzero(kinds["effects=true"]), np.flatnonzero(kinds["effects=false"])),
        "twins": (np.array(list(pairs), dtype=np.int64), np.array(list(pairs.values()), dtype=np.int64)),
    }
    return {
        name: difference(right[one], right[other], groups[one].tolist(), groups[other].tolist())
        for name, (one, other) in compared.items()
        if len(one) and len(other)
    }


def difference(one: Points, other: Points, groups_of_one: Sequence[str], groups_of_other: Sequence[str]) -> Difference:
    """Return the accuracy of one set of clips less that of another; the same clips in the same order are paired."""
    low, high = difference_bootstrap(one, other, groups_of_one, groups_of_other)
    return Difference(
        accuracy=float(one.mean()),
        other=float(other.mean()),
        difference=float(one.mean() - other.mean()),
        low=low,
        high=high,
        n=len(one),
        n_other=len(other),
        groups=len({*groups_of_one, *groups_of_other}),
    )
