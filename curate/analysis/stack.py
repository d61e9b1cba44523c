"""Stack: the frames of one shot that an effect detector gets, at the size and number that it asks for."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame, Matrix

MOST_BYTES = 192_000_000
"""Most bytes of a stack of every frame: 36 s at a shorter side of 256, 10 minutes at 64 (16:9, 30/s)."""


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
    """Stack the planes of frames of one size, in their order."""
    ordered = list(frames)
    y, u, v = (np.stack([getattr(frame, plane) for frame in ordered]) for plane in "yuv")
    times = np.array([frame.seconds for frame in ordered])
    return Stack(y, u, v, times, ordered[0].matrix, ordered[0].full_range)


class Sampler:
    """Keeps frames of the current shot, thinned so that long shots need no more memory than short ones.

    With `frames` None every frame is kept, and a shot that grows over MOST_BYTES is returned in chunks.
    """

    def __init__(self, frames: int | None) -> None:
        self._frames = frames
        self._frames_kept: list[Frame] = []
        self._step = 1
        self._bytes = 0
        self.divided = False
        """Whether frames of the current shot were returned already."""

    def wants(self, index: int) -> bool:
        """Return whether the frame of this index is to be sampled."""
        return index % self._step == 0

    def see(self, frame: Frame) -> list[Frame]:
        """Take a frame; return the older half of the buffered shot if it exceeds MOST_BYTES, else an empty list."""
        self._frames_kept.append(frame)
        if self._frames is not None:
            # Thinning by halves: with frames = 10, the 41st frame drops every other one and doubles the step, so that
            # at most 40 frames, evenly spaced, are buffered however long the shot is; `close` picks 10 of them.
            if len(self._frames_kept) > 4 * self._frames:
                self._frames_kept = self._frames_kept[::2]
                self._step *= 2
            return []
        self._bytes += frame.y.nbytes + frame.u.nbytes + frame.v.nbytes
        if self._bytes < MOST_BYTES:
            return []
        # The newer half stays: cuts become known some frames late, and its frames may belong to the next shot.
        half = len(self._frames_kept) // 2
        older_half, self._frames_kept = self._frames_kept[:half], self._frames_kept[half:]
        self._bytes //= 2
        self.divided = True
        return older_half

    def close(self, end: int) -> list[Frame]:
        """Return the frames of the shot that ends before frame `end`, in order, and begin the next."""
        shot = [frame for frame in self._frames_kept if frame.index < end]
        self._frames_kept = self._frames_kept[len(shot) :]
        self._step, self.divided = 1, False
        self._bytes = sum(frame.y.nbytes + frame.u.nbytes + frame.v.nbytes for frame in self._frames_kept)
        if self._frames is None or not shot:
            return shot
        picks = np.unique(np.linspace(0, len(shot) - 1, self._frames).round().astype(int))
        return [shot[index] for index in picks]
