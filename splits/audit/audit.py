"""Audit a split: check it against the table of its dataset, and count what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.audit.balance_checks import balance_checks, shares_for_test
from splits.audit.checks import Check, Kind, skipped_check
from splits.audit.contradictions import contradictions, unknowns
from splits.audit.leaks import TWICE, leaks
from splits.audit.links import GROUPS
from splits.audit.membership import SplitMembership, text_of

BOUND = 0.1
"""Greatest deviation of a class's test share from the one asked for, unless another bound is given, 0-1."""

NEAR = "near-duplicates on both sides"
UNDECIDED = "near-duplicates undecided"
UNSEEN = "clips without a fingerprint"
MISSING = "files missing"
CHANGED = "files changed"
UNDECODED = "files that do not decode"
OTHERWISE = "files that decode otherwise"
TRAINED = "test clips trained on"
TRAINED_GROUPS = "test groups trained on"

OF_FINGERPRINTS: tuple[tuple[str, Kind], ...] = ((NEAR, "leak"), (UNDECIDED, "unknown"), (UNSEEN, "unknown"))
OF_FILES: tuple[tuple[str, Kind], ...] = (
    (MISSING, "contradiction"),
    (CHANGED, "contradiction"),
    (UNDECODED, "contradiction"),
    (OTHERWISE, "unknown"),
)


@dataclass(frozen=True)
class Audit:
    """The checks of one split, and its sizes and shares. Stored in certificate.json under these names."""

    split: str
    """<protocol>-<number>."""
    clips: int
    """In the dataset."""
    train: int
    test: int
    unused: int
    groups: int
    """Groups of linked clips in the dataset."""
    class_shares: dict[str, float]
    """Class -> share of its used clips that is for testing, 0-1; classes without used clips are left out."""
    effect_shares: dict[str, float]
    """Value of has_effects -> share of its used clips that is for testing, 0-1."""
    wanted_share: float | None
    """Test share that the protocol was asked for, 0-1; None where it has no such parameter."""
    checks: tuple[Check, ...]

    @property
    def leaks(self) -> int:
        """Clips that are in two parts, test clips that a model was trained on, and what train and test share.

        One leak is seen by several checks, as a shared file is also a shared group: of the checks on what is shared
        the greatest count stands for all. Two shared files in one shared group, no clip in two parts: max(2, 1) = 2.
        """
        counts = {check.name: check.count or 0 for check in self.checks if check.kind == "leak"}
        trained = [counts.pop(name, 0) for name in (TRAINED, TRAINED_GROUPS)]
        return counts.pop(TWICE) + max(trained) + max(counts.values())

    @property
    def contradictions(self) -> int:
        """Findings that make the split unusable as it is, without being a leak."""
        return sum(check.count or 0 for check in self.checks if check.kind == "contradiction")

    @property
    def unbalanced(self) -> int:
        """Classes missing in a part, and classes and effects beyond the bound."""
        return sum(check.count or 0 for check in self.checks if check.kind == "balance")

    @property
    def unknowns(self) -> int:
        """Checks that were not run, and findings that are undecided."""
        # What was not run is unknown as well: a check without a count says as little as an undecided pair.
        undecided = sum(check.count or 0 for check in self.checks if check.kind == "unknown")
        return undecided + sum(check.count is None for check in self.checks)

    def check(self, name: str) -> Check:
        """Return the check of this name."""
        return next(check for check in self.checks if check.name == name)


def audit(
    dataset: Dataset,
    split: Split,
    *,
    bound: float = BOUND,
    media_checks: Sequence[Check] | None = None,
    more_checks: Sequence[Check] = (),
) -> Audit:
    """Run the checks that need the table alone; nothing is read from disk.

    `media_checks` are those on fingerprints and files, run elsewhere; without them they are reported as not run.
    `more_checks` follow them.
    """
    membership = SplitMembership.of(dataset.clips, split)
    if media_checks is None:
        names = (*OF_FINGERPRINTS, *OF_FILES)
        media_checks = [skipped_check(name, kind, "only the table was looked at") for name, kind in names]
    return Audit(
        split=split.key,
        clips=len(dataset.clips),
        train=len(split.train),
        test=len(split.test),
        unused=len(split.unused),
        groups=len(membership.key_names),
        class_shares=shares_for_test(dataset.clips["label"], membership),
        effect_shares=shares_for_test(text_of(dataset.clips, "has_effects"), membership),
        wanted_share=split.parameters.get("test_share"),
        checks=(
            *leaks(membership),
            *contradictions(dataset, split, membership),
            *balance_checks(dataset, split, membership, bound=bound),
            *unknowns(membership),
            *media_checks,
            *more_checks,
        ),
    )


def audit_line(report: Audit) -> str:
    """Return an audit as one line: leaks, sizes, groups, and the class share furthest from the one asked for."""
    leaks = f"{report.leaks} leak{'' if report.leaks == 1 else 's'}"
    if report.contradictions:
        leaks += f", {report.contradictions} contradiction{'' if report.contradictions == 1 else 's'}"
    sizes = f"{report.clips} clips ({report.train} train, {report.test} test, {report.unused} unused)"
    broken = report.check(GROUPS).count
    groups = f"{broken} of {report.groups} groups broken" if broken else f"{report.groups} groups whole"
    return f"audit {report.split}: {leaks}; {sizes}, {groups}, {_share_text(report)}"


def _share_text(report: Audit) -> str:
    shares = report.class_shares.values()
    if not shares:
        return "no clip is used"
    if report.wanted_share is None:
        return f"class shares {min(shares):.1%} to {max(shares):.1%}".replace("%", " %")
    # Furthest from the target; of two equally far the larger share: of 25 % and 35 % for 30 % the line says 35 %.
    target = report.wanted_share
    worst = max(shares, key=lambda share: (abs(share - target), share))
    return f"worst class share {worst * 100:.1f} % (wanted {target * 100:g} %)"
