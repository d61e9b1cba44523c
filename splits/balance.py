"""Choose whole groups for testing by a MILP: class shares first, then effects and duration."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, diags_array, hstack

from slateboard.errors import BadInput, Problem, SlateboardError

Floats = NDArray[np.float64]

NODES, LEAST_NODES, NODES_TIMES_GROUPS = 2000, 50, 2_000_000
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


@dataclass(frozen=True)
class Balance:
    """The groups for testing, and what could not be met."""

    test_groups: frozenset[str]
    report: tuple[str, ...]
    """Sentences; empty where every class is as near to the wanted share as whole clips can be."""


def choose_test_groups(clips: pd.DataFrame, keys: pd.Series, *, test_share: float, seed: int) -> Balance:
    """Choose whole groups for testing so that each class is as near to `test_share` (0-1) as they allow.

    First the worst class deviation and the mean one are made small, then, among divisions as good as that,
    the deviations of `has_effects` and of the duration. The seed chooses among divisions of equal worth; the
    order of rows has no influence. Raises BadInput for classes that cannot be in both parts.
    """
    if not 0 < test_share < 1:
        raise BadInput([Problem("test_share", f"is {test_share}.", "Give a share between 0 and 1, as 0.3.")])
    # Sorted, as a sum of real numbers depends on their order in its last digits.
    table = clips.assign(key=keys).sort_values("clip_id")
    counts = _per_group(table, "label")
    _refuse_undividable(counts)
    seconds = table.groupby("key")["duration_s"].sum().to_frame("seconds").T
    others = pd.concat([_per_group(table, "has_effects"), seconds])
    chosen, report = _search(
        counts.to_numpy(dtype=np.float64),
        others.to_numpy(dtype=np.float64),
        test_share,
        seed,
    )
    test = frozenset(counts.columns[chosen])
    return Balance(test, (*report, *_unmet(counts, counts.columns.isin(list(test)), test_share)))


def _per_group(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return clips of each value (rows) in each group (columns), both sorted."""
    return pd.crosstab(table[column].astype(str), table["key"])


def _refuse_undividable(counts: pd.DataFrame) -> None:
    groups = (counts > 0).sum(axis=1)
    problems = [
        Problem(
            f"class '{label}'",
            f"has {counts.loc[label].sum()} clips of one group, so it cannot be in both parts.",
            "Add sources of another group, correct the column `group`, or leave the class out.",
        )
        for label in groups.index[groups < 2]
    ]
    if problems:
        raise BadInput(problems)


def _search(counts: Floats, others: Floats, share: float, seed: int) -> tuple[NDArray[np.intp], list[str]]:
    """Return the positions of the groups for testing, and sentences about searches that were cut short.

    counts: clips of [class, group]; others: amounts of [quantity, group].
    """
    model = _Model(counts, others, share)
    first = model.solve(model.class_objective(), model.high, gap=CLASS_GAP)
    if first.status == INFEASIBLE:
        raise SlateboardError(
            "No division keeps every class in both parts: the groups of several classes exclude each other. "
            "Add groups to the smallest classes, or leave one of them out."
        )
    if first.x is None:
        raise SlateboardError(f"No division was found ({first.message}). Divide fewer groups, or report this table.")
    report = [] if first.status == OPTIMAL else ["The search was cut short: nearer class shares may exist."]
    second = model.solve(*model.given_classes(first.x, np.random.default_rng(seed)), gap=OTHER_GAP)
    if second.x is None:
        report.append("Effects and duration are not balanced: no second division as good was found.")
    best = first.x if second.x is None else second.x
    return np.flatnonzero(best[: model.groups] > 0.5), report


class _Model:
    """Columns: is a group for testing, deviation of each class and other quantity (share), worst class."""

    def __init__(self, counts: Floats, others: Floats, share: float) -> None:
        self.classes, self.groups = counts.shape
        amounts = np.vstack([counts, others])
        totals = amounts.sum(axis=1)
        amounts, totals = amounts[totals > 0], totals[totals > 0]
        self.kinds = len(amounts)
        # Whole clips cannot come nearer than this: telling it to the solver lets it see when it is done.
        floors = np.abs(np.round(share * totals) - share * totals) / totals
        floors[-1] = GOOD_ENOUGH if self.kinds > self.classes else floors[-1]
        width = self.groups + self.kinds + 1
        self.low = np.concatenate([np.zeros(self.groups), floors, [floors[: self.classes].max()]])
        self.high = np.ones(width)
        self.whole = np.concatenate([np.ones(self.groups), np.zeros(self.kinds + 1)])
        self.rows = self._rows(counts, csr_array(amounts / totals[:, None]), share)

    def _rows(self, counts: Floats, parts: csr_array, share: float) -> list[LinearConstraint]:
        unit, none = diags_array(np.ones(self.kinds)), csr_array((self.kinds, 1))
        above = hstack([parts, -unit, none])
        below = hstack([parts, unit, none])
        pick = diags_array(np.ones(self.classes), shape=(self.classes, self.kinds))
        worst = hstack([csr_array((self.classes, self.groups)), pick, -np.ones((self.classes, 1))])
        has = csr_array((counts > 0).astype(np.float64))
        both = hstack([has, csr_array((self.classes, self.kinds + 1))])
        return [
            LinearConstraint(above, -np.inf, share),
            LinearConstraint(below, share, np.inf),
            LinearConstraint(worst, -np.inf, 0),
            LinearConstraint(both, 1, (counts > 0).sum(axis=1) - 1),
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


def _unmet(counts: pd.DataFrame, test: NDArray[np.bool_], share: float) -> list[str]:
    """Name the class that is furthest from the wanted share, where whole clips would allow a nearer one."""
    totals = counts.sum(axis=1)
    in_test = counts.loc[:, test].sum(axis=1)
    missed = (in_test - share * totals).abs()
    far = missed[missed > (np.round(share * totals) - share * totals).abs() + SLACK]
    if far.empty:
        return []
    label = (missed / totals).loc[far.index].idxmax()
    reached = f"{in_test[label]} of {totals[label]} clips ({in_test[label] / totals[label]:.1%})"
    return [
        f"{len(far)} of {len(counts)} classes are not within a clip of {share:.1%}, as groups stay whole: "
        f"furthest is '{label}' with {reached} in test."
    ]
