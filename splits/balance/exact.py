"""Choose groups for one of two parts by a MILP: class shares first, then effects and duration."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, diags_array, hstack

from slateboard.errors import SlateboardError
from splits.balance.quantities import Floats, Ints, Quantities
from splits.balance.state import NONE

NODES, LEAST_NODES, NODES_TIMES_GROUPS = 2000, 50, 200_000
"""Bounds of the nodes of one search: the more groups, the dearer is a node. A limit in seconds would make the
outcome depend on the machine."""
CLASS_GAP, OTHER_GAP = 1e-3, 0.1
"""Relative gaps at which the searches are done; the second one's smaller differences are only the seed's."""
GOOD_ENOUGH = 0.002
"""Deviation of the duration's share below which nothing more is sought: real numbers never meet exactly."""
SLACK = 1e-6
"""HiGHS meets rows to within this."""
OPTIMAL, INFEASIBLE = 0, 2
"""Status numbers of scipy.optimize.milp."""


def chosen(of: Quantities, *, share: float, held: Ints, seed: int) -> tuple[Ints, bool]:
    """Return [groups] the part of each, 0 with `share` of all and 1, and whether no nearer class shares exist.

    First the worst class deviation and the mean one are made small, then, among divisions as good as that, the
    deviations of `has_effects` and of the duration; the seed chooses among divisions of equal worth. Raises
    SlateboardError where no division keeps every class in both parts, or none was found.
    """
    model = _Model(of, share, held)
    first = model.solve(model.class_objective(), model.high, gap=CLASS_GAP)
    if first.status == INFEASIBLE:
        raise excluded(extending=bool((held != NONE).any()))
    if first.x is None:
        raise SlateboardError(f"No division was found ({first.message}). Divide fewer groups, or report this table.")
    second = model.solve(*model.given_classes(first.x, np.random.default_rng(seed)), gap=OTHER_GAP)
    best = first.x if second.x is None else second.x
    return np.where(best[: model.groups] > 0.5, 0, 1), first.status == OPTIMAL


def excluded(*, extending: bool) -> SlateboardError:
    """Return the error of a table of which some class would lie in one part alone."""
    return SlateboardError(
        "No division keeps every class in both parts: the groups of several classes exclude each other. "
        "Add groups to the smallest classes, or leave one of them out"
        + ("; or draw the split anew." if extending else ".")
    )


class _Model:
    """Columns: is a group in part 0, deviation of each class and other quantity (share), worst class."""

    def __init__(self, of: Quantities, share: float, held: Ints) -> None:
        self.classes, self.groups = len(of.classes), len(of.keys)
        real = of.totals > 0
        self.kinds = int(real.sum())
        # Whole clips cannot come nearer than this: telling it to the solver lets it see when it is done.
        totals = of.totals[real]
        floors = np.abs(np.round(share * totals) - share * totals) / totals
        floors[-1] = GOOD_ENOUGH if of.names[np.flatnonzero(real)[-1]] == "duration" else floors[-1]
        self.low = np.concatenate([(held == 0).astype(float), floors, [floors[: self.classes].max()]])
        self.high = np.concatenate([(held != 1).astype(float), np.ones(self.kinds + 1)])
        self.whole = np.concatenate([np.ones(self.groups), np.zeros(self.kinds + 1)])
        self.rows = self._rows(of, csr_array(of.amounts.T)[np.flatnonzero(real)], share)

    def _rows(self, of: Quantities, parts: csr_array, share: float) -> list[LinearConstraint]:
        unit, none = diags_array(np.ones(self.kinds)), csr_array((self.kinds, 1))
        above = hstack([parts, -unit, none])
        below = hstack([parts, unit, none])
        pick = diags_array(np.ones(self.classes), shape=(self.classes, self.kinds))
        worst = hstack([csr_array((self.classes, self.groups)), pick, -np.ones((self.classes, 1))])
        has = csr_array((of.counts.T > 0).astype(np.float64))
        both = hstack([has, csr_array((self.classes, self.kinds + 1))])
        return [
            LinearConstraint(above, -np.inf, share),
            LinearConstraint(below, share, np.inf),
            LinearConstraint(worst, -np.inf, 0),
            LinearConstraint(both, 1, np.asarray(has.sum(axis=1)).ravel() - 1),
        ]

    def class_objective(self) -> Floats:
        """Return the cost of the worst class deviation, and a tenth of the mean one."""
        cost = np.zeros(len(self.low))
        cost[self.groups : self.groups + self.classes] = 0.1 / self.classes
        cost[-1] = 1
        return cost

    def given_classes(self, found: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Return the cost of the other quantities, and bounds that keep each class as near as found."""
        cost, high = np.zeros(len(self.low)), self.high.copy()
        cost[self.groups + self.classes : -1] = 1
        cost[: self.groups] = random.random(self.groups) * GOOD_ENOUGH / self.groups
        classes = slice(self.groups, self.groups + self.classes)
        high[classes] = found[classes] + SLACK
        return cost, np.maximum(high, self.low)

    def solve(self, cost: Floats, high: Floats, *, gap: float) -> OptimizeResult:
        """Search with HiGHS."""
        nodes = max(LEAST_NODES, min(NODES, NODES_TIMES_GROUPS // self.groups))
        return milp(
            cost,
            integrality=self.whole,
            bounds=Bounds(self.low, high),
            constraints=self.rows,
            options={"node_limit": nodes, "mip_rel_gap": gap},
        )
