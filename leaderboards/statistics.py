"""Intervals: Wilson over clips; bootstrap over groups of an accuracy, a mean class accuracy and a difference."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Points = NDArray[np.bool_] | Floats
"""What each clip scores: right or wrong, or 0-1 where a tie is a half."""

DRAWS = 2000
"""Bootstrap samples: the 2.5 % tail then rests on 50 of them."""

# 4 million indices are 32 MB: more groups are drawn in several blocks, with the same outcome.
_BLOCK = 4_000_000


def wilson(right: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of right/n (Wilson 1927, JASA 22, 209-212), within 0-1.

    `right` may hold halves, where a tie counts one half. It treats clips as independent: where many come from one
    upload it is too narrow. Raises ValueError for n < 1.
    """
    if n < 1 or not 0 <= right <= n:
        raise ValueError(f"{right} of {n} is no share.")
    # With p = right / n and z the normal quantile (1.96 for 95 %), the interval is all p0 with |p - p0| <= z times the
    # standard error at p0, sqrt(p0 (1 - p0) / n); solved for p0 (Wilson 1927, equation 4):
    #   (p + z^2/2n  -+  z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2/n)
    # 7 of 10: p = 0.7 -> 0.397 to 0.892. At 0 and n the formula gives 0 and 1 but for rounding.
    z = float(norm.ppf(0.5 + confidence / 2))
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if right == 0 else middle - reach
    high = 1.0 if right == n else middle + reach
    return low, high


def group_bootstrap(right: Points, groups: Sequence[str], *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile interval of an accuracy when whole groups are drawn with replacement, 0-1.

    Shapes (n,) and n names. Clips of a group share an uploader, a camera or a person, so the group is the unit of
    chance (Miller 2024, arXiv 2411.00640: cluster on the unit of randomisation). One group alone says nothing of
    others: (0, 1). Where every clip is right the interval has no width; Wilson's has.
    The outcome does not depend on the order of the clips.
    """
    names, member = _group_positions(groups)
    if len(names) < 2:
        return 0.0, 1.0
    # A table of (right clips, clips) per group; a draw of G groups with replacement has accuracy R/N, the ratio of the
    # two sums, so that large groups weigh more. Groups (3 of 4, 0 of 1): draw (0, 0) -> 6/8, (0, 1) -> 3/5.
    sums = _bootstrap_sums(np.stack([np.bincount(member, weights=right), np.bincount(member)], axis=1), seed=seed)
    return _percentile_interval(sums[:, 0] / sums[:, 1])


def mean_class_bootstrap(
    right: Points, truth: NDArray[np.int64], groups: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """Return the same interval of the mean recall over classes; `truth` holds classes 0, 1, ... of shape (n,).

    A class that a draw lacks is left out of the mean of that draw, as one that a test list lacks is.
    """
    names, member = _group_positions(groups)
    if len(names) < 2:
        return 0.0, 1.0
    present, column = np.unique(truth, return_inverse=True)
    # A cell for each (group, class): group 2, class 1 of 3 -> 2 * 3 + 1 = 7. A draw's recall of class c is the sum of
    # its right clips over the sum of its clips, and the mean is over the classes that the draw holds.
    place, cells = member * len(present) + column, len(names) * len(present)
    counts = [np.bincount(place, weights=weights, minlength=cells) for weights in (right, None)]
    sums = _bootstrap_sums(np.concatenate([count.reshape(len(names), -1) for count in counts], axis=1), seed=seed)
    n_right, n_clips = sums[:, : len(present)], sums[:, len(present) :]
    recalls = np.divide(n_right, n_clips, out=np.zeros_like(n_right), where=n_clips > 0)
    return _percentile_interval(recalls.sum(axis=1) / (n_clips > 0).sum(axis=1))


def difference_bootstrap(
    left: Points, right: Points, left_groups: Sequence[str], right_groups: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of mean(left) - mean(right) when whole groups are drawn for both at once.

    With the same clips in the same order left and right it is the paired cluster bootstrap (Field and Welsh 2007;
    Miller 2024, arXiv 2411.00640), which is narrow where both are right and wrong together. Draws that lack a side
    are left out. Fewer than two groups, or two in which no draw has both sides: (-1, 1).
    """
    names, member = _group_positions([*left_groups, *right_groups])
    if len(names) < 2 or not len(left) or not len(right):
        return -1.0, 1.0
    sides = []
    for points, set_member in ((left, member[: len(left)]), (right, member[len(left) :])):
        sides += [
            np.bincount(set_member, weights=points, minlength=len(names)),
            np.bincount(set_member, minlength=len(names)),
        ]
    sums = _bootstrap_sums(np.stack(sides, axis=1), seed=seed)
    # Columns: right and clips of the left, right and clips of the right; a draw's difference is R1/N1 - R2/N2. As one
    # draw gives both sums, what both sides share (the same clips, the same uploader) cancels.
    sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
    return _percentile_interval(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]) if len(sums) else (-1.0, 1.0)


def _group_positions(groups: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the names of groups, sorted, and the position of each clip's among them."""
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return names, member


def _bootstrap_sums(table: NDArray[np.generic], *, seed: int) -> Floats:
    """Return column sums [DRAWS, k] of a table [G, k], each over G rows drawn with replacement."""
    random, n = np.random.default_rng(seed), len(table)
    draws_per_block = max(1, _BLOCK // n)
    sums = []
    for start in range(0, DRAWS, draws_per_block):
        draws = min(draws_per_block, DRAWS - start)
        drawn = random.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
        # How often each group was drawn [draws, G]: groups of draw d are offset by d * G, so that one bincount does it.
        # G = 3, draws ((0, 2, 2), (1, 1, 0)) -> 0 2 2 4 4 3 -> counts (1 0 2 | 1 2 0).
        times = np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)
        sums.append(times.astype(np.float64) @ table.astype(np.float64))
    return np.concatenate(sums)


def _percentile_interval(values: Floats) -> tuple[float, float]:
    # Percentile bootstrap (Efron and Tibshirani 1993, section 13.3): the 2.5 % and 97.5 % quantiles of the draws.
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
