"""Divide whole groups so that each class, the effects and the duration lie in every part by its share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.errors import BadInput, Problem
from splits.balance.exact import chosen, excluded
from splits.balance.quantities import Floats, Ints, Quantities, Unit, quantities
from splits.balance.search import searched
from splits.balance.state import NONE, State, held_parts
from splits.tables import undividable

EXACT, EXACT_IF_NEEDED = 60, 250
"""Groups up to which two parts are sought by a MILP, which can prove that there is nothing nearer; and up to which
only where exchange leaves a class further off than whole clips must be (it took 9 s for 250 groups of 8 classes)."""
TOLD = 0.01
"""Deviation of an effect's or the duration's share from which it is told, where a group or two could not mend it."""


@dataclass(frozen=True)
class Division:
    """The part of every group, and what could not be met."""

    part_of: pd.Series
    """Group key -> part, counted from 0 in the order of the shares; sorted by key."""
    reports: tuple[tuple[str, ...], ...]
    """Sentences for each part, as one for testing; empty where all is as near to its share as clips can be."""

    def keys_in(self, part: int) -> frozenset[str]:
        """Return the keys of the groups in one part."""
        return frozenset(self.part_of.index[self.part_of == part])


@dataclass(frozen=True)
class Balance:
    """The groups for testing, and what could not be met."""

    test_groups: frozenset[str]
    report: tuple[str, ...]


def choose_test_groups(
    clips: pd.DataFrame, keys: pd.Series, *, test_share: float, seed: int, held: Mapping[str, int] | None = None
) -> Balance:
    """Choose whole groups for testing so that each class is as near to `test_share` (0-1) as they allow.

    As `divide_groups` with the parts test (0) and train (1).
    """
    if not 0 < test_share < 1:
        raise BadInput([Problem("test_share", f"is {test_share}.", "Give a share between 0 and 1, as 0.3.")])
    division = divide_groups(clips, keys, shares=(test_share, 1 - test_share), seed=seed, held=held)
    return Balance(division.keys_in(0), division.reports[0])


def divide_groups(
    clips: pd.DataFrame,
    keys: pd.Series,
    *,
    shares: Sequence[float],
    seed: int,
    unit: Unit = "clips",
    held: Mapping[str, int] | None = None,
) -> Division:
    """Divide groups among parts of these shares (their sum is 1; a part of share 0 is given nothing).

    First each class has groups in as many parts as it can, then the worst class deviation is made small and the
    sum of all, counted in `unit`; then, among divisions as good as that, the deviations of `has_effects` and of
    the duration. Two parts of few groups are sought by a MILP, others by exchange. The seed chooses among
    divisions of equal worth; the order of rows has no influence.

    clips: columns clip_id, label, has_effects, duration_s; keys: the group of each, with the same index;
    held: part of groups that must keep theirs. Raises BadInput that names every class of one group, and
    SlateboardError where classes of several would lie in one part alone all the same.
    """
    of = quantities(clips, keys, unit=unit)
    _refuse_one_group(of)
    wanted, fixed = np.array(shares, dtype=np.float64), held_parts(of, held or {})
    state, proved = _sought(of, wanted, fixed, seed, exactly=unit == "clips")
    if ((state.groups_in > 0).sum(axis=0) < 2).any():
        raise excluded(extending=bool((fixed != NONE).any()))
    cut_short = () if proved else ("The search was cut short: nearer class shares may exist.",)
    reports = tuple((*cut_short, *_unmet(state, part)) for part in range(len(wanted)))
    return Division(pd.Series(state.part, index=pd.Index(of.keys, dtype=object), name="part"), reports)


def _refuse_one_group(of: Quantities) -> None:
    groups = np.asarray((of.counts > 0).sum(axis=0)).ravel()
    clips = np.asarray(of.counts.sum(axis=0)).ravel()
    problems = [undividable(of.classes[at], int(clips[at])) for at in np.flatnonzero(groups < 2)]
    if problems:
        raise BadInput(problems)


def _sought(of: Quantities, shares: Floats, held: Ints, seed: int, *, exactly: bool) -> tuple[State, bool]:
    """Return the best division, and whether none was cut short that could have proved it."""
    if not exactly or len(shares) != 2 or len(of.keys) > EXACT_IF_NEEDED:
        return searched(of, shares, held, seed=seed), True
    found = None
    if len(of.keys) > EXACT:
        found = searched(of, shares, held, seed=seed)
        if not found.lacking().any() and not _far(found, 0).any():
            return found, True
    part, proved = chosen(of, share=float(shares[0]), held=held, seed=seed)
    exact = State.of_parts(of, shares, part, held)
    if proved:
        return exact, True
    return min(exact, found or searched(of, shares, held, seed=seed), key=State.score), False


def _far(state: State, part: int) -> NDArray[np.bool_]:
    """Return [classes] which are further from the part's share than whole clips must be."""
    in_part = np.asarray(state.of.counts[state.part == part].sum(axis=0)).ravel()
    wanted = state.shares[part] * np.asarray(state.of.counts.sum(axis=0)).ravel()
    far: NDArray[np.bool_] = np.abs(in_part - wanted) > np.abs(np.round(wanted) - wanted) + 1e-6
    return far


def _unmet(state: State, part: int) -> list[str]:
    """Tell the class that is furthest from the part's share, and effects and duration that are far from it."""
    of, share = state.of, float(state.shares[part])
    in_part = np.asarray(of.counts[state.part == part].sum(axis=0)).ravel()
    totals = np.asarray(of.counts.sum(axis=0)).ravel()
    far = _far(state, part)
    sentences = []
    if far.any():
        at = int(np.argmax(np.where(far, np.abs(in_part / totals - share), -1)))
        reached = f"{in_part[at]:.0f} of {totals[at]:.0f} clips ({in_part[at] / totals[at]:.1%})"
        sentences.append(
            f"{far.sum()} of {len(totals)} classes are not within a clip of {share:.1%}, as groups stay whole: "
            f"furthest is '{of.classes[at]}' with {reached} in test."
        )
    others = [
        f"{of.names[at]} {share + off:.1%}"
        for at, off in enumerate(state.off[part])
        if of.tiers[at] == of.tiers[-1] and abs(off) > TOLD and of.totals[at] > 0 and not _constant(of, at)
    ]
    if others:
        sentences.append(f"Not within {TOLD:.0%} of {share:.1%} in test, as groups stay whole: {', '.join(others)}.")
    return sentences


def _constant(of: Quantities, at: int) -> bool:
    """Return whether all clips have this effect value: then it is the number of clips, which classes balance."""
    return of.names[at].startswith("has_effects") and of.totals[at] == of.counts.sum()
