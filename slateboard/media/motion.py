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


def find_corners(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return up to two corners of each grid cell, [n, 1, 2] as x, y."""
    # Shi and Tomasi (CVPR 1994): the smaller eigenvalue of the gradient matrix, and at least 1 % of the best one.
    strength = cv2.cornerMinEigenVal(luma, 5)
    floor = max(1e-4, 0.01 * float(strength.max()))
    corners = []
    rows, columns = (
        np.linspace(0, side, cells + 1).astype(int) for side, cells in zip(luma.shape, _CELLS, strict=True)
    )
    for y_start, y_end in pairwise(rows):
        for x_start, x_end in pairwise(columns):
            cell = strength[y_start:y_end, x_start:x_end].copy()
            if cell.size == 0:
                # A picture of 4 x 4 has no 8 columns: minMaxLoc ends the process there.
                continue
            for _ in range(_PER_CELL):
                _, best, _, (x, y) = cv2.minMaxLoc(cell)
                if best < floor:
                    break
                corners.append((x_start + x, y_start + y))
                cell[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5] = 0
    return np.array(corners, np.float32).reshape(-1, 1, 2)


def fit_motion(earlier: NDArray[np.uint8], later: NDArray[np.uint8], start: NDArray[np.float32]) -> Motion:
    """Track points from `earlier` to `later` and back, and fit one similarity to those that come back."""
    unknown = Motion(0, 0.0, 0.0, np.eye(2, 3))
    if len(start) < 3:
        return unknown
    tracked, is_tracked = _track(earlier, later, start)
    back, is_tracked_back = _track(later, earlier, tracked)
    # Forward-backward check (Kalal et al., ICPR 2010): a point counts if it returns to within 0.5 px of its start.
    is_consistent = is_tracked & is_tracked_back & (np.abs(back - start).max(axis=(1, 2)) < 0.5)
    begin, finish = start[is_consistent, 0], tracked[is_consistent, 0]
    if len(begin) < 3:
        return unknown
    still = float((np.linalg.norm(finish - begin, axis=1) < _STILL_PX).mean())
    # OpenCV seeds this RANSAC itself, the same each time.
    matrix, inliers = cv2.estimateAffinePartial2D(begin, finish, method=cv2.RANSAC, ransacReprojThreshold=0.7)
    if matrix is None:
        return Motion(len(begin), still, 0.0, np.eye(2, 3))
    return Motion(len(begin), still, float(inliers.mean()), matrix)


def _track(
    earlier: NDArray[np.uint8], later: NDArray[np.uint8], start: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(
        earlier, later, start, np.zeros_like(start), winSize=_WINDOW, maxLevel=3
    )
    return np.asarray(tracked, np.float32), np.asarray(status)[:, 0] == 1
