"""Borders: uniform bars around the content, as the bars detector and the quality analyser look for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A line belongs to the border if in 90 % of frames 97 % of its luma (95 % of its chroma) is near the edge's colour.
_FRAMES, _LUMA_SHARE, _CHROMA_SHARE = 0.90, 0.97, 0.95
_LUMA_NEAR, _CHROMA_NEAR = 8, 6
# Sky and night are flat too, but do not end in a straight edge: 60 % of the line must step by over 10 at some time.
_EDGE_STEP, _EDGE_SHARE = 10, 0.60
_LEAST_LINES = 4
_NESTED = 3

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Content:
    """What is left of a picture without its borders, in pixels."""

    top: int
    bottom: int
    """Behind the last line."""
    left: int
    right: int
    doubtful: bool
    """Sides are flat, but end in no straight edge."""
    nested: bool
    """A border lies inside another: on both axes, or twice on one."""


def content(y: NDArray[np.uint8], u: NDArray[np.uint8], v: NDArray[np.uint8]) -> Content:
    """Return the content of frames of one scene, [n, height, width] and chroma of half that size, n >= 2."""
    _, height, width = y.shape
    top, bottom, left, right = 0, height, 0, width
    doubtful = False
    borders = 0
    for _ in range(_NESTED):
        before = (top, bottom, left, right)
        for upright in (True, False):
            planes = _cut((y, u, v), top, bottom, left, right)
            if not upright:
                planes = (planes[0].swapaxes(1, 2), planes[1].swapaxes(1, 2), planes[2].swapaxes(1, 2))
            first, first_doubt = _border(planes)
            last, last_doubt = _border((planes[0][:, ::-1], planes[1][:, ::-1], planes[2][:, ::-1]))
            doubtful |= first_doubt or last_doubt
            borders += bool(first or last)
            if upright:
                top, bottom = top + first, bottom - last
            else:
                left, right = left + first, right - last
        if (top, bottom, left, right) == before or bottom - top < 16 or right - left < 16:
            break
    return Content(top, bottom, left, right, doubtful, nested=borders > 1)


def _cut(planes: Planes, top: int, bottom: int, left: int, right: int) -> Planes:
    half = (slice(None), slice(top // 2, bottom // 2), slice(left // 2, right // 2))
    return planes[0][:, top:bottom, left:right], planes[1][half], planes[2][half]


def _border(planes: Planes) -> tuple[int, bool]:
    """Return (lines of border at the first rows, whether they are flat but end in no straight edge)."""
    luma = planes[0]
    # Most pictures have no border: their outermost lines say so at a twentieth of the cost.
    outermost = _flat(tuple(plane[:, :_LEAST_LINES] for plane in planes))
    if outermost.mean(axis=0).min() < _FRAMES:
        return 0, False
    flat = _flat(planes)
    whole = flat.mean(axis=0) >= _FRAMES
    lines = len(whole) if whole.all() else int(np.argmin(whole))
    lines -= lines % 2
    if lines < _LEAST_LINES:
        return 0, False
    if lines >= luma.shape[1] - 2:
        return 0, True
    inner, outer = luma[:, lines + 2].astype(np.int16), luma[:, lines - 2].astype(np.int16)
    stepped = (np.abs(inner - outer) > _EDGE_STEP).any(axis=0).mean() >= _EDGE_SHARE
    return (_edge(luma, near=lines), False) if stepped else (0, True)


def _flat(planes: tuple[NDArray[np.uint8], ...]) -> NDArray[np.bool_]:
    """Return [frames, lines]: is the line near the colour of the two outermost lines, in luma and chroma?"""
    luma, *chromas = planes
    flat = _near(luma, _LUMA_NEAR, _LUMA_SHARE)
    for chroma in chromas:
        near = _near(chroma, _CHROMA_NEAR, _CHROMA_SHARE)
        # A chroma line stands for two lines of luma; an odd cut leaves one line without its own.
        flat &= np.repeat(near, 2, axis=1)[:, : luma.shape[1]] if 2 * near.shape[1] >= luma.shape[1] else flat
    return flat


def _edge(luma: NDArray[np.uint8], *, near: int) -> int:
    """Return the line at which luma steps most: codecs blur chroma over the edge, so flatness ends early."""
    candidates = range(near - 1, min(near + 5, luma.shape[1] - 1))
    steps = [np.abs(luma[:, line].astype(np.int16) - luma[:, line - 1]).mean() for line in candidates]
    return candidates[int(np.argmax(steps))]


def _near(plane: NDArray[np.uint8], within: int, share: float) -> NDArray[np.bool_]:
    """Return [frames, lines]: is this share of the line within so much of the colour of the two outermost lines?"""
    edge = np.median(plane[:, :2].reshape(len(plane), -1), axis=1)[:, None, None]
    return (np.abs(plane.astype(np.float32) - edge) <= within).mean(axis=2) >= share
