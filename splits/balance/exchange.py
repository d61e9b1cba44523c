"""Improve an assignment by moving groups and by swapping two of different subsets, the best step each time."""

import numpy as np
from numpy.typing import NDArray

from splits.balance.assignment import NONE, Assignment
from splits.balance.quantities import Floats, Ints

LEAST_GAIN = 1e-12
"""Smaller gains are the noise of real numbers."""
STEPS = 400
"""Most steps of one descent."""


def descend(assignment: Assignment, members: Ints, weights: Floats, *, guarded: Floats | None = None) -> None:
    """Step while the weighted sum of squared deviations falls.

    members: [n] positions of the groups that may move, time and memory grow with n²; weights: [quantities].
    No step makes the sum with the weights `guarded` larger, and none takes a class's last group out of a subset.
    """
    members = members[assignment.held[members] == NONE]
    if not len(members):
        return
    block = _Block(assignment, members)
    products = block.products(weights)
    guarded_products = None if guarded is None else block.products(guarded)
    for _ in range(STEPS):
        moves, swaps = block.changes(weights, products)
        forbidden_moves, forbidden_swaps = block.forbidden()
        if guarded_products is not None and guarded is not None:
            guarded_moves, guarded_swaps = block.changes(guarded, guarded_products)
            forbidden_moves |= guarded_moves > LEAST_GAIN
            forbidden_swaps |= guarded_swaps > LEAST_GAIN
        moves[forbidden_moves], swaps[forbidden_swaps] = np.inf, np.inf
        move, swap = int(np.argmin(moves)), int(np.argmin(swaps))
        if min(moves.flat[move], swaps.flat[swap]) >= -LEAST_GAIN:
            return
        if moves.flat[move] <= swaps.flat[swap]:
            row, subset = divmod(move, moves.shape[1])
            assignment.move(int(members[row]), subset)
        else:
            _swap(assignment, *(int(members[row]) for row in divmod(swap, len(members))))


def _swap(assignment: Assignment, group: int, partner: int) -> None:
    home, target = int(assignment.subset_of[group]), int(assignment.subset_of[partner])
    assignment.move(group, target)
    assignment.move(partner, home)


class _Block:
    """The groups that may move, as dense arrays."""

    def __init__(self, assignment: Assignment, members: Ints) -> None:
        self.assignment, self.members = assignment, members
        self.amounts = np.asarray(assignment.of.amounts[members].todense())
        self.used = np.flatnonzero(self.amounts.any(axis=0))
        self.amounts = self.amounts[:, self.used]
        has = np.asarray(assignment.of.counts[members].todense()) > 0
        self.classes = np.flatnonzero(has.any(axis=0))
        self.has = has[:, self.classes]

    def products(self, weights: Floats) -> Floats:
        """Return [n, n] the weighted product of the amounts of two groups: <g, h> = sum over q of w_q a_gq a_hq."""
        products: Floats = (self.amounts * weights[self.used]) @ self.amounts.T
        return products

    # The objective is S = sum over subsets s and quantities q of w_q off_sq^2, off_sq = what lies in s less its share.
    # Moving group g (amounts a) from subset h to s adds a to off_s and takes it from off_h:
    #   dS = 2 <a, off_s> + <a, a> - 2 <a, off_h> + <a, a> = 2 (<a, off_s> - <a, off_h>) + 2 <a, a>.
    # Swapping g (in h) and g' (in s) is both moves, less what they cancel: dS = dS(g to s) + dS(g' to h) - 4 <a, a'>.
    # One quantity, off_h = 0.2, off_s = -0.2, a = 0.1: 2 (-0.02 - 0.02) + 0.02 = -0.06, as off becomes 0.1 and -0.1:
    # S falls from 0.08 to 0.02.
    def changes(self, weights: Floats, products: Floats) -> tuple[Floats, Floats]:
        """Return by how much the sum changes: [n, subsets] of each move, [n, n] of each swap."""
        home = self.assignment.subset_of[self.members]
        pull = (self.amounts * weights[self.used]) @ self.assignment.off[:, self.used].T
        rows = np.arange(len(home))
        moves = 2 * (pull - pull[rows, home][:, None]) + 2 * np.diag(products)[:, None]
        to_home = moves[:, home]
        swaps: Floats = to_home + to_home.T - 4 * products
        return moves, swaps

    def forbidden(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which moves [n, subsets] and swaps [n, n] lead nowhere, or take a class's last group from a subset."""
        assignment, home = self.assignment, self.assignment.subset_of[self.members]
        groups_in = assignment.groups_in[:, self.classes]
        is_last = (self.has & (groups_in[home] == 1)).astype(np.float64)
        present = (groups_in > 0).astype(np.float64)
        # A class may leave a subset with its last group only for one that does not have it yet.
        moves = (is_last @ present.T > 0) | (assignment.shares <= 0)[None, :]
        moves[np.arange(len(home)), home] = True
        # A swap loses a class to a subset unless the group that comes has it as well.
        loses = is_last @ (present[home] * ~self.has).T > 0
        return moves, loses | loses.T | (home[:, None] == home[None, :])
