"""Intervals of an accuracy: Wilson over clips, bootstrap over groups."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

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


def group_bootstrap(
    right: NDArray[np.bool_], groups: Sequence[str], *, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of an accuracy when whole groups are drawn with replacement, 0-1.

    Shapes (n,) and n names. Clips of a group share an uploader, a camera or a person, so the group is the unit of
    chance (Miller 2024, arXiv 2411.00640: cluster on the unit of randomisation). One group alone says nothing of
    others: (0, 1). Where every clip is right the interval has no width; Wilson's has.
    The outcome does not depend on the order of the clips.
    """
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if len(names) < 2:
        return 0.0, 1.0
    n_right = np.bincount(member, weights=right)
    n_clips = np.bincount(member)
    chance = np.random.default_rng(seed)
    draws_at_once = max(1, _BLOCK // len(names))
    shares = []
    for first in range(0, DRAWS, draws_at_once):
        drawn = chance.integers(len(names), size=(min(draws_at_once, DRAWS - first), len(names)))
        shares.append(n_right[drawn].sum(axis=1) / n_clips[drawn].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(shares), [tail, 1 - tail])
    return float(low), float(high)
