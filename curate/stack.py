"""Stack: a dozen frames spread over one shot, as effect detectors see them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame

FRAMES = 12
"""Frames in a stack at most (effects are judged on a dozen, spread over the shot)."""

_KEPT = 4 * FRAMES


@dataclass(frozen=True)
class Stack:
    """Planes of n frames of one shot, 8 bit limited or full range as in the file."""

    y: NDArray[np.uint8]
    """[n, height, width]"""
    u: NDArray[np.uint8]
    """[n, height / 2, width / 2]"""
    v: NDArray[np.uint8]
    """[n, height / 2, width / 2]"""


def stack(frames: Iterable[Frame]) -> Stack:
    """Pile up frames of one size."""
    kept = list(frames)
    return Stack(*(np.stack([getattr(frame, plane) for frame in kept]) for plane in "yuv"))


class Sampler:
    """Keeps frames of the running shot, thinned so that long shots need no more memory than short ones."""

    def __init__(self) -> None:
        self._kept: list[Frame] = []
        self._step = 1

    def see(self, frame: Frame) -> None:
        """Take every step-th frame."""
        if frame.index % self._step == 0:
            self._kept.append(frame)
        if len(self._kept) > _KEPT:
            self._kept = self._kept[::2]
            self._step *= 2

    def close(self, end: int) -> Stack | None:
        """Return the stack of the shot that ends before frame `end`, and begin the next; None: no frame kept."""
        shot = [frame for frame in self._kept if frame.index < end]
        self._kept = [frame for frame in self._kept if frame.index >= end]
        self._step = 1
        if not shot:
            return None
        chosen = np.unique(np.linspace(0, len(shot) - 1, FRAMES).round().astype(int))
        return stack(shot[index] for index in chosen)
