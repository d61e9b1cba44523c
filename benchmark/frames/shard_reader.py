"""The folder of a store: its records, its index, and reading bytes of its shards."""

import os
import threading
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import decoder
from benchmark.frames.shard_writer import LAYOUT, PLANES, VIDEO, ShardRow, shard_name
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.files import digest
from slateboard.media import packets
from slateboard.media.decoders import PYAV
from slateboard.paths import SafeId, inside
from slateboard.reading import read_table
from slateboard.records.base import Record

INDEX = "index.parquet"
"""Written last: a folder without it holds a store that is not complete."""
FACTS = "store.json"

_AGAIN = "Remove the store's folder: it is built again when it is needed."
_LEAST_CLIPS, _MOST_SHARDS = 16, 256
"""Clips in a shard at least, shards of a store at most. A kill costs one shard; a reader opens them all, of
1,024 files that a process may have open."""


class ShardFacts(Record):
    """One shard."""

    name: SafeId
    bytes: int
    xxh3: str
    """XXH3-128 of the file, hex."""


class StoreFacts(Record):
    """store.json: what a store was made of and holds, for people and for `store verify`."""

    dataset: SafeId
    dataset_sha256: str
    root: str
    """Where the dataset lay."""
    short_side: int
    keep: str
    form: str
    decoder: str
    """Name and version."""
    decoded_by: str
    """Name of the decoder, without the version."""
    coding: str
    """Settings and version of the encoder of the video form; empty for planes."""
    clips: int
    frames: int
    failed: int
    shards: tuple[ShardFacts, ...]


def folder_of(
    stores: Path, dataset: Dataset, geometry: Geometry, *, form: str = PLANES, decoded_by: str = PYAV
) -> Path:
    """Return the folder of a store: <dataset key>/<geometry>-<form>-<hash of data, geometry, form and versions>."""
    key = digest([dataset.sha256, geometry.key, form, coding(form), LAYOUT, decoder(decoded_by)], length=8)
    return inside(stores, f"{dataset.key}/{geometry.key}-{form}-{key}")


def coding(form: str) -> str:
    """Return settings and version of the encoder of the video form; empty for planes."""
    return f"{packets.SETTINGS} {decoder(PYAV)}" if form == VIDEO else ""


def clips_per_shard(clips: int) -> int:
    """Return the number of clips in each shard of a store of so many clips."""
    # 100 clips: 16 a shard, in 7 shards; 300,000: 1,172 a shard, in 256.
    return max(_LEAST_CLIPS, -(-clips // _MOST_SHARDS))


class ClipPlace(NamedTuple):
    """Where a clip lies in a store, and its facts."""

    shard: int
    offset: int
    """Bytes before it in its shard."""
    bytes: int
    facts: ClipFrames


@dataclass(frozen=True)
class Shards:
    """A complete store of either form: its index, and the bytes of its shards."""

    folder: Path
    geometry: Geometry
    form: str = PLANES

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a clip, by clip_id: shard, offset, bytes, claimed (frames that the container states; 0: it does not)
        and the fields of ClipFrames."""
        columns = ("clip_id", "shard", "offset", "bytes", "claimed", *ClipFrames.__dataclass_fields__)
        index = read_table(self.folder / INDEX, what="index of a store", columns=columns, remedy=_AGAIN)
        return index.set_index("clip_id")

    @cached_property
    def places(self) -> dict[str, ClipPlace]:
        """The index by clip_id, as places."""
        rows: list[ShardRow] = self.index.reset_index().to_dict("records")  # type: ignore[assignment]
        return {row["clip_id"]: _place(row) for row in rows}

    @cached_property
    def size(self) -> int:
        """Bytes of all shards."""
        return int(self.index["bytes"].sum())

    @cached_property
    def _files(self) -> "_Files":
        return _Files(self.folder, self.form)

    def place(self, clip_id: str, indices: Indices) -> ClipPlace:
        """Return where a clip lies; raises IndexError for a frame that it does not have."""
        place = self.places[clip_id]
        if len(indices) and not 0 <= indices.min() <= indices.max() < place.facts.frames:
            raise IndexError(
                f"clip {clip_id} has {place.facts.frames} frames, asked for {indices.min()}..{indices.max()}"
            )
        return place

    def stored_bytes(self, clip_id: str) -> bytes:
        """Return all bytes stored of a clip; none of one that failed."""
        place = self.places[clip_id]
        content = np.empty(place.bytes, dtype=np.uint8)
        self.read_into(content, place.shard, place.offset)
        return content.tobytes()

    def read_into(self, target: Bytes, shard: int, offset: int) -> None:
        """Fill `target`, which is contiguous, with the bytes of a shard from `offset`.

        Read, not memory-mapped: it costs about the same (35 us for 16 pictures of 128 x 170, against 27), and the pages
        of a mapping count as the process's own, so that it seems to grow by the whole store in an epoch.
        """
        # preadv takes the place to read from, so that threads share a descriptor without moving each other. It may read
        # less than asked for, on Linux at most 2 GiB, hence the loop.
        file, view = self._files.descriptor(shard), memoryview(target).cast("B")  # type: ignore[arg-type]
        count = 0
        while count < len(view):
            read = os.preadv(file, [view[count:]], offset + count)
            if read == 0:
                raise SlateboardError(
                    f"{self.folder / shard_name(shard, self.form)} ends at byte {offset + count}, where a clip should "
                    f"go on. {_AGAIN}"
                )
            count += read


@dataclass(frozen=True)
class ShardedStore:
    """What the two forms of a store share; each form reads its own pictures."""

    shards: Shards

    @property
    def geometry(self) -> Geometry:
        """Size and part of the stored pictures."""
        return self.shards.geometry

    @property
    def folder(self) -> Path:
        """Where the store lies."""
        return self.shards.folder

    def facts(self, clip_id: str) -> ClipFrames:
        """Return the facts of a clip."""
        return self.shards.places[clip_id].facts


def _place(row: ShardRow) -> ClipPlace:
    facts = ClipFrames(row["frames"], row["height"], row["width"], row["matrix"], row["full_range"], row["failed"])
    return ClipPlace(row["shard"], row["offset"], row["bytes"], facts)


class _Files:
    """File descriptors of shards, each opened once; closed when the store is no longer used."""

    def __init__(self, folder: Path, form: str) -> None:
        self._folder, self._form = folder, form
        self._open: dict[int, int] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._open)

    def descriptor(self, shard: int) -> int:
        # Without the lock first, as nearly every call finds it open; inside the lock once more, as another thread may
        # have opened it meanwhile, and a second descriptor would never be closed.
        file = self._open.get(shard)
        if file is None:
            with self._lock:
                if shard not in self._open:
                    path = self._folder / shard_name(shard, self._form)
                    try:
                        self._open[shard] = os.open(path, os.O_RDONLY)
                    except OSError as error:
                        raise SlateboardError(f"{path} cannot be read ({error.strerror}). {_AGAIN}") from error
                file = self._open[shard]
        return file


def _close(files: dict[int, int]) -> None:
    for file in files.values():
        os.close(file)
