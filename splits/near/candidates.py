"""Which videos are worth comparing: local contrasts of key frames, matched by one matrix product per block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE, Fingerprint

LEAST = 0.70
"""Cosine between two key frames from which their videos are compared.

On the tuning half of the real clips 0.2 % of pairs of different uploads reach it, and 1,009 of 1,010 single edits.
"""

_GRID = 8
"""Cells along each side of a picture whose contrasts are compared."""
_KEY_SECONDS = 0.4
_MAX_KEY_FRAMES = 100
_REPEATED = 0.95
"""Cosine to any earlier key frame from which a picture adds nothing."""
_SOFT_LEVELS = 3.0
"""Steps of luma between cells that count half as much as any larger one.

So a caption or sticker outweighs nothing but the cells that it covers, however flat the rest is.
"""
# Six boxes (rows, columns), in shares of a side: the whole, a tenth cropped away to each of the four corners, and a
# twentieth cropped away on all sides.
_SIDES, _MIDDLE = ((0.0, 0.9), (0.1, 1.0)), (0.05, 0.95)
_BOXES = (((0.0, 1.0), (0.0, 1.0)), *product(_SIDES, _SIDES), (_MIDDLE, _MIDDLE))
# A grid of 8 x 8 cells has 8 * 7 = 56 steps across and as many down: 112 numbers describe a picture.
_STEPS = _GRID * (_GRID - 1)
# The description of a mirrored picture without computing it anew: cell c becomes cell 7 - c, so the step from c to
# c + 1 becomes the one from 6 - c, with its sign turned; steps down change place and keep their sign.
_MIRROR = np.concatenate(
    [
        np.arange(_STEPS).reshape(_GRID, _GRID - 1)[:, ::-1].ravel(),
        _STEPS + np.arange(_STEPS).reshape(_GRID - 1, _GRID)[:, ::-1].ravel(),
    ]
)
_MIRROR_SIGN = np.repeat(np.asarray([-1, 1], np.float32), _STEPS)
_BLOCK_ROWS = 2048
"""Key frames on one side of a matrix product: bounds its memory."""

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Sketch:
    """Key frames of one video."""

    contrasts: NDArray[np.float16]
    """[6, k, 112] unit vectors of steps between 8 x 8 cells, for each of _BOXES."""
    view: NDArray[np.intp]
    """[k] index of the fingerprint's view."""
    seconds: Values
    """[k]"""


def has_valid_shape(stored: Sketch) -> bool:
    """Return whether arrays read from a file have the shapes of a sketch."""
    count = len(stored.view) if stored.view.ndim == 1 else -1
    return stored.contrasts.shape == (len(_BOXES), count, 2 * _STEPS) and stored.seconds.shape == (count,)


@dataclass(frozen=True)
class CandidateAlignment:
    """A way in which two videos may show the same footage."""

    cosine: float
    reference_view: int
    query_view: int
    mirrored: bool
    """Whether the query is to be mirrored."""
    offset_s: float
    """What the query shows at t, the reference shows at t + offset_s."""


def sketch(fingerprint: Fingerprint) -> Sketch:
    """Return the sketch of a fingerprint: a key frame every 0.4 s where it shows something new, at most 100 a view."""
    times: list[int] = []
    for index, seconds in enumerate(fingerprint.seconds):
        if not times or seconds >= fingerprint.seconds[times[-1]] + _KEY_SECONDS - 1e-3:
            times.append(index)
    pictures, views, moments = [], [], []
    for view_index, view in enumerate(fingerprint.views):
        key_frames = np.asarray(times, np.intp)[_novel_frames(_contrasts(view[times], *_BOXES[0]))]
        pictures.append(view[key_frames])
        views.append(np.full(len(key_frames), view_index))
        moments.append(fingerprint.seconds[key_frames])
    all_pictures = np.concatenate(pictures)
    return Sketch(
        np.stack([_contrasts(all_pictures, *box) for box in _BOXES]).astype(np.float16),
        np.concatenate(views),
        np.concatenate(moments),
    )


def near_pairs(fresh: Sequence[Sketch], indexed: Sequence[Sketch]) -> Iterator[tuple[int, int]]:
    """Yield (index in fresh, index in indexed) of videos with similar key frames, each pair once, sorted."""
    if not fresh or not indexed:
        return
    fresh_index = np.repeat(np.arange(len(fresh)), [len(video.view) for video in fresh])
    fresh_contrasts = np.concatenate([video.contrasts for video in fresh], axis=1).astype(np.float32)
    pairs: set[tuple[int, int]] = set()
    start = 0
    while start < len(indexed):
        end, rows = start, 0
        while end < len(indexed) and (rows == 0 or rows + len(indexed[end].view) <= _BLOCK_ROWS):
            rows += len(indexed[end].view)
            end += 1
        block = indexed[start:end]
        block_contrasts = np.concatenate([video.contrasts for video in block], axis=1).astype(np.float32)
        block_index = np.repeat(np.arange(start, end), [len(video.view) for video in block])
        for cosines, _ in _cosines_between(fresh_contrasts, block_contrasts):
            row, column = np.nonzero(cosines > LEAST)
            pairs.update(zip(fresh_index[row].tolist(), block_index[column].tolist(), strict=True))
        start = end
    yield from sorted(pairs)


