"""Content box: where the picture is that borders surround, be they of one colour or a blurred enlargement of it."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""First row, row behind the last, first column, column behind the last."""

# A bar's line differs from pixel to pixel by at most this many grey levels on 60 % of its length (a caption may
# cover the rest), and in its middle value by at most so many from the outermost lines.
_FLAT_STEP, _FLAT_ALONG, _FLAT_NEAR = 1.0, 0.60, 6.0
# Half of a bar's inner edge steps by at least so many grey levels: a clear sky fades out instead. Lines without even
# a camera's noise are a bar without that: dark content may lie beside it.
_EDGE_STEP, _SOLID_STEP = 3.0, 0.1
_LEAST_LINES_SHARE = 0.03
# Captions leave so much of the width free at either end.
_MARGIN_SHARE = 0.08
# A blurred fill has at most this part of the content's fine detail (second differences), lies on both sides alike,
# and ends in lines whose step stands out from those within the fill by this factor.
_BLUR_SHARE, _BLUR_EDGE_RATIO, _BLUR_LEAST_SHARE = 0.35, 2.5, 0.06
_LEAST_BOX_SHARE = 0.2
_NESTED = 2


def content_box(pictures: NDArray[np.uint8]) -> Box:
    """Return the box of the content of one shot, luma [n, height, width]; the whole picture if nothing surrounds it.

    It may err where a picture has flat sides of its own: keep the whole picture beside it.
    """
    top, bottom, left, right = 0, pictures.shape[1], 0, pictures.shape[2]
    for inside in (_between_blurs, *(_between_bars,) * _NESTED):
        first, last = inside(pictures[:, top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = inside(pictures[:, top:bottom, left:right].swapaxes(1, 2))
        left, right = left + first, left + last
    return top, bottom, left, right


def _between_bars(pictures: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first row and the row behind the last between bars of one colour above and below."""
    values = pictures.astype(np.float32)
    rows = values.shape[1]
    if rows < 16:
        return 0, rows
    uneven = np.quantile(np.abs(np.diff(values, axis=2)).mean(axis=0), _FLAT_ALONG, axis=1)
    colour = np.median(values, axis=(0, 2))
    steps = _steps(values)
    first = _bar(uneven, np.abs(colour - colour[0]), steps) or _captioned_bar(values, steps)
    last = rows - (
        _bar(uneven[::-1], np.abs(colour - colour[-1])[::-1], steps[::-1])
        or _captioned_bar(values[:, ::-1], steps[::-1])
    )
    return (first, last) if last - first >= _LEAST_BOX_SHARE * rows else (0, rows)


def _bar(uneven: Values, away: Values, steps: Values) -> int:
    """Return how many lines at the start are a bar: flat ones up to the sharpest edge at their end.

    `uneven` and `away` say how much each line varies along itself and how far its colour is from the first line's.
    """
    flat = (uneven <= _FLAT_STEP) & (away <= _FLAT_NEAR)
    lines = len(flat) if flat.all() else int(np.argmin(flat))
    if lines < max(2, _LEAST_LINES_SHARE * len(flat)) or lines == len(flat):
        return 0
    # steps[i] lies between lines i and i + 1; a scaled edge may be spread over three lines.
    start = max(0, lines - 3)
    edge = start + int(np.argmax(steps[start : lines + 2]))
    solid = float(np.median(uneven[:lines])) <= _SOLID_STEP
    return edge + 1 if solid or steps[edge] >= _EDGE_STEP else 0


def _captioned_bar(values: Values, steps: Values) -> int:
    """Return how many lines at the start are a bar under a caption: only the ends of its lines are flat."""
    reach = max(2, round(_MARGIN_SHARE * values.shape[2]))
    ends = np.stack([values[:, :, :reach], values[:, :, -reach:]])
    uneven = np.abs(np.diff(ends, axis=3)).mean(axis=(1, 3)).max(axis=0)
    colour = np.median(ends, axis=(0, 1, 3))
    flat = (uneven <= _FLAT_STEP) & (np.abs(colour - colour[0]) <= _FLAT_NEAR)
    lines = min(len(flat) // 2, len(flat) if flat.all() else int(np.argmin(flat)))
    if lines < max(2, _LEAST_LINES_SHARE * len(flat)):
        return 0
    edge = int(np.argmax(steps[: lines + 2]))
    return edge + 1 if steps[edge] >= _EDGE_STEP and edge >= 2 else 0


def _between_blurs(pictures: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first row and the row behind the last between blurred fills of one height above and below."""
    values = pictures.astype(np.float32)
    rows = values.shape[1]
    if rows < 16 or values.shape[2] < 16:
        return 0, rows
    detail = np.median(np.abs(np.diff(values, 2, axis=2)).mean(axis=0), axis=1)
    steps = _steps(values)
    best, found = 0.0, (0, rows)
    for line in range(max(3, round(_BLUR_LEAST_SHARE * rows)), int((1 - _LEAST_BOX_SHARE) / 2 * rows)):
        fill = np.concatenate((detail[: line - 1], detail[rows - line + 1 :]))
        if np.quantile(fill, 0.95) > _BLUR_SHARE * detail[line : rows - line].mean():
            continue
        upper, lower = steps[line - 1], max(steps[rows - line - 1], steps[rows - line], steps[rows - line - 2])
        within = np.concatenate((steps[: line - 2], steps[rows - line + 1 :])).mean()
        edge = float(min(upper, lower))
        if edge > max(best, _EDGE_STEP, _BLUR_EDGE_RATIO * within):
            below = rows - line - 1 + int(np.argmax(steps[rows - line - 2 : rows - line + 1]))
            best, found = edge, (line, below)
    return found


def _steps(values: Values) -> Values:
    """Return how much half of each row at least differs from the row below, in grey levels: [rows - 1]."""
    return np.asarray(np.median(np.abs(np.diff(values, axis=1)).mean(axis=0), axis=1), np.float32)
