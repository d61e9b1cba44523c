"""Content box: where the picture is that borders surround, be they of one colour or a blurred enlargement of it."""

from math import ceil

import cv2
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
_BLUR_SHARE, _BLUR_EDGE_RATIO, _BLUR_LEAST_SHARE = 0.45, 2.0, 0.06
_LEAST_BOX_SHARE = 0.2
_NESTED = 2


def content_box(pictures: NDArray[np.uint8]) -> Box:
    """Return the box of the content of one shot, luma [n, height, width]; the whole picture if nothing surrounds it.

    It may err where a picture has flat sides of its own: keep the whole picture beside it.
    """
    top, bottom, left, right = 0, pictures.shape[1], 0, pictures.shape[2]
    rows = _between_blurs(pictures)
    if rows != (top, bottom):
        return *rows, *_between_even_bars(pictures[:, slice(*rows)].swapaxes(1, 2))
    columns = _between_blurs(pictures.swapaxes(1, 2))
    if columns != (left, right):
        return *_between_even_bars(pictures[:, :, slice(*columns)]), *columns
    # Twice, for a bar around a bar: letterboxed film in a pillarboxed frame. Offsets add up: rows 10-90 of 100, then
    # 5-75 of those 80 -> rows 15-85.
    for _ in range(_NESTED):
        start, end = _between_bars(pictures[:, top:bottom, left:right])
        top, bottom = top + start, top + end
        start, end = _between_bars(pictures[:, top:bottom, left:right].swapaxes(1, 2))
        left, right = left + start, left + end
    return top, bottom, left, right


