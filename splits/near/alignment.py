"""Align two videos of one footage in space and time, and measure how well the still picture and the motion agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splits.near.registration import Placement, Values, gain_of, register
from splits.near.track import EVEN_HZ, Seconds, Track, interpolate, timing_slack

_ROUGH_FRAMES, _FRAMES, _ROUNDS = 3, 5, 3
"""Moments at which two videos are laid over each other, at first and again at the offset found."""
_LEAST_OVERLAP = 0.45
"""Share of the shorter video that must be in both."""
_OFFSETS = 256
"""Offsets that are scored together."""
_PRODUCTS = 1 << 24
"""Products of samples that are held at a time while offsets are scored: 0.4 GB."""
# A third of a sample apart, up to a whole one to either side: -1/15 s ... 1/15 s in steps of 1/45 s.
_FINE_STEPS = np.arange(-3, 4) / (3 * EVEN_HZ)
_HOPELESS_STILL, _HOPELESS_MOTION = 0.70, 0.50
"""Agreement of the still picture and of what moves below which nothing else is looked at."""
_AGREEING = 0.75
"""Share of the cells by which the still picture is compared: captions and stickers spoil the rest."""

_SPARED = 0.15
"""Share of all movement that may differ unseen."""
_COVER_LEVELS, _COVER_SHARE = 6.0, 0.5
"""Grey levels, and share of the movement, by which the still pictures differ where something covers one."""
_MOST_COVERED, _LEAST_OPEN = 0.35, 0.30
"""Share of the cells that may be covered, and of the movement that must be open."""


@dataclass(frozen=True)
class Alignment:
    """How two videos agree at their best offset in time, once the query is laid over the reference."""

    offset_s: float
    """What the query shows at t, the reference shows at t + offset_s."""
    start_s: float
    """Start of the shared span in the reference."""
    seconds: float
    """Length of the shared span."""
    samples: int
    still: float
    """R^2 of the still pictures over the better three quarters of the cells: 1 is full agreement."""
    motion: float
    """Correlation of what differs from the still picture, cell by cell, weighted by its energy: -1 to 1."""
    energy: float
    """Root mean square of what differs from the still picture, in grey levels, where it does so most."""
    error: float
    """Root mean square of the difference of the two movements, in grey levels, but for the worst cells."""
    timed_error: float
    """`error` without what pictures taken at other moments explain."""
    spread: float
    """Over how much of the picture the movement is spread: 1 evenly over all cells, near 0 in a few."""


def align(reference: Track, query: Track, offset_s: float) -> Alignment | None:
    """Align two tracks from a first guess of the offset; None where a rough look shows that they differ."""
    rough = _align_roughly(reference, query, round(offset_s * EVEN_HZ), frames=_ROUGH_FRAMES)
    if rough is None or rough.motion < _HOPELESS_MOTION / 2:
        return None
    # Placement and offset depend on each other: each round lays the videos over each other at the offset found last,
    # until the offset stays.
    for _ in range(_ROUNDS):
        step = rough.step
        rough = _align_roughly(reference, query, step, frames=_FRAMES, start=rough.placement)
        if rough is None or rough.motion < _HOPELESS_MOTION:
            return None
        if rough.step == step:
            break
    overlap = rough.placement.overlap()
    reference_cells = reference.seconds, _cells(reference.pictures, overlap)
    query_cells = query.seconds, _cells(rough.placement.lay(query.pictures), overlap)
    alignments = [_measure(reference_cells, query_cells, rough.step / EVEN_HZ + fine) for fine in _FINE_STEPS]
    return max((alignment for alignment in alignments if alignment is not None), key=_motion, default=None)


@dataclass(frozen=True)
class _RoughAlignment:
    """One video laid over the other, and their best offset in whole samples."""

    placement: Placement
    step: int
    """Best offset in samples."""
    motion: float
    """Score of it."""


def _motion(alignment: Alignment) -> float:
    return alignment.motion


def _align_roughly(
    reference: Track, query: Track, step: int, *, frames: int, start: Placement | None = None
) -> _RoughAlignment | None:
    """Register a few frames at one offset and find the best offset; None where the still pictures differ."""
    begin, end = max(0, step), min(len(reference.even), len(query.even) + step)
    if end - begin < 2:
        step, begin, end = 0, 0, min(len(reference.even), len(query.even))
    moments = np.unique(np.linspace(begin, end - 1, frames).round().astype(int))
    placement = register(reference.even[moments], query.even[moments - step], start)
    overlap = placement.overlap()
    reference_cells, query_cells = _cells(reference.even, overlap), _cells(placement.lay(query.even), overlap)
    still_pictures = reference_cells[begin:end].mean(axis=0), query_cells[begin - step : end - step].mean(axis=0)
    if _still_agreement(*still_pictures)[0] < _HOPELESS_STILL:
        return None
    return _RoughAlignment(placement, *best_offset(reference_cells, query_cells))


# At offset d, reference[i] meets query[i - d]. With R, Q the pictures of the overlap (c of them) and means over time:
#   r(d) = sum (R - mean R)(Q - mean Q) / sqrt(sum (R - mean R)^2 * sum (Q - mean Q)^2)
#        = (sum RQ - sum R * sum Q / c) / sqrt((sum R^2 - (sum R)^2 / c) * (sum Q^2 - (sum Q)^2 / c)),
#   score(d) = r(d) * sqrt(c / min(n, m)).
# sum RQ for all d at once: diagonal sums of one matrix product. The others: differences of running sums.
# Score of an overlap of all 45 pictures with r = 0.90: 0.90; of 22 of them with r = 0.99: 0.99 * 0.70 = 0.69.
def best_offset(reference: Values, query: Values) -> tuple[int, float]:
    """Return the offset in samples at which what moves agrees best, and its score; [n, cells], [m, cells], one clock.

    A longer overlap wins over a shorter one that agrees as well: correlation times the root of the overlap.
    """
    reference, query = reference - reference.mean(), query - query.mean()
    lengths = len(reference), len(query)
    products = _diagonal_sums(reference, query)
    # n = 90, m = 45: 20 pictures must overlap, so d runs from 20 - 45 = -25 to 90 - 20 = 70.
    least = max(2, round(_LEAST_OVERLAP * min(lengths)))
    best_score, best_step = -2.0, 0
    sums = [np.cumsum(np.pad(cells, ((1, 0), (0, 0))), axis=0) for cells in (reference, query)]
    squares = [
        np.cumsum(np.pad(np.square(cells).sum(axis=1), (1, 0)).astype(np.float64)) for cells in (reference, query)
    ]
    for block in range(least - lengths[1], lengths[0] - least + 1, _OFFSETS):
        steps = np.arange(block, min(block + _OFFSETS, lengths[0] - least + 1))
        start, end = np.maximum(0, steps), np.minimum(lengths[0], lengths[1] + steps)
        count = end - start
        totals = sums[0][end] - sums[0][start], sums[1][end - steps] - sums[1][start - steps]
        spreads = [
            np.maximum(1e-3, running[last] - running[begin] - np.square(total).sum(axis=1) / count)
            for running, begin, last, total in zip(
                squares, (start, start - steps), (end, end - steps), totals, strict=True
            )
        ]
        common = products[steps + lengths[1] - 1] - (totals[0] * totals[1]).sum(axis=1) / count
        scores = common / np.sqrt(spreads[0] * spreads[1]) * np.sqrt(count / min(lengths))
        place = int(np.argmax(scores))
        if scores[place] > best_score:
            best_score, best_step = float(scores[place]), int(steps[place])
    return best_step, best_score


def _diagonal_sums(reference: Values, query: Values) -> NDArray[np.float64]:
    """Return the sum of products at each offset, from -(m - 1) to n - 1, of samples [n, cells] and [m, cells]."""
    lengths = len(reference), len(query)
    sums = np.zeros(lengths[0] + lengths[1] - 1)
    rows = max(1, _PRODUCTS // lengths[1])
    for start in range(0, lengths[0], rows):
        block = reference[start : start + rows]
        diagonal = np.subtract.outer(np.arange(start, start + len(block)), np.arange(lengths[1])) + lengths[1] - 1
        sums += np.bincount(diagonal.ravel(), (block @ query.T).ravel(), minlength=len(sums))
    return sums


def _cells(pictures: Values, overlap: tuple[slice, slice]) -> Values:
    """Return the cells of pictures in these rows and columns: [n, cells]."""
    return pictures[:, overlap[0], overlap[1]].reshape(len(pictures), -1)


def _measure(reference: tuple[Seconds, Values], query: tuple[Seconds, Values], offset_s: float) -> Alignment | None:
    """Measure two tracks, as times [n] and cells [n, cells], at an offset; None where under two pictures overlap."""
    end_s = min(float(reference[0][-1]), float(query[0][-1]) + offset_s)
    shared = (reference[0] >= offset_s - 1e-3) & (reference[0] <= end_s + 1e-3)
    times = reference[0][shared]
    if len(times) < 2:
        return None
    reference_cells, query_cells = reference[1][shared], interpolate(*query, times - np.float32(offset_s))
    slack = timing_slack(*query, times - np.float32(offset_s))
    reference_still, query_still = reference_cells.mean(axis=0), query_cells.mean(axis=0)
    still, gain, level = _still_agreement(reference_still, query_still)
    # What moves is what differs from the mean over time, the query's on the reference's scale of luma.
    moved = reference_cells - reference_still, gain * (query_cells - query_still)
    open_ = _uncovered(reference_still - gain * query_still - level, moved)
    return Alignment(
        offset_s=offset_s,
        start_s=float(times[0]),
        seconds=float(times[-1] - times[0]) + 1 / EVEN_HZ,
        samples=len(times),
        still=still,
        **_motion_measures((moved[0][:, open_], moved[1][:, open_]), gain * slack[:, open_]),
    )


def _motion_measures(moved: tuple[Values, Values], slack: Values) -> dict[str, float]:
    """Return motion, energy, error and spread of an Alignment from what moves [n, cells] and how far it may err."""
    energies = np.square(moved[0]).mean(axis=0), np.square(moved[1]).mean(axis=0)
    # motion = sum_c w_c r_c / sum_c w_c, with r_c the correlation over time of cell c and w_c the smaller of its two
    # energies: a cell that moves in one video alone says nothing here, it shows up in `error`.
    weight = np.minimum(*energies)
    agreement = (moved[0] * moved[1]).mean(axis=0) / np.maximum(np.sqrt(energies[0] * energies[1]), 1e-6)
    difference = np.abs(moved[0] - moved[1])
    strength = (energies[0] + energies[1]) / 2
    energy, error = _trimmed_rms(strength, np.square(difference).mean(axis=0))
    return {
        "motion": float((weight * agreement).sum() / max(1e-6, float(weight.sum()))),
        "energy": energy,
        "error": error,
        "timed_error": _trimmed_rms(strength, np.square(np.maximum(0, difference - slack)).mean(axis=0))[1],
        # Participation ratio (sum s)^2 / (N sum s^2): N equal cells give 1, one cell of N gives 1 / N.
        "spread": float(np.square(strength.sum()) / max(1e-6, len(strength) * float(np.square(strength).sum()))),
    }


def _trimmed_rms(strength: Values, errors: Values) -> tuple[float, float]:
    """Return energy and error over the cells but those whose movement differs most, weighted by strength: [cells].

    The worst cells, with _SPARED of all movement, are left to captions and stickers.
    """
    order = np.argsort(errors / np.maximum(strength, 1e-6), kind="stable")
    agreeing = order[np.cumsum(strength[order]) <= (1 - _SPARED) * strength.sum()]
    total = max(1e-6, float(strength[agreeing].sum()))
    energy, error = (np.sqrt((strength[agreeing] * squares[agreeing]).sum() / total) for squares in (strength, errors))
    return float(energy), float(error)


def _uncovered(difference: Values, moved: tuple[Values, Values]) -> NDArray[np.bool_]:
    """Return the cells that no caption or sticker covers in one of the two [cells]; all where too many would be.

    `difference` is that of the still pictures. Movement changes the mean of a cell too, in proportion to its energy:
    hence the second limit, by which what is seen half of the time does not count as a cover.
    """
    energies = [np.square(cells).mean(axis=0) for cells in moved]
    covered = np.abs(difference) > np.maximum(_COVER_LEVELS, _COVER_SHARE * np.sqrt(np.maximum(*energies)))
    strength = energies[0] + energies[1]
    if covered.mean() > _MOST_COVERED or strength[~covered].sum() < _LEAST_OPEN * strength.sum():
        return np.ones_like(covered)
    return ~covered


def _still_agreement(reference: Values, query: Values) -> tuple[float, float, float]:
    """Return R^2 of the still pictures [cells], and gain and offset of luma from query to reference."""
    gain, offset = gain_of(query, reference)
    error = np.square(reference - gain * query - offset)
    agreeing = error <= np.quantile(error, _AGREEING)
    spread = float(np.square(reference[agreeing] - reference[agreeing].mean()).sum())
    return 1 - float(error[agreeing].sum()) / max(spread, 1e-3), gain, offset
