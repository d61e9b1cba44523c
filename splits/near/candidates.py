"""Which videos are worth comparing: local contrasts of key frames, matched by one matrix product per block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE, Fingerprint

LEAST = 0.70
"""Cosine between two key frames from which their videos are compared.

On the tuning half of the real clips 0.2 % of pairs of different uploads reach it, and 1,009 of 1,010 single edits.
"""

_KEPT = 8
_KEY_SECONDS = 0.4
_KEYS_MOST = 100
_NEW = 0.95
"""Cosine to all key frames before it from which a picture adds nothing."""
_SOFT_LEVELS = 3.0
"""Steps of luma between cells that count half as much as any larger one.

So a caption or sticker outweighs nothing but the cells that it covers, however flat the rest is.
"""
# The whole, and a tenth cropped away to any corner or from all sides alike.
_SIDES, _MIDDLE = ((0.0, 0.9), (0.1, 1.0)), (0.05, 0.95)
_BOXES = (((0.0, 1.0), (0.0, 1.0)), *product(_SIDES, _SIDES), (_MIDDLE, _MIDDLE))
_STEPS = _KEPT * (_KEPT - 1)
_MIRROR = np.concatenate(
    [
        np.arange(_STEPS).reshape(_KEPT, _KEPT - 1)[:, ::-1].ravel(),
        _STEPS + np.arange(_STEPS).reshape(_KEPT - 1, _KEPT)[:, ::-1].ravel(),
    ]
)
_MIRROR_SIGN = np.repeat(np.asarray([-1, 1], np.float32), _STEPS)
_BLOCK = 2048

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Sketch:
    """Key frames of one video."""

    contrasts: NDArray[np.float16]
    """[6, k, 112] unit vectors of steps between 8 x 8 cells: of the whole picture and with a tenth cropped away."""
    view: NDArray[np.intp]
    """[k] which view of the fingerprint."""
    seconds: Values
    """[k]"""


def is_sound(kept: Sketch) -> bool:
    """Does what was read as a sketch have the shape of one?"""
    count = len(kept.view) if kept.view.ndim == 1 else -1
    return kept.contrasts.shape == (len(_BOXES), count, 2 * _STEPS) and kept.seconds.shape == (count,)


@dataclass(frozen=True)
class Guess:
    """A way in which two videos may show the same."""

    cosine: float
    first_view: int
    second_view: int
    mirrored: bool
    offset_s: float
    """What is at t in the second is at t + offset_s in the first."""


def sketch(fingerprint: Fingerprint) -> Sketch:
    """Return the sketch of a fingerprint: a key frame every 0.4 s where it shows something new, at most 100 a view."""
    times: list[int] = []
    for index, seconds in enumerate(fingerprint.seconds):
        if not times or seconds >= fingerprint.seconds[times[-1]] + _KEY_SECONDS - 1e-3:
            times.append(index)
    pictures, view, moments = [], [], []
    for number, shown in enumerate(fingerprint.views):
        new = _new(_contrasts(shown[times], *_BOXES[0]))
        chosen = np.asarray(times, np.intp)[new]
        pictures.append(shown[chosen])
        view.append(np.full(len(chosen), number))
        moments.append(fingerprint.seconds[chosen])
    every = np.concatenate(pictures)
    return Sketch(
        np.stack([_contrasts(every, *box) for box in _BOXES]).astype(np.float16),
        np.concatenate(view),
        np.concatenate(moments),
    )


def near(fresh: Sequence[Sketch], others: Sequence[Sketch]) -> Iterator[tuple[int, int]]:
    """Yield (index in fresh, index in others) of videos with key frames alike, each once, in order."""
    if not fresh or not others:
        return
    owner = np.repeat(np.arange(len(fresh)), [len(one.view) for one in fresh])
    ours = np.concatenate([one.contrasts for one in fresh], axis=1).astype(np.float32)
    found: set[tuple[int, int]] = set()
    start = 0
    while start < len(others):
        end, rows = start, 0
        while end < len(others) and (rows == 0 or rows + len(others[end].view) <= _BLOCK):
            rows += len(others[end].view)
            end += 1
        theirs = np.concatenate([one.contrasts for one in others[start:end]], axis=1).astype(np.float32)
        rival = np.repeat(np.arange(start, end), [len(one.view) for one in others[start:end]])
        for alike, _ in _cosines_between(ours, theirs):
            row, column = np.nonzero(alike > LEAST)
            found.update(zip(owner[row].tolist(), rival[column].tolist(), strict=True))
        start = end
    yield from sorted(found)


def guesses(first: Sketch, second: Sketch, *, most: int = 2) -> list[Guess]:
    """Return the best guesses, one for each pair of views and each way round, the likeliest first."""
    found: list[Guess] = []
    for alike, mirrored in _cosines_between(first.contrasts.astype(np.float32), second.contrasts.astype(np.float32)):
        for here in np.unique(first.view):
            for there in np.unique(second.view):
                rows, columns = np.flatnonzero(first.view == here), np.flatnonzero(second.view == there)
                part = alike[np.ix_(rows, columns)]
                row, column = np.unravel_index(int(np.argmax(part)), part.shape)
                offset = float(first.seconds[rows[row]] - second.seconds[columns[column]])
                found.append(Guess(float(part[row, column]), int(here), int(there), mirrored, offset))
    return sorted((one for one in found if one.cosine > LEAST), key=lambda guess: -guess.cosine)[:most]


def _new(contrasts: Values) -> list[int]:
    """Return which key frames differ from all that were kept before them, at most _KEYS_MOST spread over time."""
    kept: list[int] = []
    for start in range(0, len(contrasts), _BLOCK):
        # As many rows at a time: four hours have 36,000 key frames, and a square of those takes 5 GB.
        alike = contrasts[start : start + _BLOCK] @ contrasts.T
        for index in range(start, start + len(alike)):
            if not kept or alike[index - start, kept].max() < _NEW:
                kept.append(index)
    if len(kept) > _KEYS_MOST:
        kept = [kept[place] for place in np.linspace(0, len(kept) - 1, _KEYS_MOST).round().astype(int)]
    return kept


def _cosines_between(one: Values, other: Values) -> Iterator[tuple[Values, bool]]:
    """Yield cosines of key frames [k, l], and whether the other is mirrored; [6, k, 112] and [6, l, 112].

    The best of whole against whole and cropped, and of cropped against whole.
    """
    for mirrored in (False, True):
        turned = one[:, :, _MIRROR] * _MIRROR_SIGN if mirrored else one
        best = turned[0] @ other[0].T
        for cropped in range(1, len(_BOXES)):
            np.maximum(best, turned[0] @ other[cropped].T, out=best)
            np.maximum(best, turned[cropped] @ other[0].T, out=best)
        yield best, mirrored


def _contrasts(pictures: NDArray[np.uint8], rows: tuple[float, float], columns: tuple[float, float]) -> Values:
    """Return steps between neighbouring cells of a part of pictures, softly limited, as unit vectors: [k, 112]."""
    cells = _mean_over(*rows) @ pictures.astype(np.float32) @ _mean_over(*columns).T
    across, down = np.diff(cells, axis=2), np.diff(cells, axis=1)
    steps = np.concatenate([across.reshape(-1, _STEPS), down.reshape(-1, _STEPS)], axis=1)
    steps = steps / (np.abs(steps) + _SOFT_LEVELS)
    return np.asarray(steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-6), np.float32)


@cache
def _mean_over(first: float, last: float) -> Values:
    """Return what takes the cells of a side to means over eight equal parts of [first, last] of it: [8, SIDE]."""
    edges = (first + (last - first) * np.arange(_KEPT + 1) / _KEPT) * SIDE
    cells = np.arange(SIDE)
    shared = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.maximum(shared, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
