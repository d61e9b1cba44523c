"""Sharpness: the width of the sharpest edges of a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

_REBLUR = 1.0
"""Sigma in pixels of the blur that the picture is compared with."""
_CONTRAST = 8.0
"""An edge has a gradient of at least so many grey levels a pixel; less is noise of the codec."""
_SCALE = 8
"""Sobel's kernel gives this many times the gradient."""
_LEAST_EDGES = 60
_SHARPEST = 0.2


def edge_width(luma: NDArray[np.uint8]) -> float | None:
    """Return the sigma in pixels of the blur of the sharpest fifth of the edges; None: too few edges to tell.

    Blurring an edge of width s once more by b divides its gradient by sqrt(1 + b^2 / s^2), so the ratio of both
    gradients tells s (Zhuo and Sim, Defocus map estimation from a single image, 2011). Only edges are looked at:
    a plain wall behind one sharp line is sharp.
    """
    once = _gradient(luma, blur=0.5)
    ridge = (once >= (_SCALE * _CONTRAST) ** 2) & (once >= cv2.dilate(once, np.ones((3, 3), np.uint8)))
    if int(ridge.sum()) < _LEAST_EDGES:
        return None
    twice = _gradient(luma, blur=float(np.hypot(0.5, _REBLUR)))
    # Squared gradients g1, g2 of an edge of width s, blurred by a and by hypot(a, b): g1 / g2 = R^2 = 1 + b^2 / s^2, so
    # s = b / sqrt(R^2 - 1). R^2 = 2, b = 1 -> s = 1 px; R^2 = 1.25 -> 2 px; below 1.002 s would pass 22 px.
    ratio = once[ridge].astype(np.float64) / np.maximum(twice[ridge], 1.0)
    return float(np.quantile(_REBLUR / np.sqrt(np.maximum(ratio, 1.002) - 1), _SHARPEST))


def _gradient(luma: NDArray[np.uint8], *, blur: float) -> NDArray[np.float32]:
    """Return the squared gradient after a blur of this sigma, in whole numbers.

    OpenCV's own magnitude of floats differs in the last bit with where in memory a picture lies.
    """
    smooth = cv2.GaussianBlur(luma, (0, 0), blur)
    across, down = (np.asarray(cv2.Sobel(smooth, cv2.CV_32F, *axis), np.float32) for axis in ((1, 0), (0, 1)))
    across *= across
    down *= down
    across += down
    return across
