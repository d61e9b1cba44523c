"""Make a division better by moving groups and by swapping two of different parts, the best step each time."""

import numpy as np
from numpy.typing import NDArray

from splits.balance.quantities import Floats, Ints
from splits.balance.state import NONE, State

LEAST = 1e-12
"""Smaller gains are the noise of real numbers."""
STEPS = 400
"""Most steps of one descent."""


def descend(state: State, members: Ints, weights: Floats, *, kept: Floats | None = None) -> None:
    """Step while the weighted sum of squared deviations falls.

    members: [n] positions of the groups that may move, time and memory grow with n²; weights: [quantities].
    No step makes the sum with the weights `kept` larger, and none takes a class's last group out of a part.
    """
    members = members[state.held[members] == NONE]
    if not len(members):
        return
    block = _Block(state, members)
    gain = block.pairs(weights)
    guard = None if kept is None else block.pairs(kept)
    for _ in range(STEPS):
        moves, swaps = block.changes(weights, gain)
        forbidden_moves, forbidden_swaps = block.forbidden()
        if guard is not None and kept is not None:
            kept_moves, kept_swaps = block.changes(kept, guard)
            forbidden_moves |= kept_moves > LEAST
            forbidden_swaps |= kept_swaps > LEAST
        moves[forbidden_moves], swaps[forbidden_swaps] = np.inf, np.inf
        move, swap = int(np.argmin(moves)), int(np.argmin(swaps))
        if min(moves.flat[move], swaps.flat[swap]) >= -LEAST:
            return
        if moves.flat[move] <= swaps.flat[swap]:
            one, part = divmod(move, moves.shape[1])
            state.move(int(members[one]), part)
        else:
            one, other = divmod(swap, len(members))
            first, second = int(members[one]), int(members[other])
            parts = int(state.part[first]), int(state.part[second])
            state.move(first, parts[1])
            state.move(second, parts[0])


class _Block:
    """The groups that may move, as dense arrays."""

    def __init__(self, state: State, members: Ints) -> None:
        self.state, self.members = state, members
        self.amounts = np.asarray(state.of.amounts[members].todense())
        self.used = np.flatnonzero(self.amounts.any(axis=0))
        self.amounts = self.amounts[:, self.used]
        has = np.asarray(state.of.counts[members].todense()) > 0
        self.classes = np.flatnonzero(has.any(axis=0))
        self.has = has[:, self.classes]

    def pairs(self, weights: Floats) -> Floats:
        """Return [n, n] what two groups have in common."""
        products: Floats = (self.amounts * weights[self.used]) @ self.amounts.T
        return products

    def changes(self, weights: Floats, common: Floats) -> tuple[Floats, Floats]:
        """Return by how much the sum changes: [n, parts] of each move, [n, n] of each swap."""
        home = self.state.part[self.members]
        pull = (self.amounts * weights[self.used]) @ self.state.off[:, self.used].T
        rows = np.arange(len(home))
        moves = 2 * (pull - pull[rows, home][:, None]) + 2 * np.diag(common)[:, None]
        there = moves[:, home]
        swaps: Floats = there + there.T - 4 * common
        return moves, swaps

    def forbidden(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which moves and swaps there are not, or take a class's last group out of a part."""
        state, home = self.state, self.state.part[self.members]
        groups_in = state.groups_in[:, self.classes]
        last = (self.has & (groups_in[home] == 1)).astype(np.float64)
        there = (groups_in > 0).astype(np.float64)
        moves = (last @ there.T > 0) | (state.shares <= 0)[None, :]
        moves[np.arange(len(home)), home] = True
        # A swap loses a class to a part unless the group that comes has it as well.
        loses = last @ (there[home] * ~self.has).T > 0
        return moves, loses | loses.T | (home[:, None] == home[None, :])
