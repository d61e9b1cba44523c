"""Cuts: how likely it is that a shot begins at a frame, judged from thumbnails on both sides of it.

A cut differs from fast motion, a passing object, a flash or a key frame in two ways: it changes more than the frames
around it do, and no frame shortly before it resembles one shortly after it. Both are measured on structure (which
follows small pans), grey levels and colours, so that footage without colour or without light has its cuts found too.
"""

import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from statistics import median

import numpy as np

from curate.shots.thumbs import chroma_distance, luma_distance
from curate.shots.window import Window

AHEAD = 10
"""Frames after a candidate that are looked at before it is judged."""
REACH = 6
"""Frames on each side that a candidate must stand out from."""
_AROUND = 5
# Added to both sides of the ratio, so that noise in a still shot does not look like a rise.
_LITTLE = 0.03
_CALM_QUANTILE = 0.8


@dataclass(frozen=True)
class Evidence:
    """What speaks for a cut; each grows with the likelihood of one, and begins at the most that it can be."""

    across: float = 1.0
    """Least unlikeness between the three frames before and the three from it on, 0-1."""
    returning: float = 1.0
    """Least unlikeness to frames 4 to 11 apart, 0-1: small where the picture comes back."""
    rise: float = math.log((1 + _LITTLE) / _LITTLE)
    """Log ratio of its unlikeness to that of the frames around it."""
    luma_across: float = 1.0
    """As across, by shares of grey levels."""
    chroma_across: float = 1.0
    """As across, by shares of colours."""
    luma_returning: float = 1.0
    """As returning, by shares of grey levels."""


# Logistic weights, in the order of Evidence, and the constant: a fit to the material that docs/shots.md describes.
_WEIGHTS = (5.63, 0.88, 2.23, 9.63, 7.11, 1.89)
_CONSTANT = -9.12


def likelihood(window: Window, frame: int, *, least: float) -> float:
    """Return how likely a cut is before this frame, 0-1; once that must be under `least`, any bound that is."""
    found = Evidence()
    value = 0.0
    for look in (_by_shares, _by_rise, _by_across, _by_returning):
        found = look(window, frame, found)
        weighed = zip(_WEIGHTS, astuple(found), strict=True)
        value = 1 / (1 + math.exp(-(_CONSTANT + sum(weight * part for weight, part in weighed))))
        if value < least:
            break
    return value


def _by_shares(window: Window, frame: int, found: Evidence) -> Evidence:
    pairs = list(_across(window, frame))
    return replace(
        found,
        across=window.unlikeness(frame - 1, frame),
        luma_across=min(luma_distance(window[a], window[b]) for a, b in pairs),
        chroma_across=min(chroma_distance(window[a], window[b]) for a, b in pairs),
    )


def _by_rise(window: Window, frame: int, found: Evidence) -> Evidence:
    around = range(frame - _AROUND, frame + _AROUND + 1)
    near = [other for other in around if other != frame and window.has(other) and window.has(other - 1)]
    calm = float(np.quantile([window.unlikeness(other - 1, other) for other in near], _CALM_QUANTILE)) if near else 0.0
    return replace(found, rise=math.log((window.unlikeness(frame - 1, frame) + _LITTLE) / (calm + _LITTLE)))


def _by_across(window: Window, frame: int, found: Evidence) -> Evidence:
    return replace(found, across=min(window.unlikeness(*pair) for pair in _across(window, frame)))


def _by_returning(window: Window, frame: int, found: Evidence) -> Evidence:
    pairs = list(_returning(window, frame))
    return replace(
        found,
        returning=min((window.unlikeness(*pair) for pair in pairs), default=1.0),
        luma_returning=min((luma_distance(window[a], window[b]) for a, b in pairs), default=1.0),
    )


def _across(window: Window, frame: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of frames just before and just after."""
    for before in range(frame - 3, frame):
        for after in range(frame, frame + 3):
            if window.has(before) and window.has(after):
                yield before, after


def _returning(window: Window, frame: int) -> Iterator[tuple[int, int]]:
    """Yield the last frame before with later ones, and the first after with earlier ones."""
    for distance in range(4, AHEAD + 2):
        if window.has(frame - 1 + distance):
            yield frame - 1, frame - 1 + distance
        if window.has(frame - distance):
            yield frame - distance, frame


# The least that can be a candidate: 2 grey levels, 1.3 times the median around it, and no less than its neighbours.
_LEAST_CHANGE, _LEAST_RATIO = 2.0, 1.3


def stands_out(window: Window, frame: int) -> bool:
    """Tell whether a frame changes enough against its neighbours to be worth judging."""
    change = window.change(frame)
    if frame <= 0 or change < _LEAST_CHANGE:
        return False
    before = window.changes(max(1, frame - REACH), frame)
    after = window.changes(frame + 1, frame + 1 + REACH)
    if change < max([*before[-1:], *after[:1]], default=0.0):
        return False
    around = [*before, *after]
    return not around or change >= _LEAST_RATIO * median(around)
