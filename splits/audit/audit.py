"""Check a split against the table of its dataset, and put what was found into a certificate."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slateboard import __version__
from slateboard.dataset import Dataset, table_sha256
from slateboard.files import digest
from slateboard.records.split import Split
from splits.audit.checks import Check, Kind, not_looked_at
from splits.audit.contradictions import contradictions, unknowns
from splits.audit.evenness import balance, shares_for_test
from splits.audit.leaks import TWICE, leaks
from splits.audit.links import GROUPS
from splits.audit.sides import Sides, text_of

BOUND = 0.1
"""Deviation of a class's test share from the wanted one that is told as out of balance, unless another is asked."""
SCHEMA = 2
"""Of certificate.json; 1 had neither the hash of the table nor the options."""

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
    """What the checks found in one split."""

    split: str
    """<protocol>-<number>."""
    clips: int
    """In the dataset."""
    train: int
    test: int
    unused: int
    groups: int
    """Components of linked clips in the dataset."""
    class_shares: dict[str, float]
    """Class -> share of its used clips that is for testing, 0-1; classes without used clips are left out."""
    effect_shares: dict[str, float]
    """The same for each value of has_effects."""
    wanted_share: float | None
    """What the protocol was asked for; None where it has no such parameter."""
    checks: tuple[Check, ...]

    @property
    def leaks(self) -> int:
        """Clips that are in two parts, test clips that a model was trained on, and what train and test share.

        A shared file is also a shared group: the greatest of these counts stands for one and the same leak.
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
        """Checks that were not looked at, and findings that nobody could decide."""
        undecided = sum(check.count or 0 for check in self.checks if check.kind == "unknown")
        return undecided + sum(check.count is None for check in self.checks)

    def named(self, name: str) -> Check:
        """Return one check."""
        return next(check for check in self.checks if check.name == name)


def audit(
    dataset: Dataset,
    split: Split,
    *,
    bound: float = BOUND,
    deeper: Sequence[Check] | None = None,
    more: Sequence[Check] = (),
) -> Audit:
    """Run the checks that need the table alone; nothing is read from disk.

    `deeper` are the checks on fingerprints and files that were made elsewhere, without them they are told as not
    looked at; `more` those that were asked for beside them.
    """
    sides = Sides.of(dataset.clips, split)
    if deeper is None:
        names = (*OF_FINGERPRINTS, *OF_FILES)
        deeper = [not_looked_at(name, kind, "only the table was looked at") for name, kind in names]
    return Audit(
        split=split.key,
        clips=len(dataset.clips),
        train=len(split.train),
        test=len(split.test),
        unused=len(split.unused),
        groups=len(sides.key_names),
        class_shares=shares_for_test(dataset.clips["label"], sides),
        effect_shares=shares_for_test(text_of(dataset.clips, "has_effects"), sides),
        wanted_share=split.parameters.get("test_share"),
        checks=(
            *leaks(sides),
            *contradictions(dataset, split, sides),
            *balance(dataset, split, sides, bound=bound),
            *unknowns(sides),
            *deeper,
            *more,
        ),
    )


def audit_line(report: Audit) -> str:
    """Return an audit as one line: leaks, parts, groups, and the class share furthest from the wanted one."""
    leaks = f"{report.leaks} leak{'' if report.leaks == 1 else 's'}"
    if report.contradictions:
        leaks += f", {report.contradictions} contradiction{'' if report.contradictions == 1 else 's'}"
    parts = f"{report.clips} clips ({report.train} train, {report.test} test, {report.unused} unused)"
    broken = report.named(GROUPS).count
    groups = f"{broken} of {report.groups} groups broken" if broken else f"{report.groups} groups whole"
    return f"audit {report.split}: {leaks}; {parts}, {groups}, {_share_text(report)}"


def lists_sha256(split: Split) -> str:
    """Return the hash of the train and test lists, whatever their order."""
    return digest([sorted(split.train), sorted(split.test)])


def certificate(
    dataset: Dataset,
    split: Split,
    report: Audit,
    *,
    options: Mapping[str, Any] | None = None,
    versions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what certificate.json says: which data and lists, the checks with their counts, which code.

    `options` and `versions` are those of an examination beyond the table. Nothing in it tells where or when it was
    made, so that the same data give the same bytes.
    """
    return {
        "schema": SCHEMA,
        "dataset": dataset.key,
        "dataset_sha256": dataset.sha256,
        "table_sha256": table_sha256(dataset.classes, dataset.clips),
        "split": split.key,
        "lists_sha256": lists_sha256(split),
        "unused_sha256": digest(sorted(split.unused)),
        "line": audit_line(report),
        "leaks": report.leaks,
        "contradictions": report.contradictions,
        "unbalanced": report.unbalanced,
        "unknowns": report.unknowns,
        "options": dict(options or {"depth": "table", "bound": BOUND}),
        "audit": asdict(report),
        "versions": {"slateboard": __version__, **(versions or {})},
    }


def _share_text(report: Audit) -> str:
    shares = report.class_shares.values()
    if not shares:
        return "no clip is used"
    if report.wanted_share is None:
        return f"class shares {min(shares):.1%} to {max(shares):.1%}".replace("%", " %")
    wanted = report.wanted_share
    worst = max(shares, key=lambda share: (abs(share - wanted), share))
    return f"worst class share {worst * 100:.1f} % (wanted {wanted * 100:g} %)"
