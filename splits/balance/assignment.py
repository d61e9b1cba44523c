"""An assignment of groups to subsets while it is searched: how far each quantity is off, what each subset lacks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from splits.balance.quantities import Floats, Ints, Quantities

Score = tuple[float, ...]
"""Less is better, the first difference decides."""

NONE = -1
"""The subset of a group that has none yet."""
DIGITS = 7
"""Digits of the shares in a score: sums of real numbers differ beyond them by the order in which groups moved."""


@dataclass
class Assignment:
    """The subset of every group; `move` keeps all figures in step."""

    of: Quantities
    shares: Floats
    """[subsets] target share of each, their sum is 1; a subset of share 0 is given nothing."""
    subset_of: Ints
    """[groups]"""
    held: Ints
    """[groups] the subset that a group must keep, NONE where it may move."""
    off: Floats
    """[subsets, quantities] share that lies in the subset, less its target."""
    groups_in: Ints
    """[subsets, classes] groups with clips of the class."""

    @staticmethod
    def of_subsets(of: Quantities, shares: Floats, subset_of: Ints, held: Ints) -> "Assignment":
        """Return the assignment of groups that all have a subset."""
        ones, groups = np.ones(len(subset_of)), np.arange(len(subset_of))
        member = csr_array((ones, (subset_of, groups)), shape=(len(shares), len(subset_of)))
        has = csr_array((of.counts > 0).astype(np.int64))
        is_present = (of.totals > 0).astype(np.float64)
        # off[s, q] = sum over groups g in s of amounts[g, q], less shares[s]. Of 30 clips 12 in test, share 0.3:
        # 0.4 - 0.3 = 0.1. A quantity that nothing has (no clip has effects) is never off.
        return Assignment(
            of=of,
            shares=shares,
            subset_of=subset_of.copy(),
            held=held,
            off=np.asarray((member @ of.amounts).todense()) - shares[:, None] * is_present[None, :],
            groups_in=np.asarray((member @ has).todense()).astype(np.int64),
        )

    def copy(self) -> "Assignment":
        """Return an assignment that moves by itself."""
        return Assignment(
            self.of, self.shares, self.subset_of.copy(), self.held, self.off.copy(), self.groups_in.copy()
        )

    def move(self, group: int, target: int) -> None:
        """Put a group into another subset."""
        home = int(self.subset_of[group])
        amounts, counts = self.of.amounts, self.of.counts
        cells = slice(amounts.indptr[group], amounts.indptr[group + 1])
        self.off[target, amounts.indices[cells]] += amounts.data[cells]
        self.off[home, amounts.indices[cells]] -= amounts.data[cells]
        classes = counts.indices[counts.indptr[group] : counts.indptr[group + 1]]
        self.groups_in[target, classes] += 1
        self.groups_in[home, classes] -= 1
        self.subset_of[group] = target

    @property
    def open_subsets(self) -> Ints:
        """Subsets that are given groups."""
        return np.flatnonzero(self.shares > 0)

    def lacking(self) -> Ints:
        """Return [classes] in how many subsets each class is missing that it has enough groups to reach."""
        # min(groups of the class, subsets) - subsets reached: 2 groups and 5 folds can reach 2 of them, no more.
        reached = (self.groups_in[self.open_subsets] > 0).sum(axis=0)
        return np.minimum(self.groups_in.sum(axis=0), len(self.open_subsets)) - reached

    def score(self) -> Score:
        """Return missing classes, then for each tier the worst deviation and the sum of all."""
        figures = [float(np.maximum(self.lacking(), 0).sum())]
        off = np.abs(self.off[self.open_subsets])
        for tier in range(int(self.of.tiers[-1]) + 1):
            inside = off[:, self.of.tiers == tier]
            figures += [round(float(inside.max(initial=0)), DIGITS), round(float(inside.sum()), DIGITS)]
        # Among effects and duration the sum counts first: the worst one is often a rare value that nothing can mend.
        return (*figures[:-2], figures[-1], figures[-2])


def held_subsets(of: Quantities, held: Mapping[str, int]) -> Ints:
    """Return [groups] the subset that each group must keep, NONE for the others."""
    return np.array([held.get(str(key), NONE) for key in of.keys], dtype=np.int64)
