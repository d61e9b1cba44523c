"""Which clips of train and of test show the same footage: by fingerprints over time, or by the table's hashes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from slateboard import engine
from slateboard.media.fingerprints import Fingerprint
from slateboard.progress import progress, say, track
from slateboard.reading import read_table
from slateboard.records.media import Duplicate
from splits.audit.sides import Sides, text_of
from splits.near.candidates import Sketch, sketch
from splits.near.duplicates import UndecidedPair, candidate_pairs, compare_pairs
from splits.near.hashes import near_pairs, pack_fingerprints

MOST_BITS = 31
"""Of 256 that may differ: the threshold that PDQ's authors give (Facebook, The TMK+PDQF Video-Hashing, 2019)."""
_COLUMNS = ("clip_id", "views", "side", "seconds", "begins_s", "luma")
_FEW_PAIRS = 300
"""Under so many, some 20 ms each, processes take longer to start than they save."""
_TOGETHER = 64
"""Pairs that a worker gets at once: a clip that thousands come near, as a blank one, is shared out."""


@dataclass(frozen=True, order=True)
class Pair:
    """A clip of train and a clip of test that ought not to be apart."""

    train: str
    test: str
    why: str

    def __str__(self) -> str:
        return f"{self.train} ~ {self.test} ({self.why})"


@dataclass(frozen=True)
class NearDuplicates:
    """What a search for near-duplicates across the sides gave."""

    pairs: tuple[Pair, ...]
    """Sorted."""
    undecided: tuple[Pair, ...]
    unseen: tuple[str, ...]
    """Clips in train or test that nothing is known of: no pair of theirs can be found."""


@dataclass(frozen=True)
class _Comparison:
    """A clip and those of the other side that come near it, for a worker."""

    pairs: Sequence[tuple[str, str]]
    rows: Mapping[str, Mapping[str, Any]]
    """Clip -> its fingerprint as the release holds it, deflated."""
    sketches: Mapping[str, Sketch]

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[str, str]],
        rows: Mapping[str, Mapping[str, Any]],
        sketches: Mapping[str, Sketch],
    ) -> "_Comparison":
        clips = {clip for pair in pairs for clip in pair}
        return cls(pairs, {clip: rows[clip] for clip in clips}, {clip: sketches[clip] for clip in clips})

    def divide(self) -> "list[_Comparison]":
        """Return a comparison for each pair."""
        return [self.of([pair], self.rows, self.sketches) for pair in self.pairs]


def by_fingerprints(path: Path, sides: Sides, *, workers: int | None = None) -> NearDuplicates:
    """Compare train with test by the fingerprints over time of a release: content box and mirror image included.

    Footage that two clips share for a part of their time counts too. The work is done by `workers` processes; the
    outcome does not depend on how many. A clip whose fingerprint is damaged is unseen. Raises BadInput where the
    table cannot be read.
    """
    wanted = {part: set(sides.clips["clip_id"][sides.masks[part]]) for part in ("train", "test")}
    rows = _rows(path, wanted["train"] | wanted["test"])
    sketches = dict(_sketched(rows))
    train, test = (sorted(wanted[part] & sketches.keys()) for part in ("train", "test"))
    near_pairs = candidate_pairs(test, train, sketches)
    pairs, undecided = [], []
    for found in _judged(near_pairs, rows, sketches, workers=workers):
        ids = (found.first, found.second)
        if not (found.first in wanted["train"] and found.second in wanted["test"]):
            ids = ids[::-1]
        if isinstance(found, UndecidedPair):
            undecided.append(Pair(*ids, found.reason))
        else:
            mirrored = ", mirrored" if found.mirrored else ""
            pairs.append(Pair(*ids, f"{found.seconds:.1f} s alike{mirrored}, score {found.score:.2f}"))
    unseen = (wanted["train"] | wanted["test"]) - sketches.keys()
    return NearDuplicates(tuple(sorted(pairs)), tuple(sorted(undecided)), tuple(sorted(unseen)))


def by_hashes(sides: Sides, *, most_bits: int = MOST_BITS) -> NearDuplicates:
    """Compare train with test by the 256-bit fingerprints of the table.

    Four pictures cannot tell the same footage from another person before the same wall: all pairs are undecided.
    """
    chosen = sides.clips[sides.used]
    hashes = text_of(chosen, "fingerprint").tolist()
    places, bits = pack_fingerprints(hashes)
    ids = chosen["clip_id"].to_numpy(dtype=object)
    in_train, in_test = sides.masks["train"][sides.used][places], sides.masks["test"][sides.used][places]
    pairs = near_pairs(bits, most_bits=most_bits)
    one, other = pairs[:, 0], pairs[:, 1]
    forward, backward = in_train[one] & in_test[other], in_test[one] & in_train[other]
    across = np.concatenate([pairs[forward], pairs[backward & ~forward][:, ::-1]])
    apart = np.bitwise_count(bits[across[:, 0]] ^ bits[across[:, 1]]).sum(axis=1)
    names = ids[places]
    # Sorted as plain tuples, as a million comparisons of dataclasses take seconds.
    sided = zip(names[across].tolist(), apart.tolist(), strict=True)
    rows = sorted((str(train), str(test), bits_apart) for (train, test), bits_apart in sided)
    found = tuple(Pair(train, test, f"{bits_apart} of 256 bits differ") for train, test, bits_apart in rows)
    told = np.zeros(len(ids), bool)
    told[places] = True
    return NearDuplicates((), found, tuple(sorted(map(str, ids[~told]))))


def _rows(path: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    table = read_table(path, what="table of fingerprints", columns=_COLUMNS, remedy="Restore the release.")
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return {row["clip_id"]: row for row in rows if isinstance(row["clip_id"], str) and row["clip_id"] in wanted}


def _sketched(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Sketch]]:
    """Yield the sketch of each clip whose fingerprint is sound, and say which are not."""
    for clip, row in track(rows.items(), "sketch", total=len(rows), unit="clips"):
        try:
            yield clip, sketch(Fingerprint.of_row(row))
        except (ValueError, TypeError, KeyError, ArithmeticError, MemoryError) as error:
            say(f"{clip}: its fingerprint is damaged and tells nothing: {error}")


def _judged(
    pairs: Sequence[tuple[str, str]],
    rows: Mapping[str, Mapping[str, Any]],
    sketches: Mapping[str, Sketch],
    *,
    workers: int | None,
) -> Iterator[Duplicate | UndecidedPair]:
    """Judge all pairs, some with the same first clip at a time: it is made ready once for them."""
    if workers is None and len(pairs) < _FEW_PAIRS:
        workers = 1
    of_first = [list(some) for _, some in groupby(pairs, key=itemgetter(0))]
    together = [some[start : start + _TOGETHER] for some in of_first for start in range(0, len(some), _TOGETHER)]
    with progress("compare", len(pairs), unit="pairs") as bar:
        items = (_Comparison.of(some, rows, sketches) for some in together)
        for item, found in engine.run(_outcome, items, workers=workers, divide=_Comparison.divide):
            if isinstance(found, engine.Failure):
                yield from (UndecidedPair(first, second, found.reason) for first, second in item.pairs)
            else:
                yield from found
            bar.step(len(item.pairs))


def _outcome(item: _Comparison) -> list[Duplicate | UndecidedPair]:
    return list(compare_pairs(item.pairs, item.sketches, lambda clip: Fingerprint.of_row(item.rows[clip])))
