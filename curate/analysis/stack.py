"""Stack: frames of one shot, as effect detectors see them, at the size and number they ask for."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame, Matrix

MOST_BYTES = 192_000_000
"""A stack of every frame holds at most this much: 36 s at a shorter side of 256, 10 minutes at 64 (16:9, 30/s)."""


@dataclass(frozen=True)
class Stack:
    """Planes of n frames of one shot, 8 bit limited or full range as in the file."""

    y: NDArray[np.uint8]
    """[n, height, width]"""
    u: NDArray[np.uint8]
    """[n, height / 2, width / 2]"""
    v: NDArray[np.uint8]
    """[n, height / 2, width / 2]"""
    times: NDArray[np.float64]
    """[n], seconds in the shot's video."""
    matrix: Matrix
    full_range: bool


def stack(frames: Iterable[Frame]) -> Stack:
    """Pile up frames of one size."""
    kept = list(frames)
    y, u, v = (np.stack([getattr(frame, plane) for frame in kept]) for plane in "yuv")
    times = np.array([frame.seconds for frame in kept])
    return Stack(y, u, v, times, kept[0].matrix, kept[0].full_range)


class Sampler:
    """Keeps frames of the running shot, thinned so that long shots need no more memory than short ones.

    With `frames` None every frame is kept, and a shot that grows over MOST_BYTES is handed over in parts.
    """

    def __init__(self, frames: int | None) -> None:
        self._frames = frames
        self._kept: list[Frame] = []
        self._step = 1
        self._bytes = 0
        self.divided = False
        """Frames of the running shot were handed over already."""

    def wants(self, index: int) -> bool:
        """Tell whether the frame of this index is one to see."""
        return index % self._step == 0

    def see(self, frame: Frame) -> list[Frame]:
        """Take a frame; return the oldest half of a shot too large to be kept whole, else nothing."""
        self._kept.append(frame)
        if self._frames is not None:
            if len(self._kept) > 4 * self._frames:
                self._kept = self._kept[::2]
                self._step *= 2
            return []
        self._bytes += frame.y.nbytes + frame.u.nbytes + frame.v.nbytes
        if self._bytes < MOST_BYTES:
            return []
        # The younger half stays: cuts become known some frames late.
        half = len(self._kept) // 2
        part, self._kept = self._kept[:half], self._kept[half:]
        self._bytes //= 2
        self.divided = True
        return part

    def close(self, end: int) -> list[Frame]:
        """Return the frames of the shot that ends before frame `end`, in order, and begin the next."""
        shot = [frame for frame in self._kept if frame.index < end]
        self._kept = self._kept[len(shot) :]
        self._step, self.divided = 1, False
        self._bytes = sum(frame.y.nbytes + frame.u.nbytes + frame.v.nbytes for frame in self._kept)
        if self._frames is None or not shot:
            return shot
        chosen = np.unique(np.linspace(0, len(shot) - 1, self._frames).round().astype(int))
        return [shot[index] for index in chosen]
