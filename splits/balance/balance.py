"""Divide whole groups so that each class, the effects and the duration lie in every subset by its share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.errors import BadInput
from splits.balance.assignment import NONE, Assignment, held_subsets
from splits.balance.exact import one_sided_class, solve_exactly
from splits.balance.quantities import Floats, Ints, Quantities, Unit, measure_quantities
from splits.balance.search import search
from splits.tables import undividable

EXACT, EXACT_IF_NEEDED = 60, 250
"""Groups up to which two subsets are found by a MILP, which can prove that there is nothing nearer; and up to which
only where exchange leaves a class further off than whole clips must be (it took 9 s for 250 groups of 8 classes)."""
REPORTED = 0.01
"""Deviation of an effect's or the duration's share from which it is reported."""


@dataclass(frozen=True)
class Division:
    """The subset of every group, and what could not be met."""

    subset_of: pd.Series
    """Group key -> subset, counted from 0 in the order of the shares; sorted by key."""
    reports: tuple[tuple[str, ...], ...]
    """Sentences for each subset, as one for testing; empty where all is as near to its share as clips can be."""


def divide_groups(
    clips: pd.DataFrame,
    keys: pd.Series,
    *,
    shares: Sequence[float],
    seed: int,
    unit: Unit = "clips",
    held: Mapping[str, int] | None = None,
) -> Division:
    """Divide groups among subsets of these shares (their sum is 1; a subset of share 0 is given nothing).

    First each class has groups in as many subsets as it can, then the worst class deviation and the sum of all,
    counted in `unit`, are minimised; then, among divisions as good as that, the deviations of `has_effects` and of
    the duration. Two subsets of few groups are found by a MILP, others by exchange. The seed chooses among
    divisions of equal worth; the order of rows has no influence.

    clips: columns clip_id, label, has_effects, duration_s; keys: the group of each, with the same index;
    held: key -> subset of the groups that must keep theirs. Raises BadInput that names every class of one group, and
    SlateboardError where classes of several would lie in one subset alone all the same.
    """
    of = measure_quantities(clips, keys, unit=unit)
    _refuse_one_group(of)
    targets, held_of = np.array(shares, dtype=np.float64), held_subsets(of, held or {})
    assignment, is_proved = _solve(of, targets, held_of, seed, exactly=unit == "clips")
    if ((assignment.groups_in > 0).sum(axis=0) < 2).any():
        raise one_sided_class(extending=bool((held_of != NONE).any()))
    cut_short = () if is_proved else ("The search was cut short: nearer class shares may exist.",)
    reports = tuple((*cut_short, *_describe_unmet(assignment, subset)) for subset in range(len(targets)))
    return Division(pd.Series(assignment.subset_of, index=pd.Index(of.keys, dtype=object), name="part"), reports)


def _refuse_one_group(of: Quantities) -> None:
    groups = np.asarray((of.counts > 0).sum(axis=0)).ravel()
    clips = np.asarray(of.counts.sum(axis=0)).ravel()
    problems = [undividable(of.classes[at], int(clips[at])) for at in np.flatnonzero(groups < 2)]
    if problems:
        raise BadInput(problems)


def _solve(of: Quantities, shares: Floats, held: Ints, seed: int, *, exactly: bool) -> tuple[Assignment, bool]:
    """Return the best division, and False where a MILP that could have proved it was cut short."""
    # The MILP knows two subsets and shares counted in clips. Up to 60 groups it always runs; up to 250 only if exchange
    # left a class further off than whole clips must be; beyond, exchange alone.
    if not exactly or len(shares) != 2 or len(of.keys) > EXACT_IF_NEEDED:
        return search(of, shares, held, seed=seed), True
    exchanged = None
    if len(of.keys) > EXACT:
        exchanged = search(of, shares, held, seed=seed)
        if not exchanged.lacking().any() and not _far(exchanged, 0).any():
            return exchanged, True
    subset_of, is_proved = solve_exactly(of, share=float(shares[0]), held=held, seed=seed)
    exact = Assignment.of_subsets(of, shares, subset_of, held)
    if is_proved:
        return exact, True
    return min(exact, exchanged or search(of, shares, held, seed=seed), key=Assignment.score), False


def _far(assignment: Assignment, subset: int) -> NDArray[np.bool_]:
    """Return [classes] which are further from the subset's share than whole clips must be."""
    clips = np.asarray(assignment.of.counts[assignment.subset_of == subset].sum(axis=0)).ravel()
    target = assignment.shares[subset] * np.asarray(assignment.of.counts.sum(axis=0)).ravel()
    # 25 clips, share 0.3: the target is 7.5, so 7 and 8 clips are as near as whole clips can be, 6 are too far.
    far: NDArray[np.bool_] = np.abs(clips - target) > np.abs(np.round(target) - target) + 1e-6
    return far


def _describe_unmet(assignment: Assignment, subset: int) -> list[str]:
    """Name the class that is furthest from the subset's share, and effects and duration that are far from it."""
    of, share = assignment.of, float(assignment.shares[subset])
    clips = np.asarray(of.counts[assignment.subset_of == subset].sum(axis=0)).ravel()
    totals = np.asarray(of.counts.sum(axis=0)).ravel()
    far = _far(assignment, subset)
    sentences = []
    if far.any():
        at = int(np.argmax(np.where(far, np.abs(clips / totals - share), -1)))
        reached = f"{clips[at]:.0f} of {totals[at]:.0f} clips ({clips[at] / totals[at]:.1%})"
        sentences.append(
            f"{far.sum()} of {len(totals)} classes are not within a clip of {share:.1%}, as groups stay whole: "
            f"furthest is '{of.classes[at]}' with {reached} in test."
        )
    is_last_tier = of.tiers == of.tiers[-1]
    unmet = [
        f"{of.names[at]} {share + off:.1%}"
        for at, off in enumerate(assignment.off[subset])
        if is_last_tier[at] and abs(off) > REPORTED and of.totals[at] > 0 and not _is_constant(of, at)
    ]
    if unmet:
        sentences.append(f"Not within {REPORTED:.0%} of {share:.1%} in test, as groups stay whole: {', '.join(unmet)}.")
    return sentences


def _is_constant(of: Quantities, at: int) -> bool:
    """Return whether all clips have this effect value: then it is the number of clips, which classes balance."""
    return of.names[at].startswith("has_effects") and of.totals[at] == of.counts.sum()
