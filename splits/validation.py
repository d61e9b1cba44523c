"""Hold part of a training list back to validate: whole groups, each class alike, no class emptied."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_GAIN = 1e-12
"""A move must bring the shares nearer by more than the rounding of a sum, or moves could go round for ever."""
MOST_STARTS, STARTS_TIMES_GROUPS = 16, 4000
"""Bounds of the orders that are tried, by number and by work: 250 groups take all of them, in 0.1 s."""


def held_back(clips: pd.DataFrame, keys: pd.Series, *, share: float, seed: int) -> frozenset[str]:
    """Return the ids of the clips to validate on: about `share` (0 or more, less than 1) of each class.

    `clips` has the columns clip_id and label, `keys` the group of each row (splits.groups.group_keys). Groups in an
    order that the seed decides change sides for as long as that brings the classes' shares nearer (least squares),
    so that at the end no single group could do better on the other side; of several such orders the one that ends
    nearest counts. A group that is all a class has left stays to be learned from. At least one group is held back
    where one can be spared and `share` is not 0. The order of rows has no influence.

    Not the optimiser of protocols: a class may be missing here, and at every start of a training it must cost nothing.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}, not 0 or more and less than 1")
    if share == 0 or clips.empty:
        return frozenset()
    names, groups = _per_group(clips, keys)
    random = np.random.default_rng(seed)
    tries = [_searched(groups, share, random.permutation(len(groups))) for _ in range(_starts(len(groups)))]
    sides = min(tries, key=_Sides.deviation)
    chosen = {names[group] for group in np.flatnonzero(sides.held)}
    return frozenset(clips["clip_id"][keys.isin(chosen).to_numpy()].astype(str))


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
    first = np.searchsorted(cells, np.arange(1, len(names)) * len(classes))
    parts = zip(np.split(cells % len(classes), first), np.split(counts, first), strict=True)
    return [str(name) for name in names], [_Group(*part) for part in parts]


def _searched(groups: list[_Group], share: float, order: NDArray[np.int64]) -> "_Sides":
    """Move groups, in this order again and again, until none does better on the other side."""
    sides = _Sides(groups, share)
    while sum(sides.moved(int(group)) for group in order):
        pass
    if not sides.held.any():
        sides.hold_one(order)
    return sides


class _Sides:
    """Which groups are held back, and how far that is from the wanted share of each class."""

    def __init__(self, groups: list[_Group], share: float) -> None:
        self._groups = groups
        self.held = np.zeros(len(groups), dtype=bool)
        self._left = np.zeros(1 + max(int(group.classes.max()) for group in groups), dtype=np.int64)
        for group in groups:
            self._left[group.classes] += group.clips
        self._weight = 1 / self._left.astype(np.float64) ** 2
        self._excess = -share * self._left

    def deviation(self) -> float:
        """Return the sum over classes of the squared deviation from the wanted share."""
        return float((self._excess**2 * self._weight).sum())

    def _cost(self, number: int) -> float:
        """Return the change of the sum of squared deviations if a group changed sides; infinite if it must not."""
        group = self._groups[number]
        if not self.held[number] and (self._left[group.classes] <= group.clips).any():
            return np.inf
        change = -group.clips if self.held[number] else group.clips
        return float((change * (2 * self._excess[group.classes] + change) * self._weight[group.classes]).sum())

    def moved(self, number: int) -> bool:
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
        self._left[group.classes] -= change
        self._excess[group.classes] += change
        self.held[number] = not self.held[number]
