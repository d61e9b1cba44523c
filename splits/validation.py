"""Hold back a share of a training list for validation: whole groups, each class alike, no class emptied."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_GAIN = 1e-12
"""A move must reduce the deviation by more than the rounding of a sum, or moves could go round for ever."""
MOST_STARTS, STARTS_TIMES_GROUPS = 16, 4000
"""Bounds of the orders that are tried, by number and by work: 250 groups or fewer take all 16 of them, in 0.1 s."""


def held_back(clips: pd.DataFrame, keys: pd.Series, *, share: float, seed: int) -> frozenset[str]:
    """Return the ids of the clips to validate on: about `share` (0 or more, less than 1) of each class.

    `clips` has the columns clip_id and label, `keys` the group of each row (splits.groups.group_keys). Groups in an
    order that the seed decides change sides for as long as that brings the classes' shares nearer (least squares),
    so that at the end no single group could do better on the other side; of several such orders the one that ends
    nearest counts. The last training group of a class is never held back. At least one group is held back where one
    can be spared and `share` is not 0. The order of rows has no influence.

    Not the optimiser of protocols: a class may be missing here, and at every start of a training it must cost nothing.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}, not 0 or more and less than 1")
    if share == 0 or clips.empty:
        return frozenset()
    names, groups = _per_group(clips, keys)
    random = np.random.default_rng(seed)
    orders = [random.permutation(len(groups)) for _ in range(_starts(len(groups)))]
    best = min((_search(groups, share, order) for order in orders), key=_Partition.deviation)
    validation_groups = {names[group] for group in np.flatnonzero(best.held)}
    return frozenset(clips["clip_id"][keys.isin(validation_groups).to_numpy()].astype(str))


def _starts(groups: int) -> int:
    """Return how many orders are tried: many where groups are few and each one matters."""
    return max(1, min(MOST_STARTS, STARTS_TIMES_GROUPS // groups))


@dataclass(frozen=True)
class _Group:
    """How many clips of which classes are in a group."""

    classes: NDArray[np.int64]
    clips: NDArray[np.int64]


def _per_group(clips: pd.DataFrame, keys: pd.Series) -> tuple[list[str], list[_Group]]:
    """Return the groups' keys in alphabetical order, and what is in each."""
    key = keys.astype(str).to_numpy(dtype=object)
    label = clips["label"].astype(str).to_numpy(dtype=object)
    names, group = np.unique(key, return_inverse=True)
    classes, class_index = np.unique(label, return_inverse=True)
    cells, counts = np.unique(group * len(classes) + class_index, return_counts=True)
    starts = np.searchsorted(cells, np.arange(1, len(names)) * len(classes))
    by_group = zip(np.split(cells % len(classes), starts), np.split(counts, starts), strict=True)
    return [str(name) for name in names], [_Group(class_indices, clips) for class_indices, clips in by_group]


def _search(groups: list[_Group], share: float, order: NDArray[np.int64]) -> "_Partition":
    """Move groups, in this order again and again, until none does better on the other side."""
    partition = _Partition(groups, share)
    while sum(partition.move_if_better(int(group)) for group in order):
        pass
    if not partition.held.any():
        partition.hold_one(order)
    return partition


# With h_c of the n_c clips of class c held back, the deviation is D = sum over c of ((h_c - share * n_c) / n_c)^2.
# `_excess` is e_c = h_c - share * n_c, `_weight` is 1 / n_c^2. Holding back a group with g_c clips changes D by
#   sum over its classes of w_c ((e_c + g_c)^2 - e_c^2) = sum of w_c g_c (2 e_c + g_c);
# taking it out is the same with -g_c. 10 clips, share 0.3, none held back: e = -3, and a group of 2 clips changes D by
# 2 (-6 + 2) / 100 = -0.08: from 0.09 to 0.01.
class _Partition:
    """Which groups are held back, and how far that is from the share of each class."""

    def __init__(self, groups: list[_Group], share: float) -> None:
        self._groups = groups
        self.held = np.zeros(len(groups), dtype=bool)
        self._training = np.zeros(1 + max(int(group.classes.max()) for group in groups), dtype=np.int64)
        """[classes] clips that are not held back."""
        for group in groups:
            self._training[group.classes] += group.clips
        self._weight = 1 / self._training.astype(np.float64) ** 2
        self._excess = -share * self._training

    def deviation(self) -> float:
        """Return the sum over classes of the squared deviation from the share."""
        return float((self._excess**2 * self._weight).sum())

    def _cost(self, number: int) -> float:
        """Return the change of the sum of squared deviations if a group changed sides; infinite if it must not."""
        group = self._groups[number]
        if not self.held[number] and (self._training[group.classes] <= group.clips).any():
            return np.inf
        change = -group.clips if self.held[number] else group.clips
        return float((change * (2 * self._excess[group.classes] + change) * self._weight[group.classes]).sum())

    def move_if_better(self, number: int) -> bool:
        """Move a group to the other side if that brings the shares nearer; return whether it did."""
        if self._cost(number) >= -LEAST_GAIN:
            return False
        self._move(number)
        return True

    def hold_one(self, order: NDArray[np.int64]) -> None:
        """Hold back the group that costs least, the first of equal ones, if there is one that may be."""
        best = min(order, key=self._cost)
        if np.isfinite(self._cost(best)):
            self._move(best)

    def _move(self, number: int) -> None:
        group = self._groups[number]
        change = -group.clips if self.held[number] else group.clips
        self._training[group.classes] -= change
        self._excess[group.classes] += change
        self.held[number] = not self.held[number]
