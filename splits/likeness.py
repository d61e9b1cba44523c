"""How alike two videos are once laid over each other: their still picture, and what moves before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import RATE_HZ, SIDE
from splits.registration import Values, gain_of, register

_ROUGH_FRAMES, _FRAMES = 3, 5
"""Moments at which two videos are laid over each other, at first and again at the offset found."""
_LEAST_OVERLAP = 0.45
"""Part of the shorter one that must be shared."""
_FINE_STEPS = np.arange(-3, 4) / (3 * RATE_HZ)
_HOPELESS_STILL, _HOPELESS_MOTION = 0.70, 0.50
"""Below these likenesses of the still picture and of what moves nothing else is looked at."""
_AGREEING = 0.75
"""Part of the cells by which the still picture is judged: captions and stickers spoil the rest."""

_SPARED = 0.15
"""Part of all movement that may differ unseen."""

_SMOOTH = (np.eye(SIDE) * 2 + np.eye(SIDE, k=1) + np.eye(SIDE, k=-1)).astype(np.float32)
_SMOOTH /= _SMOOTH.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Track:
    """One view of one video on even times."""

    seconds: NDArray[np.float32]
    """[n] of the pictures as they were taken."""
    pictures: Values
    """[n, SIDE, SIDE]"""

    @classmethod
    def of(cls, seconds: NDArray[np.float32], pictures: NDArray[np.uint8], *, mirrored: bool) -> "Track":
        """Return a track of a view, smoothed a little: what is laid over it is interpolated and as soft."""
        turned = pictures[:, :, ::-1] if mirrored else pictures
        return cls(seconds, np.asarray(_SMOOTH @ turned.astype(np.float32) @ _SMOOTH.T, np.float32))

    def at(self, seconds: NDArray[np.float32]) -> Values:
        """Return pictures at these times, mixed of the two that lie about them."""
        after = np.clip(np.searchsorted(self.seconds, seconds), 1, len(self.seconds) - 1)
        before = after - 1
        gap = np.maximum(self.seconds[after] - self.seconds[before], 1e-6)
        part = np.clip((seconds - self.seconds[before]) / gap, 0, 1).astype(np.float32)[:, None, None]
        return (1 - part) * self.pictures[before] + part * self.pictures[after]

    def even(self) -> Values:
        """Return pictures at RATE_HZ from the first to the last."""
        count = round(float(self.seconds[-1]) * RATE_HZ) + 1
        return self.at((np.arange(count) / RATE_HZ).astype(np.float32))


@dataclass(frozen=True)
class Likeness:
    """What two videos share when one is laid over the other at their best offset."""

    offset_s: float
    """What is at t in the second is at t + offset_s in the first."""
    start_s: float
    """Where what they share begins in the first."""
    seconds: float
    """How long it is."""
    samples: int
    still: float
    """Part of the still picture's variance that agrees over the better three quarters of the cells: 1 is all."""
    motion: float
    """Correlation of what differs from the still picture, cell by cell, weighted by its energy: -1 to 1."""
    energy: float
    """Root mean square of what differs from the still picture, in grey levels, where it does so most."""
    error: float
    """Root mean square of the difference between the two of that there, in grey levels, but for the worst cells."""
    spread: float
    """Over how much of the picture it is spread: 1 evenly over all cells, near 0 in a few."""


def likeness(first: Track, second: Track, offset_s: float) -> Likeness | None:
    """Compare from a first guess of the offset; None where a rough look shows that the two differ."""
    evens = first.even(), second.even()
    step = round(offset_s * RATE_HZ)
    for frames, least in ((_ROUGH_FRAMES, _HOPELESS_MOTION / 2), (_FRAMES, _HOPELESS_MOTION)):
        start, end = max(0, step), min(len(evens[0]), len(evens[1]) + step)
        if end - start < 2:
            step, start, end = 0, 0, min(map(len, evens))
        chosen = np.unique(np.linspace(start, end - 1, frames).round().astype(int))
        placement = register(evens[0][chosen], evens[1][chosen - step])
        seen, laid = placement.seen(), placement.lay(evens[1])
        one, other = evens[0][:, seen], laid[:, seen]
        if _still(one[start:end].mean(axis=0), other[start - step : end - step].mean(axis=0))[0] < _HOPELESS_STILL:
            return None
        step, motion = best_offset(one, other)
        if motion < least:
            return None
    fine = Track(second.seconds, placement.lay(second.pictures))
    found = [_judged(first, fine, seen, step / RATE_HZ + part) for part in _FINE_STEPS]
    return max((one for one in found if one is not None), key=lambda one: one.motion, default=None)


