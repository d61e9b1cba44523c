"""Lay one video's small pictures over another's: scale and shift along each axis, gain and offset of luma."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE

Values = NDArray[np.float32]

_CENTRES = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
_CELLS = np.arange(SIDE, dtype=np.float32)
_ITERATIONS = 5
_ENOUGH = 5e-4
"""Step, in parts of the side, below which registration ends: a sixtieth of a cell."""
_MAX_SCALE = 1.45
_BLUR = np.asarray([[max(0.0, 1 - abs(i - j) / 3) for i in range(SIDE)] for j in range(SIDE)], np.float32)
_DAMPING = np.diag([1.0, 1.0, 1.0, 1.0, 1e-3, 1e-3]).astype(np.float32)
_STRIDE = 3
"""One cell of so many gives the median of errors."""
_BLUR /= _BLUR.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Placement:
    """Where a point of the first picture lies in the second, both axes in parts of the side: scale * x + shift."""

    scale_y: float = 1.0
    shift_y: float = 0.0
    scale_x: float = 1.0
    shift_x: float = 0.0

    def plausible(self) -> bool:
        """Is it within what a crop or a badly found border does?"""
        return all(1 / _MAX_SCALE < scale < _MAX_SCALE for scale in (self.scale_y, self.scale_x))

    def seen(self) -> tuple[slice, slice]:
        """Return which rows and columns of the first lie inside the second."""
        return _inside(self.scale_y, self.shift_y), _inside(self.scale_x, self.shift_x)

    def lay(self, pictures: Values) -> Values:
        """Return the second's pictures [..., SIDE, SIDE] on the cells of the first."""
        laid = _resample(self.scale_y, self.shift_y) @ pictures @ _resample(self.scale_x, self.shift_x).T
        return np.asarray(laid, np.float32)


def _starts() -> list[Placement]:
    """Return where registration begins: as it is, or a tenth cropped from either at any side."""
    found = [Placement()]
    for scale in (0.9, 1 / 0.9):
        shifts = [(1 - scale) * part for part in (0.0, 0.5, 1.0)]
        found += [Placement(scale, down, scale, across) for down in shifts for across in shifts]
    return found


def _resample(scale: float, shift: float) -> Values:
    """Return the linear interpolation along one axis: [SIDE, SIDE], the border repeated outside."""
    places = np.minimum(np.maximum((scale * _CENTRES + shift) * SIDE - 0.5, 0), SIDE - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(places[:, None] - _CELLS)), np.float32)


def _inside(scale: float, shift: float) -> slice:
    """Return which cells of a side lie inside the other picture by a third of a cell."""
    places = scale * _CENTRES + shift
    return slice(int(np.searchsorted(places, 0.3 / SIDE, side="right")), int(np.searchsorted(places, 1 - 0.3 / SIDE)))


def _mask(placement: Placement) -> Values:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[placement.seen()] = 1
    return mask


_STARTS = _starts()
_START_ROWS = np.stack([_resample(start.scale_y, start.shift_y) for start in _STARTS])
_START_COLUMNS = np.stack([_resample(start.scale_x, start.shift_x).T for start in _STARTS])
_START_SEEN = np.stack([_mask(start) for start in _STARTS]).reshape(len(_STARTS), -1)


def register(first: Values, second: Values, start: Placement | None = None) -> Placement:
    """Return the placement that lays `second` best over `first`, pictures [n, SIDE, SIDE] of the same moments.

    Gauss-Newton on luma from `start`, else from the best of a few starts and blurred at first; cells that disagree
    (captions, stickers) lose their weight. The result may be meaningless where the two show different things: judge
    it by likeness.
    """
    if start is None:
        blurred = tuple(np.asarray(_BLUR @ part @ _BLUR.T, np.float32) for part in (first, second))
        start = _best_start(blurred[0].mean(axis=0), blurred[1].mean(axis=0))
        start = _descend(blurred[0], blurred[1], start)
    return _descend(first, second, start)


def _best_start(first: Values, second: Values) -> Placement:
    laid = (_START_ROWS @ second @ _START_COLUMNS).reshape(len(_STARTS), -1)
    share = _START_SEEN / _START_SEEN.sum(axis=1, keepdims=True)
    flat = np.broadcast_to(first.ravel(), laid.shape)
    flat = flat - (flat * share).sum(axis=1, keepdims=True)
    laid = laid - (laid * share).sum(axis=1, keepdims=True)
    spread = np.sqrt((flat**2 * share).sum(axis=1) * (laid**2 * share).sum(axis=1))
    return _STARTS[int(np.argmax((flat * laid * share).sum(axis=1) / np.maximum(spread, 1e-3)))]


def _descend(first: Values, second: Values, start: Placement) -> Placement:
    slopes = np.stack([second, np.gradient(second, axis=1) * SIDE, np.gradient(second, axis=2) * SIDE])
    placement = start
    for _ in range(_ITERATIONS):
        rows, columns = placement.seen()
        laid, down, across = placement.lay(slopes)[:, :, rows, columns]
        wanted = first[:, rows, columns]
        gain, offset = gain_of(laid, wanted)
        error = wanted - gain * laid - offset
        limit = 4.7 * max(1.0, float(np.median(np.abs(error.ravel()[::_STRIDE]))) * 1.48)
        weight = np.square(np.maximum(0, 1 - np.square(error / limit))).ravel()
        parts = (gain * down * _CENTRES[rows, None], gain * down, gain * across * _CENTRES[columns], gain * across)
        terms = np.stack([*parts, laid, np.ones_like(laid)]).reshape(6, -1)
        weighted = terms * weight
        step = np.linalg.solve(weighted @ terms.T + _DAMPING, weighted @ error.ravel())[:4]
        step = np.minimum(np.maximum(step, -0.06), 0.06)
        moved = Placement(
            placement.scale_y + float(step[0]),
            placement.shift_y + float(step[1]),
            placement.scale_x + float(step[2]),
            placement.shift_x + float(step[3]),
        )
        if not moved.plausible() or _share(moved) < 0.4:
            break
        placement = moved
        if float(np.abs(step).max()) < _ENOUGH:
            break
    return placement


def _share(placement: Placement) -> float:
    rows, columns = placement.seen()
    return max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start) / SIDE**2


def gain_of(laid: Values, wanted: Values) -> tuple[float, float]:
    """Return the gain and offset that take `laid` to `wanted`, by least squares over the better half."""
    gain, offset = _line(laid, wanted)
    error = np.abs(wanted - gain * laid - offset)
    kept = error <= np.median(error.ravel()[::_STRIDE]) * 2
    return _line(laid[kept], wanted[kept])


def _line(laid: Values, wanted: Values) -> tuple[float, float]:
    centre, target = float(laid.mean()), float(wanted.mean())
    spread = float(np.square(laid - centre).sum())
    gain = float(((laid - centre) * (wanted - target)).sum()) / spread if spread > 1e-3 else 1.0
    gain = min(max(gain, 0.25), 4.0)
    return gain, target - gain * centre
