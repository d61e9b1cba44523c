"""A division while it is sought: the part of each group, how far each quantity is off, what each part lacks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from splits.balance.quantities import Floats, Ints, Quantities

Score = tuple[float, ...]
"""Less is better, the first difference decides."""

NONE = -1
"""The part of a group that has none yet."""
DIGITS = 7
"""Of shares in a score: sums of real numbers differ behind that by the order in which groups moved."""


@dataclass
class State:
    """Groups in parts; `move` keeps all of it in step."""

    of: Quantities
    shares: Floats
    """[parts] wanted, their sum is 1; a part of share 0 is given nothing."""
    part: Ints
    """[groups]"""
    held: Ints
    """[groups] the part that a group must keep, NONE where it may move."""
    off: Floats
    """[parts, quantities] share that lies in the part, less the wanted one."""
    groups_in: Ints
    """[parts, classes] groups with clips of the class."""

    @staticmethod
    def of_parts(of: Quantities, shares: Floats, part: Ints, held: Ints) -> "State":
        """Return the state of groups that all have a part."""
        member = csr_array((np.ones(len(part)), (part, np.arange(len(part)))), shape=(len(shares), len(part)))
        has = csr_array((of.counts > 0).astype(np.int64))
        real = (of.totals > 0).astype(np.float64)
        return State(
            of=of,
            shares=shares,
            part=part.copy(),
            held=held,
            off=np.asarray((member @ of.amounts).todense()) - shares[:, None] * real[None, :],
            groups_in=np.asarray((member @ has).todense()).astype(np.int64),
        )

    def copy(self) -> "State":
        """Return a state that moves by itself."""
        return State(self.of, self.shares, self.part.copy(), self.held, self.off.copy(), self.groups_in.copy())

    def move(self, group: int, to: int) -> None:
        """Put a group into another part."""
        come, go = to, int(self.part[group])
        amounts, counts = self.of.amounts, self.of.counts
        cells = slice(amounts.indptr[group], amounts.indptr[group + 1])
        self.off[come, amounts.indices[cells]] += amounts.data[cells]
        self.off[go, amounts.indices[cells]] -= amounts.data[cells]
        classes = counts.indices[counts.indptr[group] : counts.indptr[group + 1]]
        self.groups_in[come, classes] += 1
        self.groups_in[go, classes] -= 1
        self.part[group] = to

    @property
    def open_parts(self) -> Ints:
        """Parts that are given groups."""
        return np.flatnonzero(self.shares > 0)

    def lacking(self) -> Ints:
        """Return [classes] in how many parts each class is missing that it has enough groups to reach."""
        reached = (self.groups_in[self.open_parts] > 0).sum(axis=0)
        return np.minimum(self.groups_in.sum(axis=0), len(self.open_parts)) - reached

    def score(self) -> Score:
        """Return missing classes, then for each tier the worst deviation and the sum of all."""
        values = [float(np.maximum(self.lacking(), 0).sum())]
        off = np.abs(self.off[self.open_parts])
        for tier in range(int(self.of.tiers[-1]) + 1):
            inside = off[:, self.of.tiers == tier]
            values += [round(float(inside.max(initial=0)), DIGITS), round(float(inside.sum()), DIGITS)]
        # Among effects and duration the sum counts first: the worst one is often a rare value that nothing can mend.
        return (*values[:-2], values[-1], values[-2])


def held_parts(of: Quantities, held: Mapping[str, int]) -> Ints:
    """Return [groups] the part that each group must keep, NONE for the others."""
    return np.array([held.get(str(key), NONE) for key in of.keys], dtype=np.int64)
