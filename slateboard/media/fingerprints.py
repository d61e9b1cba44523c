"""Perceptual fingerprints: short hashes of frames, and small pictures over time that near-duplicates are told by."""

import math
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slateboard.media.content import Box, content_box
from slateboard.media.frames import Frame, decode
from slateboard.media.scale import scale
from slateboard.records.media import Shot

SHORT_SIDE = 72
"""Pixels of the shorter side of the pictures that a Fingerprinter wants."""
RATE_HZ = 30.0
"""Pictures a second that it wants at most."""
SIDE = 32
"""Cells along each side of a fingerprint's pictures, whatever the aspect."""

_HASH_SIDE = 32
_KEPT = 8
_BOX_FRAMES = 24
_DEFLATE = 4
"""Level: 3 % more bytes than by level 6, in a third of the time."""


def frame_hash(luma: NDArray[np.uint8]) -> int:
    """Return a 64-bit DCT hash of a luma plane [height, width]: signs of low frequencies about their median.

    The form is Zauner's pHash (2010): 32 x 32 by area, 8 x 8 lowest frequencies, threshold at the median.
    """
    small = scale(luma, (_HASH_SIDE, _HASH_SIDE)).astype(np.float64)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def fingerprint(hashes: Sequence[int]) -> str:
    """Return frame hashes as hex joined by `-`."""
    return "-".join(f"{value:016x}" for value in hashes)


def sampled(frames: int, count: int = 4) -> list[int]:
    """Return `count` frame indices spread over a clip, away from its ends; repeated if the clip is shorter."""
    return [min(frames - 1, int((position + 0.5) * frames / count)) for position in range(count)]


@dataclass(frozen=True)
class Fingerprint:
    """What a video shows over time, in pictures of SIDE x SIDE cells."""

    seconds: NDArray[np.float32]
    """[n] presentation time since the first picture, rising."""
    views: NDArray[np.uint8]
    """[1 or 2, n, SIDE, SIDE] luma: the whole frame and, where borders surround it, the content box."""
    begins_s: float = 0.0
    """When the first picture was taken, in seconds of the video: what title cards are left out before it."""

    def row(self) -> dict[str, Any]:
        """Return it as one row of a table: pictures as differences to the one before, deflated."""
        steps = np.diff(self.views, axis=1, prepend=np.zeros_like(self.views[:, :1]))
        return {
            "seconds": self.seconds.tolist(),
            "views": len(self.views),
            "side": SIDE,
            "luma": zlib.compress(steps.tobytes(), _DEFLATE),
            "begins_s": self.begins_s,
        }

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Fingerprint":
        """Read what `row` wrote; raises ValueError for a row that is damaged, or unpacks to more than it states."""
        shape = (int(row["views"]), len(row["seconds"]), int(row["side"]), int(row["side"]))
        if shape[0] not in (1, 2) or shape[2] != SIDE:
            raise ValueError(f"a fingerprint of {shape[0]} views of {shape[2]} pixels is none of ours")
        size = math.prod(shape)
        try:
            luma = zlib.decompressobj().decompress(row["luma"], size + 1)
        except (zlib.error, TypeError) as error:
            raise ValueError(f"a fingerprint's pictures cannot be unpacked ({error})") from None
        if len(luma) != size:
            raise ValueError("a fingerprint's pictures are not of its size")
        steps = np.frombuffer(luma, np.uint8).reshape(shape)
        views = np.cumsum(steps, axis=1, dtype=np.uint8)
        return cls(np.asarray(row["seconds"], np.float32), views, row["begins_s"])


class Fingerprinter:
    """Collects small pictures of one video and makes its fingerprint at the end."""

    def __init__(self) -> None:
        self._slot = -1
        self._frames: list[int] = []
        self._seconds: list[float] = []
        self._pictures: list[NDArray[np.uint8]] = []
        self._cells: list[NDArray[np.uint8]] = []
        self._boxes: dict[tuple[int, int], Box | None] = {}
        self._closed = 0

    def see(self, frame: Frame) -> None:
        """Take a frame of SHORT_SIDE if it is the first in its slot of 1 / RATE_HZ seconds; pass over others."""
        # A thousandth of a slot allows for rounding of presentation times.
        slot = int(frame.seconds * RATE_HZ + 1e-3)
        if slot != self._slot:
            self._slot = slot
            self._frames.append(frame.index)
            self._seconds.append(frame.seconds)
            self._pictures.append(frame.y.copy())
            self._cells.append(_cells(frame.y))

    def close(self, end: int) -> None:
        """Take it that a shot ends before frame `end`: what is worked out now delays nothing in the end."""
        position = bisect_left(self._frames, end)
        self._box(self._closed, position)
        self._closed = position

    def finish(self, shots: Sequence[Shot] = ()) -> Fingerprint:
        """Return the fingerprint; borders are looked for in each shot by itself, or in the whole without shots.

        Cards and stills at the ends are left out: the change from a clip to its end card is by far the greatest
        movement in it, and the same in every clip that ends in one.
        """
        if not self._pictures:
            return Fingerprint(np.zeros(0, np.float32), np.zeros((1, 0, SIDE, SIDE), np.uint8))
        seconds = np.asarray(self._seconds, np.float32)
        starts = [0, *(int(np.searchsorted(seconds, shot.start_s - 1e-4)) for shot in shots), len(seconds)]
        whole = np.stack(self._cells)
        inner = whole.copy()
        for first, end in pairwise(starts):
            box = self._box(first, end)
            if box is not None:
                inner[first:end] = [_cells(picture, box) for picture in self._pictures[first:end]]
        views = whole[None] if np.array_equal(whole, inner) else np.stack([whole, inner])
        first, end = _content(seconds, shots)
        begins = seconds[first]
        return Fingerprint(seconds[first:end] - begins, views[:, first:end], float(begins))

    def _box(self, first: int, end: int) -> Box | None:
        if end > first and (first, end) not in self._boxes:
            self._boxes[first, end] = self._looked_for(first, end)
        return self._boxes.get((first, end))

    def _looked_for(self, first: int, end: int) -> Box | None:
        chosen = np.unique(np.linspace(first, end - 1, _BOX_FRAMES).round().astype(int))
        pictures = np.stack([self._pictures[index] for index in chosen])
        box = content_box(pictures)
        return None if box == (0, pictures.shape[1], 0, pictures.shape[2]) else box


def _content(seconds: NDArray[np.float32], shots: Sequence[Shot]) -> tuple[int, int]:
    """Return the first picture and the one after the last, without cards and stills at the ends."""
    moving = [shot for shot in shots if not (shot.still or shot.card)]
    if not moving:
        return 0, len(seconds)
    first, end = np.searchsorted(seconds, [moving[0].start_s - 1e-4, moving[-1].end_s - 1e-4])
    return (int(first), int(end)) if end > first else (0, len(seconds))


def fingerprint_of(path: Path) -> Fingerprint:
    """Decode a file and return its fingerprint, without knowledge of shots; raises Unreadable."""
    maker = Fingerprinter()
    for frame in decode(path, short_side=SHORT_SIDE, on_error=lambda _: None):
        maker.see(frame)
    return maker.finish()


def _cells(picture: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    if box is not None:
        picture = np.ascontiguousarray(picture[box[0] : box[1], box[2] : box[3]])
    # By area where cells are larger than pixels; a small content box is enlarged instead.
    small = min(picture.shape) < SIDE
    way = cv2.INTER_LINEAR if small else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=way), np.uint8)
