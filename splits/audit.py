"""Check a split against the table of its dataset: leaks, contradictions, and how the classes are shared."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import pandas as pd

from slateboard import __version__
from slateboard.dataset import Dataset
from slateboard.files import digest
from slateboard.records.split import Split
from splits.groups import group_keys
from splits.parts import PARTS

EXAMPLES = 5
"""Most examples kept of one check."""


@dataclass(frozen=True)
class Check:
    """One question to a split, and how often the answer is bad."""

    name: str
    kind: Literal["leak", "contradiction", "balance"]
    """Leaks and contradictions must not be; balance is only told."""
    count: int
    examples: tuple[str, ...]
    """The first ones, in alphabetical order."""


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
    wanted_share: float | None
    """What the protocol was asked for; None where it has no such parameter."""
    checks: tuple[Check, ...]

    @property
    def leaks(self) -> int:
        """Clips that are in two parts, and groups, sources or files that are in train and in test.

        A shared file is also a shared group: the greatest of these counts stands for one and the same leak.
        """
        counts = {check.name: check.count for check in self.checks if check.kind == "leak"}
        return counts.pop("clips in two parts") + max(counts.values())

    @property
    def contradictions(self) -> int:
        """Findings that make the split unusable as it is, without being a leak."""
        return sum(check.count for check in self.checks if check.kind == "contradiction")


def audit(dataset: Dataset, split: Split) -> Audit:
    """Run all checks; nothing is read from disk."""
    clips = dataset.clips
    members = {part: list(getattr(split, part)) for part in PARTS}
    known, divided = set(clips["clip_id"]), set().union(*members.values())
    used = clips[clips["clip_id"].isin([*split.train, *split.test])]
    shares = used["clip_id"].isin(members["test"]).groupby(used["label"]).mean()
    return Audit(
        split=split.key,
        clips=len(clips),
        train=len(split.train),
        test=len(split.test),
        unused=len(split.unused),
        groups=int(group_keys(clips).nunique()),
        class_shares={str(label): float(share) for label, share in shares.items()},
        wanted_share=split.parameters.get("test_share"),
        checks=(
            *_leaks(clips, members),
            _check("clips in no part", "contradiction", known - divided),
            _check("clips not in the dataset", "contradiction", divided - known),
            _check("other dataset", "contradiction", _other_dataset(dataset, split)),
            _check("labels inconsistent", "contradiction", _inconsistent(dataset)),
            _check("classes not in both parts", "balance", _one_sided(dataset, split)),
        ),
    )


def audit_line(report: Audit) -> str:
    """Return an audit as one line: leaks, parts, groups, and the class share furthest from the wanted one."""
    leaks = f"{report.leaks} leak{'' if report.leaks == 1 else 's'}"
    if report.contradictions:
        leaks += f", {report.contradictions} contradiction{'' if report.contradictions == 1 else 's'}"
    parts = f"{report.clips} clips ({report.train} train, {report.test} test, {report.unused} unused)"
    broken = next(check.count for check in report.checks if check.name == "groups on both sides")
    groups = f"{broken} of {report.groups} groups broken" if broken else f"{report.groups} groups whole"
    return f"audit {report.split}: {leaks}; {parts}, {groups}, {_share_text(report)}"


def lists_sha256(split: Split) -> str:
    """Return the hash of the train and test lists, whatever their order."""
    return digest([sorted(split.train), sorted(split.test)])


def certificate(dataset: Dataset, split: Split, report: Audit) -> dict[str, Any]:
    """Return what certificate.json says: which data and lists, the checks with their counts, which code."""
    return {
        "schema": 1,
        "dataset": dataset.key,
        "dataset_sha256": dataset.sha256,
        "split": split.key,
        "lists_sha256": lists_sha256(split),
        "line": audit_line(report),
        "leaks": report.leaks,
        "audit": asdict(report),
        "slateboard": __version__,
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


def _leaks(clips: pd.DataFrame, members: dict[str, list[str]]) -> tuple[Check, ...]:
    in_train, in_test = clips["clip_id"].isin(members["train"]), clips["clip_id"].isin(members["test"])
    times = Counter(clip for part in members.values() for clip in part)

    def shared(name: str, values: pd.Series) -> Check:
        text = values.fillna("").astype(str)
        return _check(name, "leak", (set(text[in_train]) & set(text[in_test])) - {""})

    return (
        _check("clips in two parts", "leak", [clip for clip, count in times.items() if count > 1]),
        shared("groups on both sides", group_keys(clips)),
        shared("sources on both sides", clips["source_id"]),
        shared("addresses on both sides", clips["source_url"]),
        shared("equal files on both sides", clips["sha256"]),
    )


def _check(name: str, kind: Literal["leak", "contradiction", "balance"], found: Iterable[str]) -> Check:
    names = sorted(found)
    return Check(name, kind, len(names), tuple(names[:EXAMPLES]))


def _other_dataset(dataset: Dataset, split: Split) -> list[str]:
    if split.dataset_sha256 == dataset.sha256:
        return []
    return [f"made for {split.dataset} {split.dataset_sha256[:12]}, audited against {dataset.sha256[:12]}"]


def _inconsistent(dataset: Dataset) -> list[str]:
    """Name the clips whose label, class_index and folder do not say the same."""
    known = dict(enumerate(dataset.classes, start=1))
    columns = ["clip_id", "label", "class_index", "path"]
    return [
        f"{clip}: label {label}, index {index}, {path}"
        for clip, label, index, path in dataset.clips[columns].itertuples(index=False)
        if not known.get(int(index)) == label == PurePosixPath(path).parent.name
    ]


def _one_sided(dataset: Dataset, split: Split) -> set[str]:
    labels = dataset.clips.set_index("clip_id")["label"]
    present = [set(labels[labels.index.isin(part)]) for part in (split.train, split.test)]
    return set(dataset.classes) - (present[0] & present[1])
