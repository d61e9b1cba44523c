"""Thumbnails by which shots are told apart: 64 x 36 pictures, their histograms, and distances between two of them."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame
from slateboard.media.scale import scale

SIZE = (64, 36)
"""Width and height of a thumbnail in pixels, whatever the picture's aspect."""
_BINS = 32
# Half the search range, in thumbnail pixels: a pan of 6 / 64 = 9 % of the width or 4 / 36 = 11 % of the height from
# frame to frame is followed.
_SHIFT_X, _SHIFT_Y = 6, 4
# Variance in squared grey levels that counts as nothing (deviation 3): two black pictures with noise are the same.
_FLAT = 9.0


@dataclass(frozen=True)
class Thumb:
    """One frame as a thumbnail. Histograms are computed on first use, as few frames need them."""

    index: int
    seconds: float
    y: NDArray[np.uint8]
    """[36, 64]"""
    u: NDArray[np.uint8]
    """[18, 32]"""
    v: NDArray[np.uint8]
    """[18, 32]"""
    mean: float
    """Grey levels."""
    contrast: float
    """Standard deviation, grey levels."""

    @cached_property
    def luma(self) -> NDArray[np.float32]:
        """Histogram of grey levels, [32], sum 1, smoothed: a slow change of light does not jump from bin to bin."""
        counts = cv2.calcHist([self.y], [0], None, [_BINS], [0, 256])
        return np.asarray(cv2.GaussianBlur(counts, (1, 5), 1.0) / self.y.size, np.float32)

    @cached_property
    def chroma(self) -> NDArray[np.float32]:
        """Histogram of colours (u, v), [32, 32], sum 1, smoothed."""
        counts = cv2.calcHist([self.u, self.v], [0, 1], None, [_BINS] * 2, [0, 256, 0, 256])
        return np.asarray(cv2.GaussianBlur(counts, (3, 3), 0.7) / self.u.size, np.float32)


def thumb(frame: Frame) -> Thumb:
    """Shrink a frame by area."""
    y = scale(frame.y, SIZE)
    u, v = (scale(plane, (SIZE[0] // 2, SIZE[1] // 2)) for plane in (frame.u, frame.v))
    mean, deviation = cv2.meanStdDev(y)
    return Thumb(frame.index, frame.seconds, y, u, v, float(mean[0, 0]), float(deviation[0, 0]))


def dissimilarity(a: Thumb, b: Thumb) -> float:
    """Return the structural dissimilarity of two pictures, about 0-1: 0 the same, 1 unrelated.

    The middle of `a` is laid over `b` where it correlates best, so that pans and shakes cost little.
    """
    middle = a.y[_SHIFT_Y:-_SHIFT_Y, _SHIFT_X:-_SHIFT_X]
    correlation = cv2.matchTemplate(b.y, middle, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(correlation)
    template = middle.astype(np.float32)
    patch = b.y[y : y + template.shape[0], x : x + template.shape[1]].astype(np.float32)
    template -= template.mean()
    patch -= patch.mean()
    # d = 1 - (cov(a, b) + 9) / ((var a + var b) / 2 + 9), at least 0. Not the correlation itself: a fade to black keeps
    # it, and lowers the covariance against the mean variance. Of equal pictures cov = var: 0. Unrelated pictures of
    # variance 900 have cov 0: 1 - 9 / 909 = 0.99. Two black ones with noise of variance 1: 1 - 9 / 10 = 0.1.
    covariance = float(np.vdot(template, patch)) / template.size
    variance = float(np.vdot(template, template) + np.vdot(patch, patch)) / (2 * template.size)
    return max(0.0, 1 - (covariance + _FLAT) / (variance + _FLAT))


def luma_distance(a: Thumb, b: Thumb) -> float:
    """Return the share of pixels whose grey level would have to change, 0-1, wherever they lie."""
    return float(cv2.norm(a.luma, b.luma, cv2.NORM_L1)) / 2


def chroma_distance(a: Thumb, b: Thumb) -> float:
    """Return the share of pixels whose colour would have to change, 0-1, wherever they lie."""
    return float(cv2.norm(a.chroma, b.chroma, cv2.NORM_L1)) / 2


def change(a: Thumb, b: Thumb) -> float:
    """Return the mean absolute difference in grey levels."""
    return float(cv2.norm(a.y, b.y, cv2.NORM_L1)) / a.y.size
