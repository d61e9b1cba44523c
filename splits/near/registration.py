"""Lay one video's small pictures over another's: scale and shift along each axis, gain and offset of luma."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE

Values = NDArray[np.float32]

_CENTRES = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
_CELLS = np.arange(SIDE, dtype=np.float32)
_ITERATIONS = 5
_SMALL_STEP = 5e-4
"""Step, in sides, below which registration ends: a sixtieth of a cell."""
_MAX_SCALE = 1.45
# Triangular blur of 5 cells, weights 1/3, 2/3, 1, 2/3, 1/3 before they are normed.
_BLUR = np.asarray([[max(0.0, 1 - abs(i - j) / 3) for i in range(SIDE)] for j in range(SIDE)], np.float32)
# Added to the normal equations' diagonal (scale y, shift y, scale x, shift x, gain, offset), so that a picture without
# any gradient has a solution: no step.
_DAMPING = np.diag([1.0, 1.0, 1.0, 1.0, 1e-3, 1e-3]).astype(np.float32)
_STRIDE = 3
"""One cell in so many is looked at for the median of errors."""
_BLUR /= _BLUR.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Placement:
    """Where a point of the reference picture lies in the query, on each axis from 0 to 1: x -> scale * x + shift.

    A query that is the reference's middle nine tenths: scale 1 / 0.9 = 1.11, shift -0.05 / 0.9 = -0.056.
    """

    scale_y: float = 1.0
    shift_y: float = 0.0
    scale_x: float = 1.0
    shift_x: float = 0.0

    def is_plausible(self) -> bool:
        """Return whether it is within what a crop or a badly found border does."""
        return all(1 / _MAX_SCALE < scale < _MAX_SCALE for scale in (self.scale_y, self.scale_x))

    def overlap(self) -> tuple[slice, slice]:
        """Return which rows and columns of the reference lie inside the query."""
        return _inside(self.scale_y, self.shift_y), _inside(self.scale_x, self.shift_x)

    def lay(self, pictures: Values) -> Values:
        """Return pictures [..., SIDE, SIDE] of the query on the cells of the reference."""
        laid = _resample(self.scale_y, self.shift_y) @ pictures @ _resample(self.scale_x, self.shift_x).T
        return np.asarray(laid, np.float32)


def _starts() -> list[Placement]:
    """Return where registration begins: as it is, or a tenth cropped from either at any side: 1 + 2 * 9."""
    starts = [Placement()]
    for scale in (0.9, 1 / 0.9):
        shifts = [(1 - scale) * position for position in (0.0, 0.5, 1.0)]
        starts += [Placement(scale, down, scale, across) for down in shifts for across in shifts]
    return starts


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
    mask[placement.overlap()] = 1
    return mask


_STARTS = _starts()
_START_ROWS = np.stack([_resample(start.scale_y, start.shift_y) for start in _STARTS])
_START_COLUMNS = np.stack([_resample(start.scale_x, start.shift_x).T for start in _STARTS])
_START_MASKS = np.stack([_mask(start) for start in _STARTS]).reshape(len(_STARTS), -1)


def register(reference: Values, query: Values, start: Placement | None = None) -> Placement:
    """Return the placement that lays `query` best over `reference`, pictures [n, SIDE, SIDE] of the same moments.

    Gauss-Newton on luma from `start`, else from the best of a few starts and blurred at first; cells that disagree
    (captions, stickers) lose their weight. The result may be meaningless where the two show different things: judge
    it by the alignment.
    """
    if start is None:
        blurred = tuple(np.asarray(_BLUR @ pictures @ _BLUR.T, np.float32) for pictures in (reference, query))
        start = _best_start(blurred[0].mean(axis=0), blurred[1].mean(axis=0))
        start = _descend(blurred[0], blurred[1], start)
    return _descend(reference, query, start)


def _best_start(reference: Values, query: Values) -> Placement:
    """Return the start at which two pictures [SIDE, SIDE] correlate best over the cells that lie in both."""
    laid = (_START_ROWS @ query @ _START_COLUMNS).reshape(len(_STARTS), -1)
    share = _START_MASKS / _START_MASKS.sum(axis=1, keepdims=True)
    flat = np.broadcast_to(reference.ravel(), laid.shape)
    flat = flat - (flat * share).sum(axis=1, keepdims=True)
    laid = laid - (laid * share).sum(axis=1, keepdims=True)
    spread = np.sqrt((flat**2 * share).sum(axis=1) * (laid**2 * share).sum(axis=1))
    return _STARTS[int(np.argmax((flat * laid * share).sum(axis=1) / np.maximum(spread, 1e-3)))]


# Minimise sum over cells of w(e) e^2, e(x) = r(x) - g q(s x + t) - o, by Gauss-Newton, for pictures r (reference) and
# q (query). With q' the slope of q, one step solves (J W J^T + D) step = J W e for the rows
#   J = [g q'_y y, g q'_y, g q'_x x, g q'_x, q, 1]   of scale y, shift y, scale x, shift x, gain g, offset o.
# Gain and offset of luma are fitted anew in each round, so only the first four numbers of the step are taken.
# w is Tukey's biweight (1 - (e / c)^2)^2, 0 beyond c = 4.7 sigma, with sigma = 1.48 * median |e|: constants that keep
# 95 % of least squares' efficiency on normal errors (Holland and Welsch 1977). With a median error of 2 levels c is
# 13.9, so that a caption 100 levels off has no say.
def _descend(reference: Values, query: Values, start: Placement) -> Placement:
    slopes = np.stack([query, np.gradient(query, axis=1) * SIDE, np.gradient(query, axis=2) * SIDE])
    placement = start
    for _ in range(_ITERATIONS):
        rows, columns = placement.overlap()
        laid, down, across = placement.lay(slopes)[:, :, rows, columns]
        target = reference[:, rows, columns]
        gain, offset = gain_of(laid, target)
        error = target - gain * laid - offset
        limit = 4.7 * max(1.0, float(np.median(np.abs(error.ravel()[::_STRIDE]))) * 1.48)
        weight = np.square(np.maximum(0, 1 - np.square(error / limit))).ravel()
        of_y = gain * down * _CENTRES[rows, None], gain * down
        of_x = gain * across * _CENTRES[columns], gain * across
        jacobian = np.stack([*of_y, *of_x, laid, np.ones_like(laid)]).reshape(6, -1)
        weighted = jacobian * weight
        step = np.linalg.solve(weighted @ jacobian.T + _DAMPING, weighted @ error.ravel())[:4]
        # Two cells (0.06 * 32) at most, as slopes say nothing of what lies further away.
        step = np.minimum(np.maximum(step, -0.06), 0.06)
        moved = Placement(
            placement.scale_y + float(step[0]),
            placement.shift_y + float(step[1]),
            placement.scale_x + float(step[2]),
            placement.shift_x + float(step[3]),
        )
        if not moved.is_plausible() or _overlap_share(moved) < 0.4:
            break
        placement = moved
        if float(np.abs(step).max()) < _SMALL_STEP:
            break
    return placement


def _overlap_share(placement: Placement) -> float:
    rows, columns = placement.overlap()
    return max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start) / SIDE**2


def gain_of(laid: Values, target: Values) -> tuple[float, float]:
    """Return the gain and offset that take `laid` to `target`, by least squares over the better half."""
    gain, offset = _fit_line(laid, target)
    error = np.abs(target - gain * laid - offset)
    agreeing = error <= np.median(error.ravel()[::_STRIDE]) * 2
    return _fit_line(laid[agreeing], target[agreeing])


def _fit_line(laid: Values, target: Values) -> tuple[float, float]:
    laid_mean, target_mean = float(laid.mean()), float(target.mean())
    spread = float(np.square(laid - laid_mean).sum())
    gain = float(((laid - laid_mean) * (target - target_mean)).sum()) / spread if spread > 1e-3 else 1.0
    gain = min(max(gain, 0.25), 4.0)
    return gain, target_mean - gain * laid_mean
