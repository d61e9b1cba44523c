"""Fuse predictions: the weighted mean of several tables' probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leaderboards.videos import Floats, logits_of, softmax
from slateboard.errors import BadInput, Problem


@dataclass(frozen=True)
class _Table:
    """One stream's views that were read, by clip and view."""

    keys: pd.DataFrame
    probabilities: Floats
    failed: frozenset[str]


def fuse(tables: Sequence[pd.DataFrame], *, stream: str, weights: Sequence[float] | None = None) -> pd.DataFrame:
    """Return the predictions of a new stream: the mean of the tables' softmax, as logs (MEI paper 3.4).

    Each table holds one stream (columns of predictions.parquet) on the same clips. Where all have the same views it is
    the mean view by view; else of each clip's mean over its own views, as one view. A clip that failed in any of them
    has failed. `weights` are relative; equal ones unless given. Raises BadInput where the tables hold other clips,
    classes or labels.
    """
    read = [_read(table) for table in tables]
    labels = [dict(zip(table["clip_id"], table["label_index"].astype(int), strict=True)) for table in tables]
    _refuse(read, labels, stream=stream)
    shares = np.asarray(weights if weights is not None else np.ones(len(tables)), dtype=np.float64)
    if len(shares) != len(tables) or (shares < 0).any() or not shares.sum() > 0:
        raise BadInput(
            [Problem("weights", f"are {shares.tolist()} for {len(tables)} tables.", "Give one of each, 0+.")]
        )
    failed = frozenset().union(*(one.failed for one in read))
    kept = [_without(one, failed) for one in read]
    if any(not one.keys.equals(kept[0].keys) for one in kept[1:]):
        kept = [_by_clip(one) for one in kept]
    mean = np.zeros_like(kept[0].probabilities)
    for one, share in zip(kept, shares / shares.sum(), strict=True):
        mean += share * one.probabilities
    with np.errstate(divide="ignore"):
        logits = np.log(mean).astype(np.float32)
    found = kept[0].keys.assign(logits=list(logits), failed=False)
    nothing = [np.empty(0, dtype=np.float32)] * len(failed)
    lost = pd.DataFrame({"clip_id": sorted(failed), "view": 0, "logits": nothing, "failed": True})
    together = pd.concat([found, lost], ignore_index=True) if failed else found
    return together.assign(stream=stream, label_index=together["clip_id"].map(labels[0]))


def _read(table: pd.DataFrame) -> _Table:
    failed = table["failed"].astype(bool)
    views = table[~failed].sort_values(["clip_id", "view"], kind="stable")
    classes = len(views["logits"].iloc[0]) if len(views) else 0
    keys = views[["clip_id", "view"]].reset_index(drop=True)
    probabilities = softmax(logits_of(views["logits"], classes=classes))
    return _Table(keys, probabilities, frozenset(table["clip_id"][failed]))


def _refuse(read: Sequence[_Table], labels: Sequence[dict[str, int]], *, stream: str) -> None:
    problems = []
    for number, (one, own) in enumerate(zip(read, labels, strict=True), start=1):
        where = f"table {number} of {len(read)} for {stream}"
        if own.keys() != labels[0].keys():
            what = f"tests {len(own)} clips, {len(own.keys() ^ labels[0].keys())} of them not shared with the first."
            problems.append(Problem(where, what, "Fuse runs of one split."))
        elif own != labels[0]:
            problems.append(Problem(where, "has other labels.", "Fuse runs of one dataset."))
        elif len(one.keys) and len(read[0].keys) and one.probabilities.shape[1] != read[0].probabilities.shape[1]:
            problems.append(Problem(where, f"has {one.probabilities.shape[1]} classes.", "Fuse runs of one dataset."))
    if problems:
        raise BadInput(problems)


def _without(one: _Table, failed: frozenset[str]) -> _Table:
    kept = ~one.keys["clip_id"].isin(failed).to_numpy()
    return _Table(one.keys[kept].reset_index(drop=True), one.probabilities[kept], failed)


def _by_clip(one: _Table) -> _Table:
    """Return the mean over the views of each clip, as one view."""
    clips, owner = np.unique(one.keys["clip_id"].to_numpy(dtype=str), return_inverse=True)
    sums = np.zeros((len(clips), one.probabilities.shape[1]))
    np.add.at(sums, owner, one.probabilities)
    means = sums / np.bincount(owner, minlength=len(clips))[:, None]
    return _Table(pd.DataFrame({"clip_id": clips, "view": 0}), means, one.failed)
