"""Frame store: a dataset decoded once into shards of I420 pictures or of small video, read by index."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.frames.build import built
from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.shard import PLANES
from benchmark.frames.shards import Shards, Stored
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Place


@dataclass(frozen=True)
class Store(Stored):
    """A store of the form planes: every picture of every clip as it was decoded."""

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames."""
        place = self.shards.place(clip_id, indices)
        height, width = place.facts.height, place.facts.width
        size = picture_bytes(height, width)
        found = np.empty((len(indices), size), dtype=np.uint8)
        for first, start, end in runs(indices):
            self.shards.read_into(found[start:end], place.shard, place.offset + first * size)
        return found if box == Box(0, 0, height, width) else cut(found, box, height=height, width=width)


def runs(indices: Indices) -> list[tuple[int, int, int]]:
    """Return (first frame, start, end) of each stretch [start, end) of `indices` that counts up by one."""
    if not len(indices):
        return []
    breaks = (np.flatnonzero(np.diff(indices) != 1) + 1).tolist()
    starts, ends = [0, *breaks], [*breaks, len(indices)]
    return list(zip(indices[starts].tolist(), starts, ends, strict=True))


def cut(pictures: Bytes, box: Box, *, height: int, width: int) -> Bytes:
    """Return the box of I420 pictures [T, height * width * 3 / 2]."""
    count = len(pictures)
    found = np.empty((count, picture_bytes(box.height, box.width)), dtype=np.uint8)
    start, done = 0, 0
    for part in (1, 2, 2):
        rows, columns = height // part, width // part
        down, across = box.height // part, box.width // part
        plane = pictures[:, start : start + rows * columns].reshape(count, rows, columns)
        top, left = box.top // part, box.left // part
        target = found[:, done : done + down * across].reshape(count, down, across)
        target[...] = plane[:, top : top + down, left : left + across]
        start, done = start + rows * columns, done + down * across
    return found


def build(stores: Path, dataset: Dataset, geometry: Geometry, *, place: Place = HERE) -> Store:
    """Return the store of planes of a dataset, built where it is not there yet (see `built`)."""
    return Store(Shards(built(stores, dataset, geometry, form=PLANES, place=place), geometry))
