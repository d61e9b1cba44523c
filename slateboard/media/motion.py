"""Global motion between two pictures: points followed by Lucas-Kanade, a similarity fitted by RANSAC."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

_CELLS = (6, 8)
"""Points are taken from cells of a grid (rows, columns), so that one busy corner does not speak for the picture."""
_PER_CELL = 2
_WINDOW = (11, 11)
_STILL_PX = 0.3
"""A followed point that moved less stood still; codec noise moves points of a fixed camera by 0.05-0.2 px."""


@dataclass(frozen=True)
class Motion:
    """How the picture moved from one frame to a later one, in pixels of the pictures given."""

    points: int
    """Points followed both ways."""
    still: float
    """Share of them that stood still."""
    inliers: float
    """Share of them that one similarity explains."""
    matrix: NDArray[np.float64]
    """[2, 3], that similarity: where a point of the first frame lies in the second."""


def points(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return up to two corners of each grid cell, [n, 1, 2] as x, y."""
    strength = cv2.cornerMinEigenVal(luma, 5)
    floor = max(1e-4, 0.01 * float(strength.max()))
    found = []
    rows, columns = (
        np.linspace(0, side, cells + 1).astype(int) for side, cells in zip(luma.shape, _CELLS, strict=True)
    )
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            cell = strength[top:bottom, left:right].copy()
            if cell.size == 0:
                # A picture of 4 x 4 has no 8 columns: minMaxLoc ends the process there.
                continue
            for _ in range(_PER_CELL):
                _, best, _, (x, y) = cv2.minMaxLoc(cell)
                if best < floor:
                    break
                found.append((left + x, top + y))
                cell[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5] = 0
    return np.array(found, np.float32).reshape(-1, 1, 2)


def motion(one: NDArray[np.uint8], other: NDArray[np.uint8], start: NDArray[np.float32]) -> Motion:
    """Follow points of `one` into `other` and back, and fit what they have in common."""
    unknown = Motion(0, 0.0, 0.0, np.eye(2, 3))
    if len(start) < 3:
        return unknown
    there, found = _followed(one, other, start)
    back, again = _followed(other, one, there)
    kept = found & again & (np.abs(back - start).max(axis=(1, 2)) < 0.5)
    first, second = start[kept, 0], there[kept, 0]
    if len(first) < 3:
        return unknown
    still = float((np.linalg.norm(second - first, axis=1) < _STILL_PX).mean())
    # OpenCV seeds this RANSAC itself, the same each time.
    matrix, inliers = cv2.estimateAffinePartial2D(first, second, method=cv2.RANSAC, ransacReprojThreshold=0.7)
    if matrix is None:
        return Motion(len(first), still, 0.0, np.eye(2, 3))
    return Motion(len(first), still, float(inliers.mean()), matrix)


def _followed(
    one: NDArray[np.uint8], other: NDArray[np.uint8], start: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, other, start, np.zeros_like(start), winSize=_WINDOW, maxLevel=3)
    return np.asarray(there, np.float32), np.asarray(found)[:, 0] == 1