def _between_even_bars(pictures: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the rows between bars of one height, as a frame on all sides has; dark content lies on one side."""
    start, end = _between_bars(pictures)
    return (start, end) if abs(start + end - pictures.shape[1]) <= 2 else (0, pictures.shape[1])


def _between_bars(pictures: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first row and the row behind the last between bars of one colour above and below."""
    rows = pictures.shape[1]
    if rows < 16 or not _may_have_bars(pictures):
        return 0, rows
    values = pictures.astype(np.float32)
    uneven, colour = _lines(values)
    steps = _steps(pictures)
    start = _bar(uneven, colour, steps) or _captioned_bar(values, steps)
    end = rows - (_bar(uneven[::-1], colour[::-1], steps[::-1]) or _captioned_bar(values[:, ::-1], steps[::-1]))
    return (start, end) if end - start >= _LEAST_BOX_SHARE * rows else (0, rows)


def _may_have_bars(pictures: NDArray[np.uint8]) -> bool:
    """Return False where the outermost lines, alone, show that there is no bar; most videos end here."""
    count = _least_lines(pictures.shape[1])
    for outer in (pictures[:, :count], pictures[:, ::-1][:, :count]):
        values = outer.astype(np.float32)
        if _flat(*_lines(values)).all() or _flat(*_ends(values)).all():
            return True
    return False


def _least_lines(rows: int) -> int:
    return max(2, ceil(_LEAST_LINES_SHARE * rows))


def _lines(values: Values) -> tuple[Values, Values]:
    """Return how much each line varies along itself, and its middle value."""
    # values [n, rows, columns]: mean step to the next pixel over the pictures, then its 60 % quantile along the line.
    uneven = np.quantile(np.abs(np.diff(values, axis=2)).mean(axis=0), _FLAT_ALONG, axis=1)
    return np.asarray(uneven, np.float32), np.asarray(np.median(values, axis=(0, 2)), np.float32)


def _ends(values: Values) -> tuple[Values, Values]:
    """Return the same of the ends of lines, which a caption leaves free."""
    reach = max(2, round(_MARGIN_SHARE * values.shape[2]))
    ends = np.stack([values[:, :, :reach], values[:, :, -reach:]])
    # ends [2, n, rows, reach]: the worse of the two ends counts, as a mean step over pictures and pixels.
    uneven = np.abs(np.diff(ends, axis=3)).mean(axis=(1, 3)).max(axis=0)
    return np.asarray(uneven, np.float32), np.asarray(np.median(ends, axis=(0, 1, 3)), np.float32)


def _flat(uneven: Values, colour: Values) -> NDArray[np.bool_]:
    """Return which lines are flat and of the colour of the first line."""
    return np.asarray((uneven <= _FLAT_STEP) & (np.abs(colour - colour[0]) <= _FLAT_NEAR))


def _bar(uneven: Values, colour: Values, steps: Values) -> int:
    """Return how many lines at the start are a bar: flat ones up to the sharpest edge at their end."""
    flat = _flat(uneven, colour)
    lines = len(flat) if flat.all() else int(np.argmin(flat))
    if lines < _least_lines(len(flat)) or lines == len(flat):
        return 0
    # steps[i] lies between lines i and i + 1; a scaled edge may be spread over three lines.
    start = max(0, lines - 3)
    edge = start + int(np.argmax(steps[start : lines + 2]))
    solid = float(np.median(uneven[:lines])) <= _SOLID_STEP
    return edge + 1 if solid or steps[edge] >= _EDGE_STEP else 0


def _captioned_bar(values: Values, steps: Values) -> int:
    """Return how many lines at the start are a bar under a caption: only the ends of its lines are flat."""
    # Under a caption only the ends of a line are flat; at most half of the rows, since the lower bar is looked for too.
    flat = _flat(*_ends(values))
    lines = min(len(flat) // 2, len(flat) if flat.all() else int(np.argmin(flat)))
    if lines < _least_lines(len(flat)):
        return 0
    edge = int(np.argmax(steps[: lines + 2]))
    return edge + 1 if steps[edge] >= _EDGE_STEP and edge >= 2 else 0


def _between_blurs(pictures: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first row and the row behind the last between blurred fills of one height above and below."""
    rows = pictures.shape[1]
    if rows < 16 or pictures.shape[2] < 16:
        return 0, rows
    steps = _steps(pictures)
    # Candidate heights of a fill, the same above and below; edges[k] is the smaller of its two steps, where the lower
    # one may lie a line off.
    lines = np.arange(max(3, round(_BLUR_LEAST_SHARE * rows)), int((1 - _LEAST_BOX_SHARE) / 2 * rows))
    lower = np.max([steps[rows - lines - 1 + shift] for shift in (-1, 0, 1)], axis=0)
    edges = np.minimum(steps[lines - 1], lower)
    # The sharpest pair of edges wins that has (1) a fill with little detail, but not none, as black bars have, and
    # (2) steps inside the fill that its own edge clearly exceeds.
    best, box_rows = _EDGE_STEP, (0, rows)
    # In most videos no line steps so far on both sides; detail costs more than steps do.
    if not (edges > best).any():
        return box_rows
    detail = _detail(pictures)
    for line, edge in zip(lines.tolist(), edges.tolist(), strict=True):
        if edge <= best:
            continue
        fill = np.concatenate((detail[: line - 1], detail[rows - line + 1 :]))
        solid = np.median(fill) <= _SOLID_STEP
        if solid or np.quantile(fill, 0.95) > _BLUR_SHARE * detail[line : rows - line].mean():
            continue
        within = np.concatenate((steps[: line - 2], steps[rows - line + 1 :])).mean()
        if edge > _BLUR_EDGE_RATIO * within:
            below = rows - line - 1 + int(np.argmax(steps[rows - line - 2 : rows - line + 1]))
            best, box_rows = edge, (line, below)
    return box_rows


def _detail(pictures: NDArray[np.uint8]) -> Values:
    """Return the fine detail of each row, the median of second differences along it, in grey levels: [rows]."""
    # x[i] - 2 x[i + 1] + x[i + 2]: 0 on any even slope, so that gradients of light are no detail.
    second_differences = np.abs(np.diff(pictures.astype(np.float32), 2, axis=2)).mean(axis=0)
    return np.asarray(np.median(second_differences, axis=1), np.float32)


def _steps(pictures: NDArray[np.uint8]) -> Values:
    """Return how much half of each row at least differs from the row below, in grey levels: [rows - 1]."""
    # Sum over pictures as whole numbers, then the mean, then the median along the row: an edge that half of the width
    # shows in all pictures. n pictures of 255 at most stay far below 2^31.
    total = np.zeros((pictures.shape[1] - 1, pictures.shape[2]), np.int32)
    for picture in pictures:
        total += cv2.absdiff(picture[1:], picture[:-1])
    return np.asarray(np.median(total.astype(np.float32) / np.float32(len(pictures)), axis=1), np.float32)
