"""Give groups to parts one after another, the largest first, each to the part that lacks most of what it holds."""

import numpy as np

from splits.balance.quantities import Floats, Ints, Quantities
from splits.balance.state import NONE, State

TIER_WEIGHT = 0.1
"""How much less a later tier weighs than the one before it."""


def apportioned(of: Quantities, shares: Floats, held: Ints, random: np.random.Generator) -> State:
    """Return a first division; the random numbers order groups of equal size.

    Each part is compared with its share of what was given out so far, not of the whole: otherwise the largest part
    would get all large groups. Groups of several classes go first, as the others can still make up for them.
    """
    classes = np.diff(of.counts.indptr)
    sizes = np.asarray(of.counts.sum(axis=1)).ravel()
    order = np.lexsort((random.random(len(sizes)), -sizes, -classes, held == NONE))
    parts = [part for part in range(len(shares)) if shares[part] > 0]
    weight = (TIER_WEIGHT ** of.tiers.astype(np.float64)).tolist()
    # Plain lists: one group touches a handful of cells, for which arrays are ten times slower.
    given = [0.0] * len(weight)
    lies = [[0.0] * len(weight) for _ in shares]
    wanted = shares.tolist()
    indptr, indices, data = of.amounts.indptr.tolist(), of.amounts.indices.tolist(), of.amounts.data.tolist()
    result = np.empty(len(sizes), dtype=np.int64)
    keeps = held.tolist()
    for group in order.tolist():
        cells = range(indptr[group], indptr[group + 1])
        best = keeps[group]
        if best == NONE:
            least = np.inf
            for part in parts:
                share, has, cost = wanted[part], lies[part], 0.0
                for cell in cells:
                    at, amount = indices[cell], data[cell]
                    lacks = share * (given[at] + amount) - has[at]
                    cost += weight[at] * amount * (amount - 2 * lacks)
                if cost / share < least:
                    least, best = cost / share, part
        result[group] = best
        for cell in cells:
            given[indices[cell]] += data[cell]
            lies[best][indices[cell]] += data[cell]
    return State.of_parts(of, shares, result, held)
