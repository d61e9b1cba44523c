"""What one stream predicts of each clip: the mean softmax over its views, its argmax, and whether that is right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards.metrics import NO_PREDICTION, Indices

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClipPredictions:
    """Predictions of one stream on the clips of a list, in the order of that list."""

    clips: pd.DataFrame
    """Columns of ReleasedClip, by clip_id."""
    truth: Indices
    """0-based classes [clips]."""
    probabilities: Floats
    """[clips, classes]; NaN for a clip that was not read."""
    per_view: Floats
    """[views, classes]."""
    owner: Indices
    """Position of each view's clip [views]."""

    @property
    def predicted(self) -> Indices:
        """Class of each clip, the lower index of equal ones; NO_PREDICTION where it was not read."""
        return argmax(self.probabilities)

    @property
    def right(self) -> NDArray[np.bool_]:
        """True where a clip's class was predicted [clips]."""
        return self.predicted == self.truth

    @property
    def read(self) -> NDArray[np.bool_]:
        """False where a clip could not be read [clips]."""
        return ~np.asarray(np.isnan(self.probabilities).any(axis=1))

    @property
    def groups(self) -> list[str]:
        """Group of each clip."""
        return list(self.clips["group"].astype(str))

    def only(self, mask: NDArray[np.bool_]) -> "ClipPredictions":
        """Return the clips where `mask` [clips] is true, with their views."""
        views = mask[self.owner]
        return replace(
            self,
            clips=self.clips[mask],
            truth=self.truth[mask],
            probabilities=self.probabilities[mask],
            per_view=self.per_view[views],
            # New position of a clip = number of kept clips before it: mask (1, 0, 1) -> cumsum - 1 = (0, 0, 1), so that
            # views of clips 0 and 2 now belong to 0 and 1.
            owner=(np.cumsum(mask) - 1)[self.owner[views]],
        )


def clip_predictions(
    rows: pd.DataFrame, clips: pd.DataFrame, tested: Sequence[str], *, classes: int
) -> ClipPredictions:
    """Return the predictions of one stream for the tested clips: softmax of each view, mean over the views of a clip.

    As in the MEI paper (sections 3.4 and 4.6). The outcome does not depend on the order of the rows.
    """
    tested_clips = clips.set_index("clip_id").loc[list(tested)]
    # By clip and view, so that a sum of floats does not depend on the order of the rows.
    views = rows[~rows["failed"].astype(bool)].sort_values(["clip_id", "view"], kind="stable")
    owner = tested_clips.index.get_indexer(pd.Index(views["clip_id"])).astype(np.int64)
    per_view = softmax(logits_of(views["logits"], classes=classes))
    return ClipPredictions(
        clips=tested_clips,
        truth=tested_clips["class_index"].to_numpy(dtype=np.int64) - 1,
        probabilities=_mean_by_clip(per_view, owner, len(tested_clips)),
        per_view=per_view,
        owner=owner,
    )


def logits_of(column: "pd.Series[Any]", *, classes: int) -> Floats:
    """Return a column of lists of `classes` numbers as [rows, classes]."""
    if column.empty:
        return np.empty((0, classes))
    return np.stack([np.asarray(row, dtype=np.float64) for row in column])


def softmax(logits: Floats) -> Floats:
    """Return probabilities [views, classes]; minus infinity is probability 0."""
    if not len(logits):
        return logits
    # exp(x_i - max x) / sum over j of exp(x_j - max x): the same shares, and no exponent above 0 that could overflow.
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def argmax(probabilities: Floats) -> Indices:
    """Return the most probable class of each row, the lower index of equal ones; NO_PREDICTION for a row of NaN."""
    if not len(probabilities):
        return np.empty(0, dtype=np.int64)
    most_probable = np.argmax(probabilities, axis=1)
    return np.where(np.isnan(probabilities).any(axis=1), NO_PREDICTION, most_probable).astype(np.int64)


def _mean_by_clip(per_view: Floats, owner: Indices, n_clips: int) -> Floats:
    """Return mean probabilities [clips, classes]; a clip without a view has NaN."""
    # p[clip] = sum of p[view] over its views / their number: views (0.6, 0.4), (0.9, 0.1) -> (0.75, 0.25); a clip
    # without views stays NaN, which argmax turns into NO_PREDICTION.
    sums = np.zeros((n_clips, per_view.shape[1]))
    np.add.at(sums, owner, per_view)
    counts = np.bincount(owner, minlength=n_clips).astype(np.float64)[:, None]
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
