"""Which clips of train and of test show the same footage: by fingerprints over time, or by the table's hashes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypedDict

import numpy as np

from slateboard import engine
from slateboard.media.fingerprints import Fingerprint
from slateboard.progress import progress, say, track
from slateboard.reading import read_table
from slateboard.records.media import Duplicate
from splits.audit.membership import SplitMembership, text_of
from splits.near.candidates import Sketch, sketch
from splits.near.duplicates import UndecidedPair, candidate_pairs, compare_pairs
from splits.near.hashes import near_pairs, pack_fingerprints

MOST_BITS = 31
"""Of 256 that may differ: the threshold that PDQ's authors give (Facebook, The TMK+PDQF Video-Hashing, 2019)."""
_COLUMNS = ("clip_id", "views", "side", "seconds", "begins_s", "luma")
_SERIAL_PAIRS = 300
"""Under so many, some 20 ms each, processes take longer to start than they save."""
_BATCH_PAIRS = 64
"""Pairs that a worker gets at once: those of a clip that thousands are near, as a blank one, go to several workers."""


@dataclass(frozen=True, order=True)
class Pair:
    """A clip of train and a clip of test that should be on one side."""

    train: str
    test: str
    why: str

    def __str__(self) -> str:
        return f"{self.train} ~ {self.test} ({self.why})"


@dataclass(frozen=True)
class NearDuplicates:
    """Near-duplicates of train and test."""

    pairs: tuple[Pair, ...]
    """Sorted."""
    undecided: tuple[Pair, ...]
    unseen: tuple[str, ...]
    """Clips in train or test without a fingerprint: no pair of theirs can be found."""


class FingerprintRow(TypedDict):
    """A row of a release's fingerprints as it was read: `Fingerprint.of_row` finds whether it is sound."""

    clip_id: object
    """A text, unless the row is damaged."""
    views: int
    side: int
    """Cells."""
    seconds: Sequence[float]
    begins_s: float
    luma: bytes
    """Deflated."""


@dataclass(frozen=True)
class _Comparison:
    """Candidate pairs of one clip, with what a worker needs to compare them."""

    pairs: Sequence[tuple[str, str]]
    rows: Mapping[str, FingerprintRow]
    """Clip -> its fingerprint as the release holds it, deflated."""
    sketches: Mapping[str, Sketch]

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[str, str]],
        rows: Mapping[str, FingerprintRow],
        sketches: Mapping[str, Sketch],
    ) -> "_Comparison":
        clips = {clip for pair in pairs for clip in pair}
        return cls(pairs, {clip: rows[clip] for clip in clips}, {clip: sketches[clip] for clip in clips})

    def divide(self) -> "list[_Comparison]":
        """Return a comparison for each pair."""
        return [self.of([pair], self.rows, self.sketches) for pair in self.pairs]


def by_fingerprints(path: Path, membership: SplitMembership, *, workers: int | None = None) -> NearDuplicates:
    """Compare train with test by the fingerprints over time of a release: content box and mirror image included.

    Footage that two clips share for a part of their time counts too. The work is done by `workers` processes; the
    outcome does not depend on how many. A clip whose fingerprint is damaged is unseen. Raises BadInput where the
    table cannot be read.
    """
    train, test = (set(membership.clips["clip_id"][membership.masks[subset]]) for subset in ("train", "test"))
    rows = _read_rows(path, train | test)
    sketches = dict(_make_sketches(rows))
    candidates = candidate_pairs(sorted(test & sketches.keys()), sorted(train & sketches.keys()), sketches)
    pairs, undecided = [], []
    for match in _compare(candidates, rows, sketches, workers=workers):
        ids = (
            (match.first, match.second)
            if match.first in train and match.second in test
            else (match.second, match.first)
        )
        if isinstance(match, UndecidedPair):
            undecided.append(Pair(*ids, match.reason))
        else:
            mirrored = ", mirrored" if match.mirrored else ""
            pairs.append(Pair(*ids, f"{match.seconds:.1f} s alike{mirrored}, score {match.score:.2f}"))
    unseen = (train | test) - sketches.keys()
    return NearDuplicates(tuple(sorted(pairs)), tuple(sorted(undecided)), tuple(sorted(unseen)))


