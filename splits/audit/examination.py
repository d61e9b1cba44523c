"""Examine a split beyond its table: near-duplicates of train and test, the files, and what a model was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from slateboard.dataset import Dataset
from slateboard.errors import BadInput
from slateboard.files import sha256_of
from slateboard.records.release import FINGERPRINTS
from slateboard.records.split import Split
from splits.audit import audit as names
from splits.audit.audit import Audit, audit
from splits.audit.checks import Check, counted_check, skipped_check
from splits.audit.file_integrity import damaged_files, with_state
from splits.audit.membership import SplitMembership, text_of
from splits.audit.near_duplicates import MOST_BITS, NearDuplicates, Pair, by_fingerprints, by_hashes
from splits.audit.training_record import TrainingRecord, training_checks
from splits.near.duplicates import VERSION as MATCHER

Depth = Literal["table", "hashes", "media"]
"""table: the table alone; hashes: its frame hashes too; media: fingerprints over time, and every file is decoded."""


class StoredOptions(TypedDict):
    """Options as certificate.json holds them."""

    depth: Depth
    bound: float
    """0-1."""
    trained_on: NotRequired[str]
    trained_on_sha256: NotRequired[str]


class Versions(TypedDict, total=False):
    """What the outcome depends on beside the split; empty where the table alone was looked at."""

    matcher: int
    """Of splits.near.duplicates, with fingerprints_sha256."""
    fingerprints_sha256: str
    most_bits: int
    """Bound of the frame hashes, of 256 bits."""


@dataclass(frozen=True)
class Options:
    """What an audit was asked for: the same options on the same data give the same certificate."""

    depth: Depth = "table"
    bound: float = names.BOUND
    trained_on: str | None = None
    """Path of the list of training ids, as given."""
    trained_on_sha256: str | None = None

    def stored(self) -> StoredOptions:
        """Return them as certificate.json holds them: options that were not given are left out."""
        stored: StoredOptions = {"depth": self.depth, "bound": self.bound}
        if self.trained_on is not None:
            stored["trained_on"] = self.trained_on
        if self.trained_on_sha256 is not None:
            stored["trained_on_sha256"] = self.trained_on_sha256
        return stored

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Options":
        """Read what `stored` returned; raises TypeError for an unknown option."""
        return cls(**stored)


@dataclass(frozen=True)
class Examination:
    """An audit with all checks that it was asked for."""

    report: Audit
    pairs: tuple[Pair, ...]
    """Near-duplicates of train and test, decided ones first."""
    options: Options
    versions: Versions
    """Matcher and fingerprints, or the bound of the hashes."""


def examine(
    dataset: Dataset, split: Split, options: Options, *, training_record: TrainingRecord | None = None
) -> Examination:
    """Run all checks to the depth of the options. With depth `media` the files of the release are read."""
    membership = SplitMembership.of(dataset.clips, split)
    media_checks: list[Check] | None = None
    duplicates = NearDuplicates((), (), ())
    versions: Versions = {}
    if options.depth != "table":
        duplicates, near_checks, versions = _search_duplicates(dataset, membership, options.depth)
        media_checks = [*near_checks, *_file_checks(dataset, options.depth)]
    trained = _training_checks(training_record, membership)
    report = audit(dataset, split, bound=options.bound, media_checks=media_checks, more_checks=trained)
    return Examination(report, (*duplicates.pairs, *duplicates.undecided), options, versions)


def _search_duplicates(
    dataset: Dataset, membership: SplitMembership, depth: Depth
) -> tuple[NearDuplicates, list[Check], Versions]:
    """Return the near-duplicates, the checks that count them, and the versions that they depend on."""
    # Fingerprints over time decide pairs (leak); four frame hashes only raise suspicion (unknown), since they cannot
    # tell the same footage from another person before the same wall. Without either, the checks are reported as not
    # run.
    path = dataset.root / FINGERPRINTS
    if depth == "media" and path.is_file():
        try:
            duplicates = by_fingerprints(path, membership)
        except BadInput as error:
            return _skip_search(str(error.problems[0]))
        note = "fingerprints over time, content box and mirror image"
        versions: Versions = {"matcher": MATCHER, "fingerprints_sha256": sha256_of(path)}
        decided = counted_check(names.NEAR, "leak", map(str, duplicates.pairs), note=note)
    elif not (text_of(membership.clips, "fingerprint") != "").any():
        return _skip_search("there are no fingerprints")
    else:
        try:
            duplicates = by_hashes(membership)
        except BadInput as error:
            return _skip_search(str(error))
        note = f"frame hashes of the table, at most {MOST_BITS} of 256 bits apart"
        versions = {"most_bits": MOST_BITS}
        decided = skipped_check(names.NEAR, "leak", "hashes of four frames cannot decide")
    undecided = counted_check(names.UNDECIDED, "unknown", map(str, duplicates.undecided), note=note)
    return duplicates, [decided, undecided, counted_check(names.UNSEEN, "unknown", duplicates.unseen)], versions


def _skip_search(why: str) -> tuple[NearDuplicates, list[Check], Versions]:
    return NearDuplicates((), (), ()), [skipped_check(name, kind, why) for name, kind in names.OF_FINGERPRINTS], {}


def _file_checks(dataset: Dataset, depth: Depth) -> list[Check]:
    if depth != "media":
        return [skipped_check(name, kind, "media were not looked at") for name, kind in names.OF_FILES]
    damaged = damaged_files(dataset)
    return [
        counted_check(names.MISSING, "contradiction", with_state(damaged, "missing")),
        counted_check(
            names.CHANGED, "contradiction", with_state(damaged, "changed"), note="other bytes than the table says"
        ),
        counted_check(
            names.UNDECODED, "contradiction", with_state(damaged, "undecodable"), note="every frame was decoded"
        ),
        counted_check(
            names.OTHERWISE,
            "unknown",
            with_state(damaged, "otherwise"),
            note="bytes as released, other pictures: another decoder, or frames_sha256 of an earlier version",
        ),
    ]


def _training_checks(record: TrainingRecord | None, membership: SplitMembership) -> tuple[Check, ...]:
    if record is None:
        return ()
    return training_checks(record, membership, names=(names.TRAINED, names.TRAINED_GROUPS))
