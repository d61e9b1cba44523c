"""How alike two videos are once laid over each other: their still picture, and what moves before it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE
from splits.near.registration import Placement, Values, gain_of, register

_EVEN_HZ = 15.0
"""Rate at which offsets are looked for; they are judged at all pictures."""
_ROUGH_FRAMES, _FRAMES, _ROUNDS = 3, 5, 3
"""Moments at which two videos are laid over each other, at first and again at the offset found."""
_LEAST_OVERLAP = 0.45
"""Part of the shorter one that must be shared."""
_OFFSETS = 256
"""Offsets that are looked at together."""
_PRODUCTS = 1 << 24
"""Products of samples that are held at a time while offsets are looked for: 0.4 GB."""
MOST_SECONDS = 1800.0
"""Longest video on even times: 27,000 pictures, 110 MB. How long it lasts is what a file claims, in a few bytes."""
_FINE_STEPS = np.arange(-3, 4) / (3 * _EVEN_HZ)
_HOPELESS_STILL, _HOPELESS_MOTION = 0.70, 0.50
"""Below these likenesses of the still picture and of what moves nothing else is looked at."""
_AGREEING = 0.75
"""Part of the cells by which the still picture is judged: captions and stickers spoil the rest."""

_SPARED = 0.15
"""Part of all movement that may differ unseen."""
_COVER_LEVELS, _COVER_PART = 6.0, 0.5
"""Grey levels, and part of the movement, by which the still pictures differ where something covers one."""
_MOST_COVERED, _LEAST_LEFT = 0.35, 0.30
"""Part of the cells that may be covered, and of the movement that must be left."""

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
        return _mixed(self.seconds, self.pictures, seconds)

    @cached_property
    def even(self) -> Values:
        """Pictures at _EVEN_HZ from the first to the last."""
        count = round(float(self.seconds[-1]) * _EVEN_HZ) + 1
        return self.at((np.arange(count) / _EVEN_HZ).astype(np.float32))


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
    timed_error: float
    """The same but for what pictures taken at other moments explain."""
    spread: float
    """Over how much of the picture it is spread: 1 evenly over all cells, near 0 in a few."""


def likeness(first: Track, second: Track, offset_s: float) -> Likeness | None:
    """Compare from a first guess of the offset; None where a rough look shows that the two differ."""
    found = _laid(first, second, round(offset_s * _EVEN_HZ), frames=_ROUGH_FRAMES)
    if found is None or found.motion < _HOPELESS_MOTION / 2:
        return None
    for _ in range(_ROUNDS):
        step = found.step
        found = _laid(first, second, step, frames=_FRAMES, start=found.placement)
        if found is None or found.motion < _HOPELESS_MOTION:
            return None
        if found.step == step:
            break
    seen = found.placement.seen()
    sides = (
        (first.seconds, _cells(first.pictures, seen)),
        (second.seconds, _cells(found.placement.lay(second.pictures), seen)),
    )
    every = [_judged(*sides, found.step / _EVEN_HZ + part) for part in _FINE_STEPS]
    return max((one for one in every if one is not None), key=lambda one: one.motion, default=None)


@dataclass(frozen=True)
class _Laid:
    """One video laid over the other."""

    placement: Placement
    step: int
    """Best offset in samples."""
    motion: float
    """Score of it."""


def _laid(first: Track, second: Track, step: int, *, frames: int, start: Placement | None = None) -> _Laid | None:
    """Register a few frames at one offset and look for the best offset; None where the still pictures differ."""
    evens = first.even, second.even
    begin, end = max(0, step), min(len(evens[0]), len(evens[1]) + step)
    if end - begin < 2:
        step, begin, end = 0, 0, min(map(len, evens))
    chosen = np.unique(np.linspace(begin, end - 1, frames).round().astype(int))
    placement = register(evens[0][chosen], evens[1][chosen - step], start)
    seen = placement.seen()
    one, other = _cells(evens[0], seen), _cells(placement.lay(evens[1]), seen)
    if _still(one[begin:end].mean(axis=0), other[begin - step : end - step].mean(axis=0))[0] < _HOPELESS_STILL:
        return None
    return _Laid(placement, *best_offset(one, other))


def best_offset(one: Values, other: Values) -> tuple[int, float]:
    """Return the offset in samples at which what moves agrees best, and its score; [n, cells], [m, cells], one clock.

    A longer overlap wins over a shorter one that agrees as well: correlation times the root of the overlap.
    """
    one, other = one - one.mean(), other - other.mean()
    lengths = len(one), len(other)
    shared = _shared(one, other)
    least = max(2, round(_LEAST_OVERLAP * min(lengths)))
    best, found = -2.0, 0
    sums = [np.cumsum(np.pad(part, ((1, 0), (0, 0))), axis=0) for part in (one, other)]
    squares = [np.cumsum(np.pad(np.square(part).sum(axis=1), (1, 0)).astype(np.float64)) for part in (one, other)]
    for block in range(least - lengths[1], lengths[0] - least + 1, _OFFSETS):
        steps = np.arange(block, min(block + _OFFSETS, lengths[0] - least + 1))
        start, end = np.maximum(0, steps), np.minimum(lengths[0], lengths[1] + steps)
        count = end - start
        means = sums[0][end] - sums[0][start], sums[1][end - steps] - sums[1][start - steps]
        spreads = [
            np.maximum(1e-3, total[last] - total[begin] - np.square(mean).sum(axis=1) / count)
            for total, begin, last, mean in zip(squares, (start, start - steps), (end, end - steps), means, strict=True)
        ]
        common = shared[steps + lengths[1] - 1] - (means[0] * means[1]).sum(axis=1) / count
        scores = common / np.sqrt(spreads[0] * spreads[1]) * np.sqrt(count / min(lengths))
        place = int(np.argmax(scores))
        if scores[place] > best:
            best, found = float(scores[place]), int(steps[place])
    return found, best


def _shared(one: Values, other: Values) -> NDArray[np.float64]:
    """Return the sum of products at each offset, from -(m - 1) to n - 1, for samples [n, cells] and [m, cells]."""
    lengths = len(one), len(other)
    sums = np.zeros(lengths[0] + lengths[1] - 1)
    rows = max(1, _PRODUCTS // lengths[1])
    for start in range(0, lengths[0], rows):
        part = one[start : start + rows]
        lag = np.subtract.outer(np.arange(start, start + len(part)), np.arange(lengths[1])) + lengths[1] - 1
        sums += np.bincount(lag.ravel(), (part @ other.T).ravel(), minlength=len(sums))
    return sums


def _cells(pictures: Values, seen: tuple[slice, slice]) -> Values:
    """Return the cells of pictures that lie in both: [n, cells]."""
    return pictures[:, seen[0], seen[1]].reshape(len(pictures), -1)


def _mixed(known: NDArray[np.float32], pictures: Values, seconds: NDArray[np.float32]) -> Values:
    """Return pictures [n, ...] that are known at some times at others, mixed of the two that lie about them."""
    before, part = _about(known, seconds)
    part = part.reshape(-1, *(1,) * (pictures.ndim - 1))
    return pictures[before] + part * (pictures[before + 1] - pictures[before])


def _slack(known: NDArray[np.float32], pictures: Values, seconds: NDArray[np.float32]) -> Values:
    """Return by how much mixed pictures [n, cells] may err: half of the step between two halfway, nothing at either."""
    before, part = _about(known, seconds)
    steps = np.abs(pictures[before + 1] - pictures[before])
    return np.asarray((2 * part * (1 - part))[:, None] * steps, np.float32)


def _about(known: NDArray[np.float32], seconds: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return which known time lies before each of others, and what part of the way to the next one it is: 0 to 1."""
    before = np.clip(np.searchsorted(known, seconds), 1, len(known) - 1) - 1
    gap = np.maximum(known[before + 1] - known[before], 1e-6)
    return before, np.clip((seconds - known[before]) / gap, 0, 1).astype(np.float32)


