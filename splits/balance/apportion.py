"""Give groups to subsets one after another, the largest first, each to the subset that lacks most of what it has."""

import numpy as np

from splits.balance.assignment import NONE, Assignment
from splits.balance.quantities import Floats, Ints, Quantities

TIER_WEIGHT = 0.1
"""How much less a later tier weighs than the one before it."""


# Sum over quantities q of w_q (f_s,q - share_s * F_q)^2 falls or rises, when group g goes to subset s, by
#   w_q a (a - 2 lack),   lack = share_s * (F_q + a) - f_s,q,
# with a = amount of q in g, f_s,q = amount given to s so far, F_q = amount given to all so far. F_q + a rather than
# the total: otherwise the largest subset would lack most of everything and get all large groups. The cost is divided
# by share_s, so that a group counts in a small subset as much as it weighs there.
# First group, a = 0.5, train 0.7, test 0.3: lack 0.35 and 0.15; costs (0.25 - 0.35) / 0.7 = -0.14 and
# (0.25 - 0.15) / 0.3 = 0.33: it goes to train.
def apportion(of: Quantities, shares: Floats, held: Ints, random: np.random.Generator) -> Assignment:
    """Return a first assignment; the random numbers order groups of equal size.

    Groups of several classes go first, as the others can still make up for them.
    """
    classes = np.diff(of.counts.indptr)
    sizes = np.asarray(of.counts.sum(axis=1)).ravel()
    order = np.lexsort((random.random(len(sizes)), -sizes, -classes, held == NONE))
    open_subsets = [subset for subset in range(len(shares)) if shares[subset] > 0]
    weight = (TIER_WEIGHT ** of.tiers.astype(np.float64)).tolist()
    # Plain lists: one group touches a handful of cells, for which arrays are ten times slower.
    placed = [0.0] * len(weight)
    placed_in = [[0.0] * len(weight) for _ in shares]
    targets = shares.tolist()
    indptr, indices, amounts = of.amounts.indptr.tolist(), of.amounts.indices.tolist(), of.amounts.data.tolist()
    subset_of = np.empty(len(sizes), dtype=np.int64)
    held_of = held.tolist()
    for group in order.tolist():
        cells = range(indptr[group], indptr[group + 1])
        best = held_of[group]
        if best == NONE:
            least = np.inf
            for subset in open_subsets:
                share, present, cost = targets[subset], placed_in[subset], 0.0
                for cell in cells:
                    at, amount = indices[cell], amounts[cell]
                    lack = share * (placed[at] + amount) - present[at]
                    cost += weight[at] * amount * (amount - 2 * lack)
                if cost / share < least:
                    least, best = cost / share, subset
        subset_of[group] = best
        for cell in cells:
            placed[indices[cell]] += amounts[cell]
            placed_in[best][indices[cell]] += amounts[cell]
    return Assignment.of_subsets(of, shares, subset_of, held)
