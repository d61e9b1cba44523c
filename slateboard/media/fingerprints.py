"""Perceptual fingerprints: short hashes of frames, and small pictures over time for near-duplicate search."""

import math
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict

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
    # Bit k = 1 where DCT coefficient k of the 8 x 8 lowest is above the median of the 63 without the mean (index 0);
    # row by row, the first bit the highest of the 64.
    small = scale(luma, (_HASH_SIDE, _HASH_SIDE)).astype(np.float64)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def fingerprint(hashes: Sequence[int]) -> str:
    """Return frame hashes as hex joined by `-`."""
    return "-".join(f"{value:016x}" for value in hashes)


def spread_indices(frames: int, count: int = 4) -> list[int]:
    """Return `count` frame indices spread over a clip, away from its ends; repeated if the clip is shorter."""
    # frames=20, count=4 -> middles of quarters: 2, 7, 12, 17; frames=2 -> 0, 0, 1, 1
    return [min(frames - 1, int((position + 0.5) * frames / count)) for position in range(count)]


class FingerprintRow(TypedDict):
    """A fingerprint as a row of a table."""

    seconds: list[float]
    """Presentation times since the first picture."""
    views: int
    """1, or 2 with the content box."""
    side: int
    """Cells of a picture's side."""
    luma: bytes
    """[views, n, side, side] uint8 differences to the picture before, deflated."""
    begins_s: float
    """When the first picture was taken, in seconds of the video."""


@dataclass(frozen=True)
class Fingerprint:
    """Pictures of SIDE x SIDE cells over the time of a video."""

    seconds: NDArray[np.float32]
    """[n] presentation time since the first picture, rising."""
    views: NDArray[np.uint8]
    """[1 or 2, n, SIDE, SIDE] luma: the whole frame and, where borders surround it, the content box."""
    begins_s: float = 0.0
    """When the first picture was taken, in seconds of the video: what title cards are left out before it."""

    def row(self) -> FingerprintRow:
        """Return it as one row of a table: pictures as differences to the one before, deflated."""
        # Each picture as its difference to the one before modulo 256 (uint8 wraps): 3 -> 250 is 247, and cumsum in
        # uint8 gives 250 again. Still footage becomes zeros, which deflate well.
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
        self._first_s = 0.0
        self._frames: list[int] = []
        self._seconds: list[float] = []
        self._pictures: list[NDArray[np.uint8]] = []
        self._cells: list[NDArray[np.uint8]] = []
        self._boxes: dict[tuple[int, int], Box | None] = {}
        self._closed = 0

    def see(self, frame: Frame) -> None:
        """Take a frame of SHORT_SIDE if it is the first in its slot of 1 / RATE_HZ seconds; pass over others."""
        # A thousandth of a slot allows for rounding of presentation times.
        # Slot k is [k / 30, (k + 1) / 30) s: at 25 frames/s 0.00, 0.04, 0.08 s -> 0, 1, 2; at 60 every second frame.
        # From the first frame on, so that the same pictures are taken whenever they begin.
        self._first_s = frame.seconds if frame.index == 0 else self._first_s
        slot = int((frame.seconds - self._first_s) * RATE_HZ + 1e-3)
        if slot != self._slot:
            self._slot = slot
            self._frames.append(frame.index)
            self._seconds.append(frame.seconds)
            self._pictures.append(frame.y.copy())
            self._cells.append(_cells(frame.y))

    def close(self, end: int) -> None:
        """Note that a shot ends before frame `end`; its borders are looked for now, not all at the end."""
        position = bisect_left(self._frames, end)
        self._box(self._closed, position)
        self._closed = position

    def finish(self, shots: Sequence[Shot] = ()) -> Fingerprint:
        """Return the fingerprint; borders are searched in each shot separately, or in the whole video without shots.

        Cards and stills at the ends are left out: the change from a clip to its end card is by far the greatest
        movement in it, and the same in every clip that ends in one.
        """
        if not self._pictures:
            return Fingerprint(np.zeros(0, np.float32), np.zeros((1, 0, SIDE, SIDE), np.uint8))
        seconds = np.asarray(self._seconds, np.float32)
        # Pictures of each shot: shots from 0 and 2 s, pictures at 0, 1, 2, 3 s -> starts 0, 0, 2, 4, and pairs of equal
        # ones are empty. 0.1 ms allows for times that were rounded to float32.
        starts = [0, *(int(np.searchsorted(seconds, shot.start_s - 1e-4)) for shot in shots), len(seconds)]
        frame_cells = np.stack(self._cells)
        inner = frame_cells.copy()
        for start, end in pairwise(starts):
            box = self._box(start, end)
            if box is not None:
                inner[start:end] = [_cells(picture, box) for picture in self._pictures[start:end]]
        views = frame_cells[None] if np.array_equal(frame_cells, inner) else np.stack([frame_cells, inner])
        start, end = _content_range(seconds, shots)
        begins = seconds[start]
        return Fingerprint(seconds[start:end] - begins, views[:, start:end], float(begins))

    def _box(self, start: int, end: int) -> Box | None:
        if end > start and (start, end) not in self._boxes:
            self._boxes[start, end] = self._find_box(start, end)
        return self._boxes.get((start, end))

    def _find_box(self, start: int, end: int) -> Box | None:
        positions = np.unique(np.linspace(start, end - 1, _BOX_FRAMES).round().astype(int))
        pictures = np.stack([self._pictures[index] for index in positions])
        box = content_box(pictures)
        return None if box == (0, pictures.shape[1], 0, pictures.shape[2]) else box


def _content_range(seconds: NDArray[np.float32], shots: Sequence[Shot]) -> tuple[int, int]:
    """Return the first picture and the one after the last, without cards and stills at the ends."""
    moving = [shot for shot in shots if not (shot.still or shot.card)]
    if not moving:
        return 0, len(seconds)
    start, end = np.searchsorted(seconds, [moving[0].start_s - 1e-4, moving[-1].end_s - 1e-4])
    return (int(start), int(end)) if end > start else (0, len(seconds))


def fingerprint_of(path: Path, *, stream: int | None = None) -> Fingerprint:
    """Decode a file and return its fingerprint, without knowledge of shots; raises Unreadable."""
    maker = Fingerprinter()
    for frame in decode(path, short_side=SHORT_SIDE, on_error=lambda _: None, stream=stream):
        maker.see(frame)
    return maker.finish()


def _cells(picture: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    if box is not None:
        picture = np.ascontiguousarray(picture[box[0] : box[1], box[2] : box[3]])
    # By area where cells are larger than pixels; a small content box is enlarged instead.
    small = min(picture.shape) < SIDE
    way = cv2.INTER_LINEAR if small else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=way), np.uint8)
