"""Score the predictions of a run: the only place where a metric is computed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards import metrics
from leaderboards.metrics import NO_PREDICTION, Indices
from leaderboards.predictions import check, class_names
from leaderboards.statistics import group_bootstrap, wilson
from slateboard.records.result import Score
from slateboard.records.split import Split

Slice = dict[str, float | int | None]


def score(
    predictions: pd.DataFrame,
    clips: pd.DataFrame,
    split: Split,
    *,
    motion_pairs: Sequence[tuple[str, str]] = (),
) -> tuple[Score, ...]:
    """Return one Score a stream, in alphabetical order of the streams.

    `predictions` has a row a clip, view and stream: clip_id, view (int), stream, logits (list of float32, one a
    class; minus infinity is probability 0), label_index (0-based position in classInd), failed (then one row a
    stream with empty logits). `clips` has the columns of ReleasedClip, `motion_pairs` holds class names (safe form).
    Per video: softmax, mean over the views, argmax (MEI paper, 3.4 and 4.6), the lower index of equal ones; a failed
    clip is wrong. Per image: each view alone; failed clips have none, n_images counts them (0: image_accuracy is
    0.0 and means nothing). Raises BadInput where a test clip lacks, is surplus, or contradicts its row.
    """
    check(predictions, clips, split, motion_pairs=motion_pairs)
    classes = class_names(clips)
    tested = clips.set_index("clip_id").loc[list(split.test)]
    pairs = [(classes.index(one), classes.index(other)) for one, other in motion_pairs]
    return tuple(
        _stream_score(str(stream), rows, tested, classes, pairs=pairs)
        for stream, rows in predictions.groupby("stream", sort=True)
    )


def _stream_score(
    stream: str, rows: pd.DataFrame, tested: pd.DataFrame, classes: tuple[str, ...], *, pairs: list[tuple[int, int]]
) -> Score:
    truth = tested["class_index"].to_numpy(dtype=np.int64) - 1
    position = {clip: place for place, clip in enumerate(tested.index)}
    # By clip and view, so that a sum of floats does not depend on the order of the rows.
    views = rows[~rows["failed"].astype(bool)].sort_values(["clip_id", "view"], kind="stable")
    owner = np.array([position[clip] for clip in views["clip_id"]], dtype=np.int64)
    per_view = _softmax(views["logits"].tolist(), len(classes))
    probabilities = _mean_by_clip(per_view, owner, len(tested))
    predicted = _argmax(probabilities)
    right = predicted == truth
    return Score(
        stream=stream,
        video_accuracy=metrics.accuracy(truth, predicted),
        video_interval=wilson(int(right.sum()), len(right)),
        group_interval=group_bootstrap(right, tested["group"].tolist()),
        image_accuracy=metrics.accuracy(truth[owner], _argmax(per_view)) if len(owner) else 0.0,
        n_images=len(owner),
        top5_accuracy=metrics.top_k_accuracy(truth, probabilities, 5),
        mean_class_accuracy=metrics.mean_class_accuracy(truth, predicted),
        per_class=metrics.per_class(truth, predicted, classes),
        confusion=metrics.confusion(truth, predicted, len(classes)),
        slices=_slices(tested, truth, right, probabilities, pairs=pairs),
    )


def _softmax(logits: Sequence[Sequence[float]], n_classes: int) -> NDArray[np.float64]:
    """Return probabilities (views, classes)."""
    if not logits:
        return np.empty((0, n_classes))
    values = np.stack([np.asarray(row, dtype=np.float64) for row in logits])
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _mean_by_clip(per_view: NDArray[np.float64], owner: Indices, n_clips: int) -> NDArray[np.float64]:
    """Return mean probabilities (clips, classes); a clip without a view has NaN."""
    sums = np.zeros((n_clips, per_view.shape[1]))
    np.add.at(sums, owner, per_view)
    counts = np.bincount(owner, minlength=n_clips).astype(np.float64)[:, None]
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _argmax(probabilities: NDArray[np.float64]) -> Indices:
    chosen = np.argmax(probabilities, axis=1)
    return np.where(np.isnan(probabilities).any(axis=1), NO_PREDICTION, chosen).astype(np.int64)


def _slices(
    tested: pd.DataFrame,
    truth: Indices,
    right: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
    *,
    pairs: list[tuple[int, int]],
) -> dict[str, Slice]:
    effects = tested["has_effects"].to_numpy()
    slices = {f"effects={state}": _share(right[effects == state]) for state in ("true", "false", "unknown")}
    if pairs:
        slices["motion_pairs"] = _share(_wins(truth, probabilities, pairs))
    return slices


def _share(points: NDArray[np.bool_] | NDArray[np.float64]) -> Slice:
    if len(points) == 0:
        return {"n": 0, "accuracy": None, "low": None, "high": None}
    low, high = wilson(float(points.sum()), len(points))
    return {"n": len(points), "accuracy": float(points.mean()), "low": low, "high": high}


def _wins(truth: Indices, probabilities: NDArray[np.float64], pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return a point for each clip and pair of its class: 1 where the true class is above its partner, 0.5 if equal.

    A model that cannot tell the two gets 0.5 on average, whatever else it knows. A failed clip gets 0.
    """
    points = []
    for one, other in pairs:
        for true_class, partner in ((one, other), (other, one)):
            of_class = probabilities[truth == true_class]
            ahead = of_class[:, true_class] - of_class[:, partner]
            points.append((ahead > 0) + 0.5 * (ahead == 0))
    return np.concatenate(points)