def _judged(
    first: tuple[NDArray[np.float32], Values], second: tuple[NDArray[np.float32], Values], offset_s: float
) -> Likeness | None:
    """Compare two, each as times [n] and cells [n, cells], at an offset; None where they share under two pictures."""
    end_s = min(float(first[0][-1]), float(second[0][-1]) + offset_s)
    chosen = (first[0] >= offset_s - 1e-3) & (first[0] <= end_s + 1e-3)
    times = first[0][chosen]
    if len(times) < 2:
        return None
    one, other = first[1][chosen], _mixed(*second, times - np.float32(offset_s))
    slack = _slack(*second, times - np.float32(offset_s))
    means = one.mean(axis=0), other.mean(axis=0)
    still, gain, level = _still(*means)
    moved = one - means[0], gain * (other - means[1])
    open_ = _uncovered(means[0] - gain * means[1] - level, moved)
    return Likeness(
        offset_s=offset_s,
        start_s=float(times[0]),
        seconds=float(times[-1] - times[0]) + 1 / _EVEN_HZ,
        samples=len(times),
        still=still,
        **_movement((moved[0][:, open_], moved[1][:, open_]), gain * slack[:, open_]),
    )


def _movement(moved: tuple[Values, Values], slack: Values) -> dict[str, float]:
    """Return motion, energy, error and spread of a Likeness from what moves [n, cells] and how far it may err."""
    energies = np.square(moved[0]).mean(axis=0), np.square(moved[1]).mean(axis=0)
    weight = np.minimum(*energies)
    agreement = (moved[0] * moved[1]).mean(axis=0) / np.maximum(np.sqrt(energies[0] * energies[1]), 1e-6)
    apart = np.abs(moved[0] - moved[1])
    strength = (energies[0] + energies[1]) / 2
    energy, error = _most(strength, np.square(apart).mean(axis=0))
    return {
        "motion": float((weight * agreement).sum() / max(1e-6, float(weight.sum()))),
        "energy": energy,
        "error": error,
        "timed_error": _most(strength, np.square(np.maximum(0, apart - slack)).mean(axis=0))[1],
        "spread": float(np.square(strength.sum()) / max(1e-6, len(strength) * float(np.square(strength).sum()))),
    }


