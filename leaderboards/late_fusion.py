"""Late fusion: the weighted mean of the softmax probabilities of several prediction tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leaderboards.clip_predictions import Floats, logits_of, softmax
from slateboard.errors import BadInput, Problem


@dataclass(frozen=True)
class _Views:
    """The views of one stream that could be read, sorted by clip and view."""

    keys: pd.DataFrame
    probabilities: Floats
    failed: frozenset[str]


def fuse_predictions(
    tables: Sequence[pd.DataFrame], *, stream: str, weights: Sequence[float] | None = None
) -> pd.DataFrame:
    """Return the predictions of a new stream: the mean of the tables' softmax, as logs (MEI paper 3.4).

    Each table holds one stream (columns of predictions.parquet) on the same clips. Where all have the same views it is
    the mean view by view; else of each clip's mean over its own views, as one view. A clip that failed in any of them
    has failed. `weights` are relative; equal ones unless given. Raises BadInput where the tables hold other clips,
    classes or labels.
    """
    read = [_read_views(table) for table in tables]
    labels = [dict(zip(table["clip_id"], table["label_index"].astype(int), strict=True)) for table in tables]
    _check_tables(read, labels, stream=stream)
    # Relative weights: (1, 3) -> 0.25 and 0.75.
    shares = np.asarray(weights if weights is not None else np.ones(len(tables)), dtype=np.float64)
    if len(shares) != len(tables) or (shares < 0).any() or not shares.sum() > 0:
        raise BadInput(
            [Problem("weights", f"are {shares.tolist()} for {len(tables)} tables.", "Give one of each, 0+.")]
        )
    failed = frozenset().union(*(table_views.failed for table_views in read))
    views = [_drop_failed(table_views, failed) for table_views in read]
    # Views of two streams pair up only if both sampled the same ones; else each clip's own mean is one view.
    if any(not table_views.keys.equals(views[0].keys) for table_views in views[1:]):
        views = [_mean_over_views(table_views) for table_views in views]
    # p[view, class] = sum over tables k of w_k softmax(logits_k)[view, class], w_k = weight_k / sum of weights. MEI
    # (section 3.4) has two tables of weight 1/2: (0.9, 0.1) and (0.4, 0.6) -> (0.65, 0.35). Written as log p, so that
    # the softmax of whoever reads the table gives p again.
    mean = np.zeros_like(views[0].probabilities)
    for table_views, share in zip(views, shares / shares.sum(), strict=True):
        mean += share * table_views.probabilities
    with np.errstate(divide="ignore"):
        logits = np.log(mean).astype(np.float32)
    fused = views[0].keys.assign(logits=list(logits), failed=False)
    no_logits = [np.empty(0, dtype=np.float32)] * len(failed)
    lost = pd.DataFrame({"clip_id": sorted(failed), "view": 0, "logits": no_logits, "failed": True})
    rows = pd.concat([fused, lost], ignore_index=True) if failed else fused
    return rows.assign(stream=stream, label_index=rows["clip_id"].map(labels[0]))


def _read_views(table: pd.DataFrame) -> _Views:
    failed = table["failed"].astype(bool)
    views = table[~failed].sort_values(["clip_id", "view"], kind="stable")
    classes = len(views["logits"].iloc[0]) if len(views) else 0
    keys = views[["clip_id", "view"]].reset_index(drop=True)
    probabilities = softmax(logits_of(views["logits"], classes=classes))
    return _Views(keys, probabilities, frozenset(table["clip_id"][failed]))


def _check_tables(read: Sequence[_Views], labels: Sequence[dict[str, int]], *, stream: str) -> None:
    problems = []
    for number, (views, label_by_clip) in enumerate(zip(read, labels, strict=True), start=1):
        where = f"table {number} of {len(read)} for {stream}"
        if label_by_clip.keys() != labels[0].keys():
            n_unshared = len(label_by_clip.keys() ^ labels[0].keys())
            what = f"tests {len(label_by_clip)} clips, {n_unshared} of them not shared with the first."
            problems.append(Problem(where, what, "Fuse runs of one split."))
        elif label_by_clip != labels[0]:
            problems.append(Problem(where, "has other labels.", "Fuse runs of one dataset."))
        elif len(views.keys) and len(read[0].keys) and views.probabilities.shape[1] != read[0].probabilities.shape[1]:
            problems.append(Problem(where, f"has {views.probabilities.shape[1]} classes.", "Fuse runs of one dataset."))
    if problems:
        raise BadInput(problems)


def _drop_failed(views: _Views, failed: frozenset[str]) -> _Views:
    is_readable = ~views.keys["clip_id"].isin(failed).to_numpy()
    return _Views(views.keys[is_readable].reset_index(drop=True), views.probabilities[is_readable], failed)


def _mean_over_views(views: _Views) -> _Views:
    """Return the mean over the views of each clip, as one view."""
    clips, owner = np.unique(views.keys["clip_id"].to_numpy(dtype=str), return_inverse=True)
    # np.add.at adds every view to the row of its clip, also where a clip occurs several times in `owner`.
    sums = np.zeros((len(clips), views.probabilities.shape[1]))
    np.add.at(sums, owner, views.probabilities)
    means = sums / np.bincount(owner, minlength=len(clips))[:, None]
    return _Views(pd.DataFrame({"clip_id": clips, "view": 0}), means, views.failed)
