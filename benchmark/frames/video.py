"""The small form of a store: H.264 packets with a table for each clip, of which only those needed are decoded."""

import threading
from dataclasses import dataclass, field

import numpy as np

from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box, picture_bytes
from benchmark.frames.shards import Place, Stored
from slateboard.media.packets import GOP, Decoder, copy_part

_ENTRY = 4
"""Bytes of one entry of a clip's table."""


@dataclass(frozen=True)
class VideoStore(Stored):
    """A store of the form video: pictures nearly as they were decoded, in a twentieth of the bytes."""

    _own: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames.

        Of each stretch between two key frames that holds a frame wanted, the pictures up to the last one wanted are
        decoded.
        """
        place = self.shards.place(clip_id, indices)
        found = np.empty((len(indices), picture_bytes(box.height, box.width)), dtype=np.uint8)
        if not len(indices):
            return found
        ends = self._ends(place)
        wanted = np.unique(indices)
        where: dict[int, list[int]] = {}
        for position, index in enumerate(indices.tolist()):
            where.setdefault(index, []).append(position)
        for first, last in stretches(wanted):
            packets = self._packets(place, ends, first, last)
            for index, picture in enumerate(self._decoder().pictures(packets), start=first):
                if index in where:
                    one, *others = where[index]
                    copy_part(picture, found[one], top=box.top, left=box.left, height=box.height, width=box.width)
                    found[others] = found[one]
        return found

    def _ends(self, place: Place) -> list[int]:
        """Return where each packet of a clip ends, in bytes after its table, with a 0 before."""
        table = np.empty(place.facts.frames, dtype="<u4")
        self.shards.read_into(table.view(np.uint8), place.shard, place.offset)
        return [0, *table.tolist()]

    def _packets(self, place: Place, ends: list[int], first: int, last: int) -> list[bytes]:
        """Return the packets of frames first..last."""
        start, end = ends[first], ends[last + 1]
        data = np.empty(end - start, dtype=np.uint8)
        self.shards.read_into(data, place.shard, place.offset + _ENTRY * place.facts.frames + start)
        whole = data.tobytes()
        return [whole[ends[index] - start : ends[index + 1] - start] for index in range(first, last + 1)]

    def _decoder(self) -> Decoder:
        """Return the decoder of this thread."""
        if not hasattr(self._own, "decoder"):
            self._own.decoder = Decoder()
        decoder: Decoder = self._own.decoder
        return decoder


def stretches(wanted: Indices) -> list[tuple[int, int]]:
    """Return (first, last) of what must be decoded for sorted frames: from key frames, and in one where they follow."""
    found: list[tuple[int, int]] = []
    for index in wanted.tolist():
        key = index // GOP * GOP
        if found and key <= found[-1][1] + 1:
            found[-1] = (found[-1][0], index)
        else:
            found.append((key, index))
    return found
