"""Search for a balanced assignment: several first ones improved by exchange, large tables piece by piece."""

import numpy as np

from splits.balance.apportion import apportion
from splits.balance.assignment import NONE, Assignment
from splits.balance.exchange import descend
from splits.balance.quantities import Floats, Ints, Quantities

SMALL = 600
"""Groups up to which all are exchanged at once: a step takes time and memory by their square."""
STARTS, WORK = 8, 1_500_000
"""Most first assignments of a small table, and fewer the larger its square is: WORK pairs of groups in all."""
ROUNDS, PATIENCE = 24, 6
"""Most descents with new weights from each first assignment, and how many of them may improve nothing in a row."""
PIECE = 240
"""Groups of one class, or of all, that a large table exchanges at once."""
FEW, KICKS = 60, 12
"""Classes of a large table with so few groups are shaken and improved again so many times: with more groups the first
descent meets their share."""
PIECES = 40
"""Pieces of all groups, drawn by chance, in which a large table's effects and duration are balanced."""
GOOD_ENOUGH = 0.002
"""Deviation of an effect's or the duration's share below which nothing more is sought in a large table."""


def search(of: Quantities, shares: Floats, held: Ints, *, seed: int) -> Assignment:
    """Return the best assignment of all starts; the seed decides, not the clock."""
    random = np.random.default_rng(seed)
    free = int((held == NONE).sum())
    if free > SMALL:
        assignment = apportion(of, shares, held, random)
        fill(assignment)
        return _improve_in_pieces(assignment, random)
    # 250 free groups: 1,500,000 / 62,500 = 24, so 8 starts; 600: 4.
    starts = min(STARTS, max(2, WORK // max(free, 1) ** 2)) if free else 1
    assignments = []
    for _ in range(starts):
        assignment = apportion(of, shares, held, random)
        fill(assignment)
        assignments.append(improve(assignment))
    return min(assignments, key=Assignment.score)


def fill(assignment: Assignment) -> None:
    """Give each class a group in every subset where it has enough of them, as far as that empties no other subset."""
    for at in np.flatnonzero(assignment.lacking() > 0):
        groups = np.flatnonzero(np.asarray(assignment.of.counts[:, [at]].todense()).ravel() > 0)
        free = [int(group) for group in groups[assignment.held[groups] == NONE]]
        for subset in assignment.open_subsets.tolist():
            if assignment.groups_in[subset, at] or assignment.lacking()[at] <= 0:
                continue
            before = assignment.lacking()
            for _, group in sorted((_harm(assignment, group, subset), group) for group in free):
                home = int(assignment.subset_of[group])
                assignment.move(group, subset)
                after = assignment.lacking()
                if after.sum() < before.sum():
                    break
                assignment.move(group, home)


def _harm(assignment: Assignment, group: int, subset: int) -> float:
    """Return half of what a move adds to the sum of squared deviations: <a, a + off_s - off_h>, see exchange.py."""
    amounts = assignment.of.amounts
    cells = slice(amounts.indptr[group], amounts.indptr[group + 1])
    at, amount = amounts.indices[cells], amounts.data[cells]
    pull = assignment.off[subset, at] - assignment.off[assignment.subset_of[group], at]
    return float((amount * (amount + pull)).sum())


def improve(assignment: Assignment) -> Assignment:
    """Return the best assignment on a way of descents; after each the furthest classes weigh more."""
    members = np.arange(len(assignment.subset_of))
    tiers = assignment.of.tiers
    for tier in range(int(tiers[-1])):
        assignment = _descend_reweighted(assignment, members, tier)
    of_last, of_earlier = (tiers == tiers[-1]).astype(np.float64), (tiers < tiers[-1]).astype(np.float64)
    descend(assignment, members, of_last, guarded=of_earlier)
    return assignment


def _descend_reweighted(assignment: Assignment, members: Ints, tier: int) -> Assignment:
    """Return the best of descents whose weights come to favour the quantities of a tier that are furthest off."""
    inside = assignment.of.tiers == tier
    guarded = (assignment.of.tiers < tier).astype(np.float64) if tier else None
    weights = inside.astype(np.float64)
    best, idle = assignment.copy(), 0
    for _ in range(ROUNDS):
        descend(assignment, members, weights, guarded=guarded)
        if assignment.score() < best.score():
            best, idle = assignment.copy(), 0
        idle += 1
        off = np.abs(assignment.off[assignment.open_subsets]).max(axis=0) * inside
        if idle > PATIENCE or off.max(initial=0) <= _floor(assignment, inside):
            break
        # A descent makes the sum of squares small, the score asks for the worst deviation first. So the weight of
        # each quantity grows by 1 + off / max(off): the furthest one doubles in each round, one that is met stays,
        # and at the end the worst deviation is what falls. Off 0.04 and 0.01: weights 1, 1 become 1, 0.625.
        weights = weights * (1 + off / off.max())
        weights = weights / weights.max()
    return best


def _floor(assignment: Assignment, inside: Ints) -> float:
    """Return the worst deviation that whole clips (or groups) cannot avoid."""
    # |round(share * total) - share * total| / total. 25 clips, share 0.3: 7.5, so half a clip: 0.02.
    totals = assignment.of.totals[inside]
    targets = assignment.shares[assignment.open_subsets][:, None] * totals[None, :]
    missed = np.abs(np.round(targets) - targets) / np.maximum(totals, 1)
    return float(missed.max(initial=0)) + 1e-9


def _improve_in_pieces(assignment: Assignment, random: np.random.Generator) -> Assignment:
    """Exchange the groups of each class that is more than a clip off, then random pieces of all groups."""
    tiers = assignment.of.tiers
    totals = np.maximum(assignment.of.totals, 1)
    by_class = assignment.of.counts.tocsc()
    of_earlier, of_last = (tiers < tiers[-1]).astype(np.float64), (tiers == tiers[-1]).astype(np.float64)
    for at in range(len(assignment.of.classes)):
        off = np.abs(assignment.off[assignment.open_subsets][:, tiers < tiers[-1]])[:, at :: len(assignment.of.classes)]
        if off.max() * totals[at] > 1:
            groups = by_class.indices[by_class.indptr[at] : by_class.indptr[at + 1]]
            members = _sample(groups, random)
            descend(assignment, members, of_earlier)
            if len(members) <= FEW:
                assignment = _shake(assignment, members, of_earlier, random)
    for _ in range(PIECES):
        if np.abs(assignment.off[assignment.open_subsets][:, tiers == tiers[-1]]).max() <= GOOD_ENOUGH:
            return assignment
        members = _sample(np.arange(len(assignment.subset_of)), random)
        descend(assignment, members, of_last, guarded=of_earlier)
    return assignment


def _shake(assignment: Assignment, members: Ints, weights: Floats, random: np.random.Generator) -> Assignment:
    """Return the best of some descents, each after a third of the groups were moved by chance."""
    free = members[assignment.held[members] == NONE]
    for _ in range(KICKS if len(free) > 1 else 0):
        trial = assignment.copy()
        for group in random.choice(free, max(2, len(free) // 3), replace=False):
            trial.move(int(group), int(random.choice(assignment.open_subsets)))
        descend(trial, members, weights)
        if trial.score() < assignment.score():
            assignment = trial
    return assignment


def _sample(groups: Ints, random: np.random.Generator) -> Ints:
    """Return up to PIECE of the groups, by chance, in order."""
    return np.sort(groups if len(groups) <= PIECE else random.choice(np.sort(groups), PIECE, replace=False))
