"""Which videos are worth comparing: low cosines of key frames, matched by one matrix product per block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE, Fingerprint

LEAST = 0.75
"""Cosine between two key frames from which their videos are compared."""

_KEPT = 8
_KEY_SECONDS = 0.4
_KEYS_MOST = 40
# Grows with frequency as the spectrum of pictures falls, so that coarse shading does not decide alone.
_WEIGHTS = (np.hypot(*np.indices((_KEPT, _KEPT))) ** 0.75).astype(np.float32).ravel()
_MIRROR = np.asarray([(-1.0) ** (column % _KEPT) for column in range(_KEPT**2)], np.float32)
# A tenth cropped away: from the right, from the left, from both sides alike.
_CROPS = ((0.0, 0.9), (0.1, 1.0), (0.05, 0.95))
_CROPPED = tuple((rows, columns) for rows in _CROPS for columns in _CROPS if (rows == _CROPS[2]) == (columns == rows))
# A sticker or caption leaves the upper or the lower part as it was.
_ALL, _PARTS = (0.0, 1.0), ((0.0, 0.6), (0.4, 1.0))
_BLOCK = 2048

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Sketch:
    """Key frames of one video."""

    low: Values
    """[k, 64] lowest 8 x 8 cosines of each view."""
    view: NDArray[np.intp]
    """[k] which view of the fingerprint."""
    seconds: Values
    """[k]"""


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
    """Return the sketch of a fingerprint: a key frame every 0.4 s, at most 40 spread over a longer video."""
    chosen: list[int] = []
    for index, seconds in enumerate(fingerprint.seconds):
        if not chosen or seconds >= fingerprint.seconds[chosen[-1]] + _KEY_SECONDS - 1e-3:
            chosen.append(index)
    if len(chosen) > _KEYS_MOST:
        chosen = [chosen[place] for place in np.linspace(0, len(chosen) - 1, _KEYS_MOST).round().astype(int)]
    views = len(fingerprint.views)
    cosines = _cosines(0.0, 1.0)
    low = cosines @ fingerprint.views[:, chosen].astype(np.float32) @ cosines.T
    return Sketch(
        low.reshape(views * len(chosen), _KEPT**2),
        np.repeat(np.arange(views), len(chosen)),
        np.tile(fingerprint.seconds[chosen], views),
    )


def near(fresh: Sequence[Sketch], others: Sequence[Sketch]) -> Iterator[tuple[int, int]]:
    """Yield (index in fresh, index in others) of videos with key frames alike, each once, in order."""
    if not fresh or not others:
        return
    owner = np.repeat(np.arange(len(fresh)), [len(one.low) for one in fresh])
    whole = np.concatenate([one.low for one in fresh])
    best = np.full((len(fresh), len(others)), -1.0, np.float32)
    start = 0
    while start < len(others):
        end, rows = start, 0
        while end < len(others) and (rows == 0 or rows + len(others[end].low) <= _BLOCK):
            rows += len(others[end].low)
            end += 1
        low = np.concatenate([one.low for one in others[start:end]])
        rival = np.repeat(np.arange(start, end), [len(one.low) for one in others[start:end]])
        for alike, _ in _cosines_between(whole, low):
            row, column = np.nonzero(alike > LEAST)
            place = owner[row % len(owner)], rival[column % len(rival)]
            np.maximum.at(best, place, alike[row, column])
        start = end
    for one, other in np.argwhere(best > LEAST):
        yield int(one), int(other)


def guesses(first: Sketch, second: Sketch, *, most: int = 2) -> list[Guess]:
    """Return the best guesses, one for each pair of views and each way round, the likeliest first."""
    found: dict[tuple[int, int, bool], Guess] = {}
    for alike, mirrored in _cosines_between(first.low, second.low):
        for place in np.argsort(-alike, axis=None, kind="stable")[:3]:
            row, column = np.unravel_index(int(place), alike.shape)
            here, there = int(row) % len(first.low), int(column) % len(second.low)
            guess = Guess(
                float(alike[row, column]),
                int(first.view[here]),
                int(second.view[there]),
                mirrored,
                float(first.seconds[here] - second.seconds[there]),
            )
            key = (guess.first_view, guess.second_view, mirrored)
            if guess.cosine > LEAST and (key not in found or guess.cosine > found[key].cosine):
                found[key] = guess
    return sorted(found.values(), key=lambda guess: -guess.cosine)[:most]


def _cosines_between(one: Values, other: Values) -> Iterator[tuple[Values, bool]]:
    """Yield cosines of key frames, and whether the other is mirrored; row and column modulo k tell the key frames.

    Whole against whole and cropped, cropped against whole, and the upper and lower part against the same.
    """
    crops = [_part(one, *box) for box in _CROPPED], [_part(other, *box) for box in _CROPPED]
    sides = [(_unit(one), np.concatenate([_unit(other), *crops[1]])), (np.concatenate(crops[0]), _unit(other))]
    sides += [(_part(one, rows, _ALL), _part(other, rows, _ALL)) for rows in _PARTS]
    for described, rivals in sides:
        yield described @ rivals.T, False
        yield described @ (rivals * _MIRROR[1:]).T, True


def _part(low: Values, rows: tuple[float, float], columns: tuple[float, float]) -> Values:
    """Return descriptions of a part of pictures: [k, 63]."""
    pictures = low.reshape(-1, _KEPT, _KEPT)
    cropped = _crop(*rows) @ pictures @ _crop(*columns).T
    return _unit(np.asarray(cropped, np.float32).reshape(low.shape))


def _unit(low: Values) -> Values:
    weighted = (low * _WEIGHTS)[:, 1:]
    return np.asarray(weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-6), np.float32)


@cache
def _cosines(first: float, last: float) -> Values:
    """Return the lowest cosines of a part of the side as they take cells: [8, SIDE]."""
    cells = (np.arange(SIDE) + 0.5) / SIDE
    scaled = np.cos(np.pi * np.arange(_KEPT)[:, None] * cells)
    if (first, last) == (0.0, 1.0):
        return np.asarray(scaled, np.float32)
    places = np.clip((first + cells * (last - first)) * SIDE - 0.5, 0, SIDE - 1)
    before = np.minimum(places.astype(int), SIDE - 2)
    resample = np.zeros((SIDE, SIDE))
    resample[np.arange(SIDE), before] = 1 - (places - before)
    resample[np.arange(SIDE), before + 1] += places - before
    return np.asarray(scaled @ resample, np.float32)


@cache
def _crop(first: float, last: float) -> Values:
    """Return what turns the cosines of a side into those of a part of it, but for higher frequencies: [8, 8]."""
    return np.asarray(_cosines(first, last) @ np.linalg.pinv(_cosines(0.0, 1.0)), np.float32)
