"""Search for a balanced division: several first divisions bettered by exchange, large tables piece by piece."""

import numpy as np

from splits.balance.apportion import apportioned
from splits.balance.exchange import descend
from splits.balance.quantities import Floats, Ints, Quantities
from splits.balance.state import NONE, State

SMALL = 600
"""Groups up to which all are exchanged at once: a step takes time and memory by their square."""
STARTS, WORK = 8, 1_500_000
"""Most first divisions of a small table, and fewer the larger its square is: WORK pairs of groups in all."""
ROUNDS, PATIENCE = 24, 6
"""Most descents with new weights from each first division, and how many of them may find nothing better in a row."""
PIECE = 240
"""Groups of one class, or of all, that a large table exchanges at once."""
FEW, KICKS = 60, 12
"""Classes of a large table with so few groups are shaken and bettered again so many times: with more groups the first
descent meets their share."""
PIECES = 40
"""Pieces of all groups, drawn by chance, in which a large table's effects and duration are balanced."""
GOOD_ENOUGH = 0.002
"""Deviation of an effect's or the duration's share below which nothing more is sought in a large table."""


def searched(of: Quantities, shares: Floats, held: Ints, *, seed: int) -> State:
    """Return the best division that was found; the seed decides, not the clock."""
    random = np.random.default_rng(seed)
    free = int((held == NONE).sum())
    if free > SMALL:
        state = apportioned(of, shares, held, random)
        fill(state)
        return _better_in_pieces(state, random)
    starts = min(STARTS, max(2, WORK // max(free, 1) ** 2)) if free else 1
    found = []
    for _ in range(starts):
        state = apportioned(of, shares, held, random)
        fill(state)
        found.append(bettered(state))
    return min(found, key=State.score)


def fill(state: State) -> None:
    """Give each class a group in every part where it has enough of them, as far as that empties no other part."""
    for at in np.flatnonzero(state.lacking() > 0):
        groups = np.flatnonzero(np.asarray(state.of.counts[:, [at]].todense()).ravel() > 0)
        for part in state.open_parts:
            if state.groups_in[part, at] or state.lacking()[at] <= 0:
                continue
            before = state.lacking()
            for group in sorted(groups[state.held[groups] == NONE], key=lambda one: _harm(state, int(one), int(part))):
                home = int(state.part[group])
                state.move(int(group), int(part))
                after = state.lacking()
                if after.sum() < before.sum():
                    break
                state.move(int(group), home)


def _harm(state: State, group: int, part: int) -> tuple[float, int]:
    amounts = state.of.amounts
    cells = slice(amounts.indptr[group], amounts.indptr[group + 1])
    at, amount = amounts.indices[cells], amounts.data[cells]
    pull = state.off[part, at] - state.off[state.part[group], at]
    return float((amount * (amount + pull)).sum()), group


def bettered(state: State) -> State:
    """Return the best state on a way of descents; after each the furthest classes weigh more."""
    members = np.arange(len(state.part))
    tiers = state.of.tiers
    for tier in range(int(tiers[-1])):
        state = _weighed_anew(state, members, tier)
    descend(state, members, (tiers == tiers[-1]).astype(np.float64), kept=(tiers < tiers[-1]).astype(np.float64))
    return state


def _weighed_anew(state: State, members: Ints, tier: int) -> State:
    inside = state.of.tiers == tier
    kept = (state.of.tiers < tier).astype(np.float64) if tier else None
    weights = inside.astype(np.float64)
    best, idle = state.copy(), 0
    for _ in range(ROUNDS):
        descend(state, members, weights, kept=kept)
        if state.score() < best.score():
            best, idle = state.copy(), 0
        idle += 1
        off = np.abs(state.off[state.open_parts]).max(axis=0) * inside
        if idle > PATIENCE or off.max(initial=0) <= _floor(state, inside):
            break
        # The squares of the furthest come to weigh most, so that at the end the worst deviation is what falls.
        weights = weights * (1 + off / off.max())
        weights = weights / weights.max()
    return best


def _floor(state: State, inside: Ints) -> float:
    """Return the worst deviation that whole clips (or groups) cannot avoid."""
    totals = state.of.totals[inside]
    wanted = state.shares[state.open_parts][:, None] * totals[None, :]
    missed = np.abs(np.round(wanted) - wanted) / np.maximum(totals, 1)
    return float(missed.max(initial=0)) + 1e-9


def _better_in_pieces(state: State, random: np.random.Generator) -> State:
    tiers = state.of.tiers
    totals = np.maximum(state.of.totals, 1)
    by_class = state.of.counts.tocsc()
    first, last = (tiers < tiers[-1]).astype(np.float64), (tiers == tiers[-1]).astype(np.float64)
    for at in range(len(state.of.classes)):
        off = np.abs(state.off[state.open_parts][:, tiers < tiers[-1]])[:, at :: len(state.of.classes)]
        if off.max() * totals[at] > 1:
            groups = by_class.indices[by_class.indptr[at] : by_class.indptr[at + 1]]
            members = _some(groups, random)
            descend(state, members, first)
            if len(members) <= FEW:
                state = _shaken(state, members, first, random)
    for _ in range(PIECES):
        if np.abs(state.off[state.open_parts][:, tiers == tiers[-1]]).max() <= GOOD_ENOUGH:
            return state
        descend(state, _some(np.arange(len(state.part)), random), last, kept=first)
    return state


def _shaken(state: State, members: Ints, weights: Floats, random: np.random.Generator) -> State:
    """Return the best of some descents, each after a third of the groups were moved by chance."""
    free = members[state.held[members] == NONE]
    for _ in range(KICKS if len(free) > 1 else 0):
        trial = state.copy()
        for group in random.choice(free, max(2, len(free) // 3), replace=False):
            trial.move(int(group), int(random.choice(state.open_parts)))
        descend(trial, members, weights)
        if trial.score() < state.score():
            state = trial
    return state


def _some(groups: Ints, random: np.random.Generator) -> Ints:
    """Return up to PIECE of the groups, by chance, in order."""
    return np.sort(groups if len(groups) <= PIECE else random.choice(np.sort(groups), PIECE, replace=False))
