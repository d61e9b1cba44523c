"""Which clips of train and of test show the same footage: by fingerprints over time, or by the table's hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from slateboard.media.fingerprints import Fingerprint
from splits.audit.checks import Sides, text_of
from splits.near.candidates import sketch
from splits.near.duplicates import Doubt, duplicates
from splits.near.hashes import near, packed

MOST_BITS = 31
"""Of 256 that may differ: the threshold that PDQ's authors give (Facebook, The TMK+PDQF Video-Hashing, 2019)."""


@dataclass(frozen=True, order=True)
class Pair:
    """A clip of train and a clip of test that ought not to be apart."""

    train: str
    test: str
    why: str

    def __str__(self) -> str:
        return f"{self.train} ~ {self.test} ({self.why})"


@dataclass(frozen=True)
class Alike:
    """What a search for near-duplicates across the sides gave."""

    pairs: tuple[Pair, ...]
    """Sorted."""
    undecided: tuple[Pair, ...]
    unseen: tuple[str, ...]
    """Clips in train or test that nothing is known of: no pair of theirs can be found."""


def by_fingerprints(path: Path, sides: Sides) -> Alike:
    """Compare train with test by the fingerprints over time of a release: content box and mirror image included.

    Footage that two clips share for a part of their time counts too. Raises OSError where the file is not there.
    """
    wanted = {part: set(sides.clips["clip_id"][sides.masks[part]]) for part in ("train", "test")}
    rows = _rows(path, wanted["train"] | wanted["test"])
    train, test = (sorted(wanted[part] & rows.keys()) for part in ("train", "test"))
    sketches = {clip: sketch(Fingerprint.of_row(row)) for clip, row in rows.items()}
    pairs, undecided = [], []
    for found in duplicates(test, train, sketches, lambda clip: Fingerprint.of_row(rows[clip])):
        ids = _across(found.first, found.second, wanted["train"], wanted["test"])
        if ids is None:
            continue
        if isinstance(found, Doubt):
            undecided.append(Pair(*ids, found.reason))
        else:
            mirrored = ", mirrored" if found.mirrored else ""
            pairs.append(Pair(*ids, f"{found.seconds:.1f} s alike{mirrored}, score {found.score:.2f}"))
    unseen = (wanted["train"] | wanted["test"]) - rows.keys()
    return Alike(tuple(sorted(pairs)), tuple(sorted(undecided)), tuple(sorted(unseen)))


def by_hashes(sides: Sides, *, most_bits: int = MOST_BITS) -> Alike:
    """Compare train with test by the 256-bit fingerprints of the table.

    Four pictures cannot tell the same footage from another person before the same wall: all pairs are undecided.
    """
    chosen = sides.clips[sides.used]
    hashes = text_of(chosen, "fingerprint").tolist()
    places, bits = packed(hashes)
    ids = chosen["clip_id"].to_numpy(dtype=object)
    in_train, in_test = sides.masks["train"][sides.used][places], sides.masks["test"][sides.used][places]
    pairs = near(bits, most_bits=most_bits)
    one, other = pairs[:, 0], pairs[:, 1]
    forward, backward = in_train[one] & in_test[other], in_test[one] & in_train[other]
    across = np.concatenate([pairs[forward], pairs[backward & ~forward][:, ::-1]])
    apart = np.bitwise_count(bits[across[:, 0]] ^ bits[across[:, 1]]).sum(axis=1)
    names = ids[places]
    found = [
        Pair(str(train), str(test), f"{bits_apart} of 256 bits differ")
        for (train, test), bits_apart in zip(names[across].tolist(), apart.tolist(), strict=True)
    ]
    told = np.zeros(len(ids), bool)
    told[places] = True
    return Alike((), tuple(sorted(found)), tuple(sorted(map(str, ids[~told]))))


def _rows(path: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    rows: Sequence[dict[str, Any]] = pq.read_table(path).to_pylist()
    return {row["clip_id"]: row for row in rows if row["clip_id"] in wanted}


def _across(one: str, other: str, train: set[str], test: set[str]) -> tuple[str, str] | None:
    if one in train and other in test:
        return one, other
    return (other, one) if one in test and other in train else None
