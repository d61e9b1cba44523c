"""Find uniform bars around the content of frames; used by the bars detector and the quality analyser."""

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
    """The picture without its borders, in pixels."""

    top: int
    bottom: int
    """Exclusive: one below the last line."""
    left: int
    right: int
    doubtful: bool
    """A side is flat like a border, but has no straight edge."""
    nested: bool
    """A border lies inside another: on both axes, or twice on one."""


def content(y: NDArray[np.uint8], u: NDArray[np.uint8], v: NDArray[np.uint8]) -> Content:
    """Return the content of frames of one scene, [n, height, width] and chroma of half that size, n >= 2."""
    _, height, width = y.shape
    top, bottom, left, right = 0, height, 0, width
    doubtful = False
    borders = 0
    # Peel bars above and below, then at the sides, then once more inside what is left, until nothing changes: a
    # letterboxed film inside a coloured frame has nested borders.
    for _ in range(_NESTED):
        previous = (top, bottom, left, right)
        for upright in (True, False):
            planes = _cut((y, u, v), top, bottom, left, right)
            if not upright:
                planes = (planes[0].swapaxes(1, 2), planes[1].swapaxes(1, 2), planes[2].swapaxes(1, 2))
            leading, leading_doubtful = _border(planes)
            trailing, trailing_doubtful = _border((planes[0][:, ::-1], planes[1][:, ::-1], planes[2][:, ::-1]))
            doubtful |= leading_doubtful or trailing_doubtful
            borders += bool(leading or trailing)
            if upright:
                top, bottom = top + leading, bottom - trailing
            else:
                left, right = left + leading, right - trailing
        if (top, bottom, left, right) == previous or bottom - top < 16 or right - left < 16:
            break
    return Content(top, bottom, left, right, doubtful, nested=borders > 1)


def _cut(planes: Planes, top: int, bottom: int, left: int, right: int) -> Planes:
    half = (slice(None), slice(top // 2, bottom // 2), slice(left // 2, right // 2))
    return planes[0][:, top:bottom, left:right], planes[1][half], planes[2][half]


def _border(planes: Planes) -> tuple[int, bool]:
    """Return (number of border lines from row 0, whether the lines are flat but end in no straight edge)."""
    luma = planes[0]
    # Most pictures have no border: their four outermost lines show it at a twentieth of the cost.
    outermost = _flat(tuple(plane[:, :_LEAST_LINES] for plane in planes))
    if outermost.mean(axis=0).min() < _FRAMES:
        return 0, False
    flat = _flat(planes)
    is_border = flat.mean(axis=0) >= _FRAMES
    lines = len(is_border) if is_border.all() else int(np.argmin(is_border))
    lines -= lines % 2
    if lines < _LEAST_LINES:
        return 0, False
    if lines >= luma.shape[1] - 2:
        return 0, True
    inner, outer = luma[:, lines + 2].astype(np.int16), luma[:, lines - 2].astype(np.int16)
    stepped = (np.abs(inner - outer) > _EDGE_STEP).any(axis=0).mean() >= _EDGE_SHARE
    return (_edge(luma, near=lines), False) if stepped else (0, True)


def _flat(planes: tuple[NDArray[np.uint8], ...]) -> NDArray[np.bool_]:
    """Return [frames, lines] bool: the line is near the colour of the two outermost lines, in luma and chroma."""
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
    """Return [frames, lines] bool: `share` of the line's pixels are within `within` levels of the outermost lines."""
    # e = median of the two outermost lines; a line is near if mean(|p - e| <= within) >= share. The median shrugs off a
    # logo in the bar; 97 % of 640 pixels within 8 levels leave room for 19 that are not.
    edge = np.median(plane[:, :2].reshape(len(plane), -1), axis=1)[:, None, None]
    return (np.abs(plane.astype(np.float32) - edge) <= within).mean(axis=2) >= share
