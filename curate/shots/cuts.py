"""Cuts: the probability that a shot begins at a frame, from thumbnails on both sides of it.

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
"""Frames after a candidate that are looked at before it is classified."""
REACH = 6
"""Frames on each side that a candidate must stand out from."""
_AROUND = 5
# Added to numerator and denominator of the rise, so that noise in a still shot does not look like one.
_LITTLE = 0.03
_CALM_QUANTILE = 0.8


@dataclass(frozen=True)
class Evidence:
    """Measures of a cut; each grows with its likelihood, and begins at the largest value that it can have."""

    across: float = 1.0
    """Least dissimilarity between the three frames before and the three from it on, 0-1."""
    returning: float = 1.0
    """Least dissimilarity to frames 4 to 11 apart, 0-1: small where the picture comes back."""
    rise: float = math.log((1 + _LITTLE) / _LITTLE)
    """Log ratio of its dissimilarity to that of the frames around it."""
    luma_across: float = 1.0
    """As across, by the distribution of grey levels."""
    chroma_across: float = 1.0
    """As across, by the distribution of colours."""
    luma_returning: float = 1.0
    """As returning, by the distribution of grey levels."""


# Logistic regression: p = 1 / (1 + exp(-(b + sum of w_i e_i))), with weights in the order of Evidence and the constant
# b, fitted to the material that docs/shots.md describes.
#   cut between unrelated shots: e = (1, 1, 2.56, 0.3, 0.2, 0.3)   sum 17.1 - 9.1 = 8.0    p = 0.9997
#   steady pan:                  e = (0.2, 0.2, 0, 0.02, 0.02, 0.02)    1.7 - 9.1 = -7.4   p = 0.0006
_WEIGHTS = (5.63, 0.88, 2.23, 9.63, 7.11, 1.89)
_CONSTANT = -9.12


def likelihood(window: Window, frame: int, *, least: float) -> float:
    """Return the cut probability at this frame, or, as soon as it must lie below `least`, an upper bound below `least`.

    The cheapest measures come first. Those not taken yet count at their largest value and all weights are positive,
    so that each further measure can only lower the probability.
    """
    evidence = Evidence()
    probability = 0.0
    for measure in (_measure_histograms, _measure_rise, _measure_across, _measure_returning):
        evidence = measure(window, frame, evidence)
        weighted = sum(weight * figure for weight, figure in zip(_WEIGHTS, astuple(evidence), strict=True))
        probability = 1 / (1 + math.exp(-(_CONSTANT + weighted)))
        if probability < least:
            break
    return probability


def _measure_histograms(window: Window, frame: int, evidence: Evidence) -> Evidence:
    # Frames 7, 8, 9 before the candidate 10 and 10, 11, 12 from it on: the nearest of nine pairs. A flash or one bad
    # frame on either side changes some pairs only. The pair (9, 10) bounds `across` from above until all are measured.
    pairs = list(_pairs_across(window, frame))
    return replace(
        evidence,
        across=window.dissimilarity(frame - 1, frame),
        luma_across=min(luma_distance(window[a], window[b]) for a, b in pairs),
        chroma_across=min(chroma_distance(window[a], window[b]) for a, b in pairs),
    )


def _measure_rise(window: Window, frame: int, evidence: Evidence) -> Evidence:
    # ln((d + 0.03) / (c + 0.03)): d is the step into the candidate, c the 0.8 quantile of the up to ten steps around
    # it. Unrelated pictures in a calm scene, d = 1, c = 0.05: ln(1.03 / 0.08) = 2.56. In a pan every step is like the
    # next, d = c = 0.2: 0. Noise in a still, d = 0.02, c = 0.01: ln(0.05 / 0.04) = 0.22, where ln(2) would be a rise.
    around = (index for index in range(frame - _AROUND, frame + _AROUND + 1) if index != frame)
    steps = [window.dissimilarity(at - 1, at) for at in around if window.has(at) and window.has(at - 1)]
    calm = float(np.quantile(steps, _CALM_QUANTILE)) if steps else 0.0
    rise = math.log((window.dissimilarity(frame - 1, frame) + _LITTLE) / (calm + _LITTLE))
    return replace(evidence, rise=rise)


def _measure_across(window: Window, frame: int, evidence: Evidence) -> Evidence:
    return replace(evidence, across=min(window.dissimilarity(*pair) for pair in _pairs_across(window, frame)))


def _measure_returning(window: Window, frame: int, evidence: Evidence) -> Evidence:
    # A hand before the lens, a flash or a lost frame: what was there before the change is there again 4 to 11 frames
    # later, while a cut leaves its picture for good.
    pairs = list(_pairs_returning(window, frame))
    return replace(
        evidence,
        returning=min((window.dissimilarity(*pair) for pair in pairs), default=1.0),
        luma_returning=min((luma_distance(window[a], window[b]) for a, b in pairs), default=1.0),
    )


def _pairs_across(window: Window, frame: int) -> Iterator[tuple[int, int]]:
    """Yield (before, after): the three frames before a candidate with the three from it on."""
    for before in range(frame - 3, frame):
        for after in range(frame, frame + 3):
            if window.has(before) and window.has(after):
                yield before, after


def _pairs_returning(window: Window, frame: int) -> Iterator[tuple[int, int]]:
    """Yield the last frame before with later ones, and the first after with earlier ones."""
    for distance in range(4, AHEAD + 2):
        if window.has(frame - 1 + distance):
            yield frame - 1, frame - 1 + distance
        if window.has(frame - distance):
            yield frame - distance, frame


# A candidate changes by at least 2 grey levels and 1.3 times the median of the six frames on either side, and by no
# less than the frame next to it on either side.
_LEAST_CHANGE, _LEAST_RATIO = 2.0, 1.3


def stands_out(window: Window, frame: int) -> bool:
    """Return whether a frame changes enough against its neighbours to be a candidate for a cut."""
    change = window.change(frame)
    if frame <= 0 or change < _LEAST_CHANGE:
        return False
    before = window.changes(max(1, frame - REACH), frame)
    after = window.changes(frame + 1, frame + 1 + REACH)
    if change < max([*before[-1:], *after[:1]], default=0.0):
        return False
    around = [*before, *after]
    return not around or change >= _LEAST_RATIO * median(around)