def candidate_alignments(reference: Sketch, query: Sketch, *, most: int = 2) -> list[CandidateAlignment]:
    """Return candidate alignments, best first: one per view pair and mirror state, `most` of them at most."""
    candidates: list[CandidateAlignment] = []
    for cosines, mirrored in _cosines_between(
        reference.contrasts.astype(np.float32), query.contrasts.astype(np.float32)
    ):
        for reference_view, query_view in product(np.unique(reference.view), np.unique(query.view)):
            rows, columns = np.flatnonzero(reference.view == reference_view), np.flatnonzero(query.view == query_view)
            of_views = cosines[np.ix_(rows, columns)]
            row, column = np.unravel_index(int(np.argmax(of_views)), of_views.shape)
            offset = float(reference.seconds[rows[row]] - query.seconds[columns[column]])
            cosine = float(of_views[row, column])
            candidates.append(CandidateAlignment(cosine, int(reference_view), int(query_view), mirrored, offset))
    likely = (candidate for candidate in candidates if candidate.cosine > LEAST)
    return sorted(likely, key=lambda candidate: -candidate.cosine)[:most]


def _novel_frames(contrasts: Values) -> list[int]:
    """Return the indices of frames that differ from all earlier ones of the list, _MAX_KEY_FRAMES over time at most."""
    novel: list[int] = []
    for start in range(0, len(contrasts), _BLOCK_ROWS):
        # As many rows at a time: four hours have 36,000 key frames, and a square of those takes 5 GB.
        cosines = contrasts[start : start + _BLOCK_ROWS] @ contrasts.T
        for index in range(start, start + len(cosines)):
            if not novel or cosines[index - start, novel].max() < _REPEATED:
                novel.append(index)
    if len(novel) > _MAX_KEY_FRAMES:
        novel = [novel[place] for place in np.linspace(0, len(novel) - 1, _MAX_KEY_FRAMES).round().astype(int)]
    return novel


def _cosines_between(reference: Values, query: Values) -> Iterator[tuple[Values, bool]]:
    """Yield cosines [k, l] of key frames, query as it is and mirrored; reference [6, k, 112], query [6, l, 112].

    Each cosine is the best of whole against whole, whole against cropped and cropped against whole: at most one of
    two reposts is taken to be cropped, so cropped against cropped is not tried.
    """
    for mirrored in (False, True):
        # Mirroring the reference instead of the query changes nothing: cosine of (mirror a, b) = that of (a, mirror b).
        oriented = reference[:, :, _MIRROR] * _MIRROR_SIGN if mirrored else reference
        best = oriented[0] @ query[0].T
        for box in range(1, len(_BOXES)):
            np.maximum(best, oriented[0] @ query[box].T, out=best)
            np.maximum(best, oriented[box] @ query[0].T, out=best)
        yield best, mirrored


def _contrasts(pictures: NDArray[np.uint8], rows: tuple[float, float], columns: tuple[float, float]) -> Values:
    """Return the steps between neighbouring cells of a box of pictures, softly limited, as unit vectors: [k, 112]."""
    cells = _mean_over(*rows) @ pictures.astype(np.float32) @ _mean_over(*columns).T
    across, down = np.diff(cells, axis=2), np.diff(cells, axis=1)
    steps = np.concatenate([across.reshape(-1, _STEPS), down.reshape(-1, _STEPS)], axis=1)
    # s / (|s| + 3): a step of 3 levels counts 0.5, one of 30 counts 0.91, the edge of a white caption of 200 0.985.
    steps = steps / (np.abs(steps) + _SOFT_LEVELS)
    return np.asarray(steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-6), np.float32)


@cache
def _mean_over(start: float, end: float) -> Values:
    """Return the matrix that averages SIDE cells over eight equal pieces of [start, end] of a side: [8, SIDE]."""
    edges = (start + (end - start) * np.arange(_GRID + 1) / _GRID) * SIDE
    cells = np.arange(SIDE)
    # Length that piece i and cell j share; a cell that two pieces cut counts in both by what lies in each.
    shared = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.maximum(shared, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