def _most(strength: Values, errors: Values) -> tuple[float, float]:
    """Return energy and error over the cells [cells] but those whose movement differs most, weighted by strength.

    The worst share of all movement is left to captions and stickers.
    """
    order = np.argsort(errors / np.maximum(strength, 1e-6), kind="stable")
    kept = order[np.cumsum(strength[order]) <= (1 - _SPARED) * strength.sum()]
    total = max(1e-6, float(strength[kept].sum()))
    rms = (np.sqrt((strength[kept] * part[kept]).sum() / total) for part in (strength, errors))
    return float(next(rms)), float(next(rms))


def _uncovered(apart: Values, moved: tuple[Values, Values]) -> NDArray[np.bool_]:
    """Return which cells no caption or sticker covers in one of the two: all where it would be too much of them.

    What covers changes the still picture more than movement does that is seen half of the time.
    """
    energies = [np.square(one).mean(axis=0) for one in moved]
    covered = np.abs(apart) > np.maximum(_COVER_LEVELS, _COVER_PART * np.sqrt(np.maximum(*energies)))
    strength = energies[0] + energies[1]
    if covered.mean() > _MOST_COVERED or strength[~covered].sum() < _LEAST_LEFT * strength.sum():
        return np.ones_like(covered)
    return ~covered


def _still(one: Values, other: Values) -> tuple[float, float, float]:
    """Return how much of the still pictures [cells] agrees, and gain and offset from the second to the first."""
    gain, offset = gain_of(other, one)
    error = np.square(one - gain * other - offset)
    kept = error <= np.quantile(error, _AGREEING)
    spread = float(np.square(one[kept] - one[kept].mean()).sum())
    return 1 - float(error[kept].sum()) / max(spread, 1e-3), gain, offset