def best_offset(one: Values, other: Values) -> tuple[int, float]:
    """Return the offset in samples at which what moves agrees best, and its score; [n, cells], [m, cells], one clock.

    A longer overlap wins over a shorter one that agrees as well: correlation times the root of the overlap.
    """
    one, other = one - one.mean(), other - other.mean()
    lengths = len(one), len(other)
    cross = one @ other.T
    zero = np.zeros((1, one.shape[1]), one.dtype)
    sums = [np.concatenate([zero, np.cumsum(part, axis=0)]) for part in (one, other)]
    squares = [np.concatenate([[0.0], np.cumsum(np.square(part).sum(axis=1))]) for part in (one, other)]
    least = max(2, round(_LEAST_OVERLAP * min(lengths)))
    best, found = -2.0, 0
    for step in range(least - lengths[1], lengths[0] - least + 1):
        start, end = max(0, step), min(lengths[0], lengths[1] + step)
        count = end - start
        ends = (start, end), (start - step, end - step)
        means = [total[last] - total[begin] for total, (begin, last) in zip(sums, ends, strict=True)]
        spread = [
            max(1e-3, float(total[last] - total[begin] - mean @ mean / count))
            for total, (begin, last), mean in zip(squares, ends, means, strict=True)
        ]
        shared = float(cross.diagonal(-step)[:count].sum()) - float(means[0] @ means[1]) / count
        score = shared / np.sqrt(spread[0] * spread[1]) * np.sqrt(count / min(lengths))
        if score > best:
            best, found = score, step
    return found, best


def _judged(first: Track, second: Track, seen: NDArray[np.bool_], offset_s: float) -> Likeness | None:
    end_s = min(float(first.seconds[-1]), float(second.seconds[-1]) + offset_s)
    times = first.seconds[(first.seconds >= offset_s - 1e-3) & (first.seconds <= end_s + 1e-3)]
    if len(times) < 2:
        return None
    one = first.pictures[np.isin(first.seconds, times)][:, seen]
    other = second.at(times - np.float32(offset_s))[:, seen]
    means = one.mean(axis=0), other.mean(axis=0)
    still, gain = _still(*means)
    moved = one - means[0], gain * (other - means[1])
    energies = np.square(moved[0]).mean(axis=0), np.square(moved[1]).mean(axis=0)
    weight = np.minimum(*energies)
    agreement = (moved[0] * moved[1]).mean(axis=0) / np.maximum(np.sqrt(energies[0] * energies[1]), 1e-6)
    errors = np.square(moved[0] - moved[1]).mean(axis=0)
    strength = (energies[0] + energies[1]) / 2
    # Cells by how much of their movement differs; the worst share of all movement is left to captions and stickers.
    order = np.argsort(errors / np.maximum(strength, 1e-6), kind="stable")
    kept = order[np.cumsum(strength[order]) <= (1 - _SPARED) * strength.sum()]
    total = max(1e-6, float(strength[kept].sum()))
    return Likeness(
        offset_s=offset_s,
        start_s=float(times[0]),
        seconds=float(times[-1] - times[0]) + 1 / RATE_HZ,
        samples=len(times),
        still=still,
        motion=float((weight * agreement).sum() / max(1e-6, float(weight.sum()))),
        energy=float(np.sqrt(np.square(strength[kept]).sum() / total)),
        error=float(np.sqrt((strength[kept] * errors[kept]).sum() / total)),
        spread=float(np.square(strength.sum()) / max(1e-6, len(strength) * float(np.square(strength).sum()))),
    )


def _still(one: Values, other: Values) -> tuple[float, float]:
    """Return how much of the still pictures [cells] agrees, and the gain from the second to the first."""
    gain, offset = gain_of(other, one)
    error = np.square(one - gain * other - offset)
    kept = error <= np.quantile(error, _AGREEING)
    spread = float(np.square(one[kept] - one[kept].mean()).sum())
    return 1 - float(error[kept].sum()) / max(spread, 1e-3), gain