def by_hashes(membership: SplitMembership, *, most_bits: int = MOST_BITS) -> NearDuplicates:
    """Compare train with test by the 256-bit fingerprints of the table.

    Four pictures cannot tell the same footage from another person before the same wall: all pairs are undecided.
    """
    used = membership.clips[membership.used]
    places, bits = pack_fingerprints(text_of(used, "fingerprint").tolist())
    ids = used["clip_id"].to_numpy(dtype=object)
    in_train, in_test = (membership.masks[subset][membership.used][places] for subset in ("train", "test"))
    pairs = near_pairs(bits, most_bits=most_bits)
    row, column = pairs[:, 0], pairs[:, 1]
    # As (train, test): pairs of a train row and a test column as they are, the opposite ones turned round. A clip that
    # the lists name in both is in both masks, and such a pair counts once.
    forward, backward = in_train[row] & in_test[column], in_test[row] & in_train[column]
    across = np.concatenate([pairs[forward], pairs[backward & ~forward][:, ::-1]])
    distance = np.bitwise_count(bits[across[:, 0]] ^ bits[across[:, 1]]).sum(axis=1)
    # Sorted as plain tuples, as a million comparisons of dataclasses take seconds.
    rows = zip(ids[places][across].tolist(), distance.tolist(), strict=True)
    ordered = sorted((str(train), str(test), bits_apart) for (train, test), bits_apart in rows)
    undecided = tuple(Pair(train, test, f"{bits_apart} of 256 bits differ") for train, test, bits_apart in ordered)
    has_hash = np.zeros(len(ids), bool)
    has_hash[places] = True
    return NearDuplicates((), undecided, tuple(sorted(map(str, ids[~has_hash]))))


def _read_rows(path: Path, clips: set[str]) -> dict[str, FingerprintRow]:
    table = read_table(path, what="table of fingerprints", columns=_COLUMNS, remedy="Restore the release.")
    rows: list[FingerprintRow] = table.to_dict("records")  # type: ignore[assignment]
    return {row["clip_id"]: row for row in rows if isinstance(row["clip_id"], str) and row["clip_id"] in clips}


def _make_sketches(rows: Mapping[str, FingerprintRow]) -> Iterator[tuple[str, Sketch]]:
    """Yield (clip, sketch) of the fingerprints that are intact, and name the damaged ones."""
    for clip, row in track(rows.items(), "sketch", total=len(rows), unit="clips"):
        try:
            yield clip, sketch(Fingerprint.of_row(row))
        except (ValueError, TypeError, KeyError, ArithmeticError, MemoryError) as error:
            say(f"{clip}: its fingerprint is damaged and tells nothing: {error}")


def _compare(
    pairs: Sequence[tuple[str, str]],
    rows: Mapping[str, FingerprintRow],
    sketches: Mapping[str, Sketch],
    *,
    workers: int | None,
) -> Iterator[Duplicate | UndecidedPair]:
    """Compare all pairs, in batches with the same first clip: its fingerprint is inflated once for a batch."""
    if workers is None and len(pairs) < _SERIAL_PAIRS:
        workers = 1
    of_clip = [list(clip_pairs) for _, clip_pairs in groupby(pairs, key=itemgetter(0))]
    batches = [of[start : start + _BATCH_PAIRS] for of in of_clip for start in range(0, len(of), _BATCH_PAIRS)]
    with progress("compare", len(pairs), unit="pairs") as bar:
        comparisons = (_Comparison.of(batch, rows, sketches) for batch in batches)
        results = engine.run(_run_comparison, comparisons, workers=workers, divide=_Comparison.divide)
        for comparison, matches in results:
            if isinstance(matches, engine.Failure):
                yield from (UndecidedPair(*pair, matches.reason) for pair in comparison.pairs)
            else:
                yield from matches
            bar.step(len(comparison.pairs))


def _run_comparison(comparison: _Comparison) -> list[Duplicate | UndecidedPair]:
    def load(clip: str) -> Fingerprint:
        return Fingerprint.of_row(comparison.rows[clip])

    return list(compare_pairs(comparison.pairs, comparison.sketches, load))
