"""VideoStore: H.264 packets with a table for each clip, of which only those needed are decoded."""

import threading
from dataclasses import dataclass, field

import numpy as np

from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box, picture_bytes
from benchmark.frames.shard_reader import ClipPlace, ShardedStore
from slateboard.media.packets import GOP, Decoder, copy_rectangle

_ENTRY = 4
"""Bytes of one entry of a clip's table."""


@dataclass(frozen=True)
class VideoStore(ShardedStore):
    """A store of the form video: pictures nearly as they were decoded, in a twentieth of the bytes."""

    _thread: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames.

        Between two key frames the pictures up to the last requested one are decoded.
        """
        place = self.shards.place(clip_id, indices)
        rows = np.empty((len(indices), picture_bytes(box.height, box.width)), dtype=np.uint8)
        if not len(indices):
            return rows
        ends = self._ends(place)
        rows_of: dict[int, list[int]] = {}
        for row, index in enumerate(indices.tolist()):
            rows_of.setdefault(index, []).append(row)
        for first, last in stretches(np.unique(indices)):
            packets = self._packets(place, ends, first, last)
            for index, picture in enumerate(self._decoder().pictures(packets), start=first):
                if index in rows_of:
                    row, *repeats = rows_of[index]
                    copy_rectangle(picture, rows[row], top=box.top, left=box.left, height=box.height, width=box.width)
                    rows[repeats] = rows[row]
        return rows

    def _ends(self, place: ClipPlace) -> list[int]:
        """Return 0, and the byte after the clip's table at which each packet ends."""
        table = np.empty(place.facts.frames, dtype="<u4")
        self.shards.read_into(table.view(np.uint8), place.shard, place.offset)
        return [0, *table.tolist()]

    def _packets(self, place: ClipPlace, ends: list[int], first: int, last: int) -> list[bytes]:
        """Return the packets of frames first..last."""
        start, end = ends[first], ends[last + 1]
        data = np.empty(end - start, dtype=np.uint8)
        self.shards.read_into(data, place.shard, place.offset + _ENTRY * place.facts.frames + start)
        packets = data.tobytes()
        return [packets[ends[index] - start : ends[index + 1] - start] for index in range(first, last + 1)]

    def _decoder(self) -> Decoder:
        """Return the decoder of this thread."""
        if not hasattr(self._thread, "decoder"):
            self._thread.decoder = Decoder()
        decoder: Decoder = self._thread.decoder
        return decoder


def stretches(frames: Indices) -> list[tuple[int, int]]:
    """Return the stretches (first, last) that must be decoded for sorted frames; each begins with a key frame."""
    # A picture is decoded from its key frame on, every GOP-th one. Stretches that touch are decoded as one.
    # GOP = 8, frames 3, 9, 30 -> (0, 9), (24, 30)
    merged: list[tuple[int, int]] = []
    for index in frames.tolist():
        key = index // GOP * GOP
        if merged and key <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], index)
        else:
            merged.append((key, index))
    return merged
