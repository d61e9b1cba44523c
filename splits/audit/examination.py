"""Examine a split beyond its table: near-duplicates across train and test, the files, and what a model learned from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from slateboard.dataset import Dataset
from slateboard.errors import BadInput
from slateboard.files import sha256_of
from slateboard.records.release import FINGERPRINTS
from slateboard.records.split import Split
from splits.audit import audit as names
from splits.audit.audit import Audit, audit, certificate
from splits.audit.checks import Check, counted, not_looked_at
from splits.audit.intact import named, states
from splits.audit.learned import Learned, checks
from splits.audit.near_duplicates import MOST_BITS, NearDuplicates, Pair, by_fingerprints, by_hashes
from splits.audit.sides import Sides, text_of
from splits.near.duplicates import VERSION as MATCHER

Depth = Literal["table", "hashes", "media"]
"""table: the table alone; hashes: its frame hashes too; media: fingerprints over time, and every file is decoded."""


@dataclass(frozen=True)
class Options:
    """What an audit was asked for: the same options on the same data give the same certificate."""

    depth: Depth = "table"
    bound: float = names.BOUND
    trained_on: str | None = None
    """Where the list of training ids is, as given."""
    trained_on_sha256: str | None = None

    def said(self) -> dict[str, Any]:
        """Return them as certificate.json holds them: what was not asked for is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Options":
        """Read what `said` gave; raises TypeError for an unknown one."""
        return cls(**said)


@dataclass(frozen=True)
class Examination:
    """An audit with all that it was asked to look at."""

    report: Audit
    pairs: tuple[Pair, ...]
    """Near-duplicates across train and test, decided ones first."""
    certificate: dict[str, Any]


def examine(dataset: Dataset, split: Split, options: Options, *, learned: Learned | None = None) -> Examination:
    """Run all checks to the depth that is asked for. With depth `media` the files of the release are read."""
    sides = Sides.of(dataset.clips, split)
    deeper: list[Check] | None = None
    found = NearDuplicates((), (), ())
    versions: dict[str, Any] = {}
    if options.depth != "table":
        found, near, versions = _near(dataset, sides, options.depth)
        deeper = [*near, *_files(dataset, options.depth)]
    report = audit(dataset, split, bound=options.bound, deeper=deeper, more=_learned(learned, sides))
    return Examination(
        report=report,
        pairs=(*found.pairs, *found.undecided),
        certificate=certificate(dataset, split, report, options=options.said(), versions=versions),
    )


def _near(dataset: Dataset, sides: Sides, depth: Depth) -> tuple[NearDuplicates, list[Check], dict[str, Any]]:
    path = dataset.root / FINGERPRINTS
    if depth == "media" and path.is_file():
        try:
            found = by_fingerprints(path, sides)
        except BadInput as error:
            return _unseen(str(error.problems[0]))
        note = "fingerprints over time, content box and mirror image"
        versions: dict[str, Any] = {"matcher": MATCHER, "fingerprints_sha256": sha256_of(path)}
        decided = counted(names.NEAR, "leak", map(str, found.pairs), note=note)
    elif not (text_of(sides.clips, "fingerprint") != "").any():
        return _unseen("there are no fingerprints")
    else:
        try:
            found = by_hashes(sides)
        except BadInput as error:
            return _unseen(str(error))
        note = f"frame hashes of the table, at most {MOST_BITS} of 256 bits apart"
        versions = {"most_bits": MOST_BITS}
        decided = not_looked_at(names.NEAR, "leak", "hashes of four frames cannot decide")
    undecided = counted(names.UNDECIDED, "unknown", map(str, found.undecided), note=note)
    return found, [decided, undecided, counted(names.UNSEEN, "unknown", found.unseen)], versions


def _unseen(why: str) -> tuple[NearDuplicates, list[Check], dict[str, Any]]:
    return NearDuplicates((), (), ()), [not_looked_at(name, kind, why) for name, kind in names.OF_FINGERPRINTS], {}


def _files(dataset: Dataset, depth: Depth) -> list[Check]:
    if depth != "media":
        return [not_looked_at(name, kind, "media were not looked at") for name, kind in names.OF_FILES]
    found = states(dataset)
    return [
        counted(names.MISSING, "contradiction", named(found, "missing")),
        counted(names.CHANGED, "contradiction", named(found, "changed"), note="other bytes than the table says"),
        counted(names.UNDECODED, "contradiction", named(found, "undecodable"), note="every frame was decoded"),
        counted(
            names.OTHERWISE,
            "unknown",
            named(found, "otherwise"),
            note="bytes as released, other pictures: another decoder, or frames_sha256 of an earlier version",
        ),
    ]


def _learned(learned: Learned | None, sides: Sides) -> tuple[Check, ...]:
    return () if learned is None else checks(learned, sides, names=(names.TRAINED, names.TRAINED_GROUPS))
