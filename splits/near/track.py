"""Track: the small pictures of one view of a video over time, at their own times and on an even grid."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE
from splits.near.registration import Values

Seconds = NDArray[np.float32]

EVEN_HZ = 15.0
"""Rate at which offsets are searched; the alignment itself is measured at all pictures."""
MOST_SECONDS = 1800.0
"""Longest video on even times: 27,000 pictures, 110 MB. How long it lasts is what a file claims, in a few bytes."""

# Binomial blur [1, 2, 1] / 4 along each axis, as a matrix: rows at the border are normed to sum 1.
_SMOOTH = (np.eye(SIDE) * 2 + np.eye(SIDE, k=1) + np.eye(SIDE, k=-1)).astype(np.float32)
_SMOOTH /= _SMOOTH.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Track:
    """One view of one video over time."""

    seconds: Seconds
    """[n] presentation time of each picture."""
    pictures: Values
    """[n, SIDE, SIDE]"""

    @classmethod
    def of(cls, seconds: Seconds, pictures: NDArray[np.uint8], *, mirrored: bool) -> "Track":
        """Return a track of a view, smoothed a little: what is laid over it is interpolated and as soft."""
        oriented = pictures[:, :, ::-1] if mirrored else pictures
        return cls(seconds, np.asarray(_SMOOTH @ oriented.astype(np.float32) @ _SMOOTH.T, np.float32))

    def at(self, seconds: Seconds) -> Values:
        """Return the pictures at these times, interpolated."""
        return interpolate(self.seconds, self.pictures, seconds)

    @cached_property
    def even(self) -> Values:
        """Pictures at EVEN_HZ from the first to the last."""
        count = round(float(self.seconds[-1]) * EVEN_HZ) + 1
        return self.at((np.arange(count) / EVEN_HZ).astype(np.float32))


def interpolate(times: Seconds, pictures: Values, seconds: Seconds) -> Values:
    """Return pictures [n, ...] of `times` at `seconds`: linear between the two that lie about each."""
    before, fraction = _bracket(times, seconds)
    fraction = fraction.reshape(-1, *(1,) * (pictures.ndim - 1))
    return pictures[before] + fraction * (pictures[before + 1] - pictures[before])


def timing_slack(times: Seconds, pictures: Values, seconds: Seconds) -> Values:
    """Return by how much interpolated pictures [n, cells] may err because of when they were taken."""
    before, fraction = _bracket(times, seconds)
    steps = np.abs(pictures[before + 1] - pictures[before])
    # 2 f (1 - f) of the step: nothing at either picture (f = 0 or 1), half of it halfway between them (f = 0.5).
    return np.asarray((2 * fraction * (1 - fraction))[:, None] * steps, np.float32)


def _bracket(times: Seconds, seconds: Seconds) -> tuple[NDArray[np.intp], Seconds]:
    """Return the index of the time before each of `seconds`, and the fraction of the way to the next one: 0 to 1."""
    before = np.clip(np.searchsorted(times, seconds), 1, len(times) - 1) - 1
    gap = np.maximum(times[before + 1] - times[before], 1e-6)
    return before, np.clip((seconds - times[before]) / gap, 0, 1).astype(np.float32)
