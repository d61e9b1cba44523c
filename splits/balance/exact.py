"""Divide groups between two subsets by a MILP: class shares first, then effects and duration."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, diags_array, hstack

from slateboard.errors import SlateboardError
from splits.balance.assignment import NONE
from splits.balance.quantities import Floats, Ints, Quantities

NODES, LEAST_NODES, NODES_TIMES_GROUPS = 2000, 50, 200_000
"""Bounds of the branch-and-bound nodes of one search: the more groups, the dearer is a node. A limit in seconds would
make the outcome depend on the machine. 60 groups: 2,000 nodes; 250: 800."""
CLASS_GAP, OTHER_GAP = 1e-3, 0.1
"""Relative gaps at which the searches end; the second one's smaller differences are only the seed's."""
GOOD_ENOUGH = 0.002
"""Deviation of the duration's share below which nothing more is sought: real numbers never meet exactly."""
SLACK = 1e-6
"""HiGHS meets rows to within this."""
OPTIMAL, INFEASIBLE = 0, 2
"""Status numbers of scipy.optimize.milp."""


def solve_exactly(of: Quantities, *, share: float, held: Ints, seed: int) -> tuple[Ints, bool]:
    """Return [groups] the subset of each, 0 with `share` of all and 1, and whether no nearer class shares exist.

    First the worst class deviation and the mean one are minimised, then, among divisions as good as that, the
    deviations of `has_effects` and of the duration; the seed chooses among divisions of equal worth. Raises
    SlateboardError where no division keeps every class in both subsets, or the search ended without one.
    """
    model = _Model(of, share, held)
    by_class = model.solve(model.class_objective(), model.high, gap=CLASS_GAP)
    if by_class.status == INFEASIBLE:
        raise one_sided_class(extending=bool((held != NONE).any()))
    if by_class.x is None:
        raise SlateboardError(f"No division was found ({by_class.message}). Divide fewer groups, or report this table.")
    refined = model.solve(*model.refinement(by_class.x, np.random.default_rng(seed)), gap=OTHER_GAP)
    best = by_class.x if refined.x is None else refined.x
    return np.where(best[: model.groups] > 0.5, 0, 1), by_class.status == OPTIMAL


def one_sided_class(*, extending: bool) -> SlateboardError:
    """Return the error of a table of which some class would lie in one subset alone."""
    return SlateboardError(
        "No division keeps every class in both parts: the groups of several classes exclude each other. "
        "Add groups to the smallest classes, or leave one of them out"
        + ("; or draw the split anew." if extending else ".")
    )


# Variables: x_g in {0, 1}, is group g in subset 0; d_q >= 0, deviation of quantity q (classes first); m, the worst
# class deviation. With a_qg the share of q that lies in group g, and s the share of subset 0:
#   sum_g a_qg x_g - d_q <= s <= sum_g a_qg x_g + d_q   so that d_q >= |share of q in subset 0 - s|
#   d_c <= m                                            for each class c
#   1 <= sum over groups g with class c of x_g <= n_c - 1   so that the class is in both subsets; n_c: its groups
# First minimise m + 0.1 * mean(d_c); then, with d_c no larger than that found, the sum of the other d_q.
# Three groups of 5, 3 and 2 clips of a class, s = 0.3: x = (0, 1, 0) gives 3 / 10, d = 0.
class _Model:
    """The MILP. Columns: is a group in subset 0, deviation of each class and other quantity (share), worst class."""

    def __init__(self, of: Quantities, share: float, held: Ints) -> None:
        self.classes, self.groups = len(of.classes), len(of.keys)
        is_present = of.totals > 0
        self.kinds = int(is_present.sum())
        # Whole clips cannot come nearer than this (see search._floor): as a lower bound of d it lets the solver see
        # that it is done.
        totals = of.totals[is_present]
        floors = np.abs(np.round(share * totals) - share * totals) / totals
        floors[-1] = GOOD_ENOUGH if of.names[np.flatnonzero(is_present)[-1]] == "duration" else floors[-1]
        self.low = np.concatenate([(held == 0).astype(float), floors, [floors[: self.classes].max()]])
        self.high = np.concatenate([(held != 1).astype(float), np.ones(self.kinds + 1)])
        self.integrality = np.concatenate([np.ones(self.groups), np.zeros(self.kinds + 1)])
        self.rows = self._rows(of, csr_array(of.amounts.T)[np.flatnonzero(is_present)], share)

    def _rows(self, of: Quantities, amounts: csr_array, share: float) -> list[LinearConstraint]:
        identity, no_worst = diags_array(np.ones(self.kinds)), csr_array((self.kinds, 1))
        above = hstack([amounts, -identity, no_worst])
        below = hstack([amounts, identity, no_worst])
        of_class = diags_array(np.ones(self.classes), shape=(self.classes, self.kinds))
        worst = hstack([csr_array((self.classes, self.groups)), of_class, -np.ones((self.classes, 1))])
        has = csr_array((of.counts.T > 0).astype(np.float64))
        in_both = hstack([has, csr_array((self.classes, self.kinds + 1))])
        return [
            LinearConstraint(above, -np.inf, share),
            LinearConstraint(below, share, np.inf),
            LinearConstraint(worst, -np.inf, 0),
            LinearConstraint(in_both, 1, np.asarray(has.sum(axis=1)).ravel() - 1),
        ]

    def class_objective(self) -> Floats:
        """Return the cost of the worst class deviation, and a tenth of the mean one."""
        cost = np.zeros(len(self.low))
        cost[self.groups : self.groups + self.classes] = 0.1 / self.classes
        cost[-1] = 1
        return cost

    def refinement(self, solution: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Return the cost of the other quantities, and upper bounds that keep each class as near as in `solution`."""
        cost, high = np.zeros(len(self.low)), self.high.copy()
        cost[self.groups + self.classes : -1] = 1
        # The seed's say: less than GOOD_ENOUGH over all groups, so that it decides only between equals.
        cost[: self.groups] = random.random(self.groups) * GOOD_ENOUGH / self.groups
        classes = slice(self.groups, self.groups + self.classes)
        high[classes] = solution[classes] + SLACK
        return cost, np.maximum(high, self.low)

    def solve(self, cost: Floats, high: Floats, *, gap: float) -> OptimizeResult:
        """Minimise a cost with HiGHS, variables at most `high`."""
        nodes = max(LEAST_NODES, min(NODES, NODES_TIMES_GROUPS // self.groups))
        return milp(
            cost,
            integrality=self.integrality,
            bounds=Bounds(self.low, high),
            constraints=self.rows,
            options={"node_limit": nodes, "mip_rel_gap": gap},
        )
