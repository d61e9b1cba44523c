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
    names, member = _members(groups)
    if len(names) < 2:
        return 0.0, 1.0
    sums = _drawn(np.stack([np.bincount(member, weights=right), np.bincount(member)], axis=1), seed=seed)
    return _tails(sums[:, 0] / sums[:, 1])


def mean_class_bootstrap(
    right: Points, truth: NDArray[np.int64], groups: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """Return the same interval of the mean recall over classes; `truth` holds classes 0, 1, ... of shape (n,).

    A class that a draw lacks is left out of the mean of that draw, as one that a test list lacks is.
    """
    names, member = _members(groups)
    if len(names) < 2:
        return 0.0, 1.0
    present, column = np.unique(truth, return_inverse=True)
    place, cells = member * len(present) + column, len(names) * len(present)
    sides = [np.bincount(place, weights=weights, minlength=cells) for weights in (right, None)]
    sums = _drawn(np.concatenate([side.reshape(len(names), -1) for side in sides], axis=1), seed=seed)
    n_right, n_clips = sums[:, : len(present)], sums[:, len(present) :]
    recalls = np.divide(n_right, n_clips, out=np.zeros_like(n_right), where=n_clips > 0)
    return _tails(recalls.sum(axis=1) / (n_clips > 0).sum(axis=1))


def difference_bootstrap(
    one: Points, other: Points, groups_of_one: Sequence[str], groups_of_other: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of mean(one) - mean(other) when whole groups are drawn for both at once.

    With the same clips in the same order on both sides it is the paired cluster bootstrap (Field and Welsh 2007;
    Miller 2024, arXiv 2411.00640), which is narrow where both are right and wrong together. Draws that lack a side
    are left out. Fewer than two groups, or two in which no draw has both sides: (-1, 1).
    """
    names, member = _members([*groups_of_one, *groups_of_other])
    if len(names) < 2 or not len(one) or not len(other):
        return -1.0, 1.0
    sides = []
    for points, own in ((one, member[: len(one)]), (other, member[len(one) :])):
        sides += [np.bincount(own, weights=points, minlength=len(names)), np.bincount(own, minlength=len(names))]
    sums = _drawn(np.stack(sides, axis=1), seed=seed)
    sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
    return _tails(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]) if len(sums) else (-1.0, 1.0)


def _members(groups: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the names of groups, sorted, and the position of each clip's among them."""
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return names, member


def _drawn(table: NDArray[np.generic], *, seed: int) -> Floats:
    """Return the column sums [draws, k] of a table [groups, k] whose rows are drawn with replacement, as many again."""
    chance, n = np.random.default_rng(seed), len(table)
    at_once = max(1, _BLOCK // n)
    found = []
    for first in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - first)
        drawn = chance.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)
        found.append(times.astype(np.float64) @ table.astype(np.float64))
    return np.concatenate(found)


def _tails(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
