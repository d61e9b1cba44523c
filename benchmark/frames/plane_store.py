"""PlaneStore: a dataset decoded once into shards of I420 pictures, read by frame number."""

from dataclasses import dataclass

import numpy as np

from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box, picture_bytes
from benchmark.frames.shard_reader import ShardedStore


@dataclass(frozen=True)
class PlaneStore(ShardedStore):
    """A store of the form planes: every picture of every clip, exactly as it was decoded."""

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames."""
        place = self.shards.place(clip_id, indices)
        height, width = place.facts.height, place.facts.width
        size = picture_bytes(height, width)
        pictures = np.empty((len(indices), size), dtype=np.uint8)
        # Consecutive frames lie one after the other: one read for each run of them.
        for first, start, end in runs(indices):
            # Pictures of a clip have one size: frame 40 of 128 x 170 begins 40 * 32,640 = 1,305,600 bytes after frame
            # 0.
            self.shards.read_into(pictures[start:end], place.shard, place.offset + first * size)
        return pictures if box == Box(0, 0, height, width) else cut(pictures, box, height=height, width=width)


def runs(indices: Indices) -> list[tuple[int, int, int]]:
    """Return (first frame, start, end) of each stretch [start, end) of `indices` that counts up by one."""
    # indices 4, 5, 6, 9, 10 -> (4, 0, 3), (9, 3, 5)
    if not len(indices):
        return []
    breaks = (np.flatnonzero(np.diff(indices) != 1) + 1).tolist()
    starts, ends = [0, *breaks], [*breaks, len(indices)]
    return list(zip(indices[starts].tolist(), starts, ends, strict=True))


def cut(pictures: Bytes, box: Box, *, height: int, width: int) -> Bytes:
    """Return the box of I420 pictures [T, height * width * 3 / 2]."""
    count = len(pictures)
    cropped = np.empty((count, picture_bytes(box.height, box.width)), dtype=np.uint8)
    # A picture of 128 x 170: luma from byte 0, U from 21,760, V from 27,200, end at 32,640. In each plane the box is a
    # rectangle; copied row by row it becomes contiguous.
    source_start, target_start = 0, 0
    # Luma, then U and V, which have half of the rows and columns.
    for subsampling in (1, 2, 2):
        rows, columns = height // subsampling, width // subsampling
        box_rows, box_columns = box.height // subsampling, box.width // subsampling
        top, left = box.top // subsampling, box.left // subsampling
        plane = pictures[:, source_start : source_start + rows * columns].reshape(count, rows, columns)
        target = cropped[:, target_start : target_start + box_rows * box_columns]
        target.reshape(count, box_rows, box_columns)[...] = plane[:, top : top + box_rows, left : left + box_columns]
        source_start, target_start = source_start + rows * columns, target_start + box_rows * box_columns
    return cropped
