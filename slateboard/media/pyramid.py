"""Pyramid: one frame at every size that is asked for, each scaled once."""

from dataclasses import replace

from slateboard.media.frames import Frame, scaled_size
from slateboard.media.scale import shrink


class Pyramid:
    """Halves a frame again and again, and shrinks the last half that is large enough to the size.

    Which sizes are asked for changes no picture: an analyser sees the same alone and among others.
    """

    def __init__(self, frame: Frame) -> None:
        self._halves = [frame]
        self._sizes: dict[int, Frame] = {}

    def at(self, short_side: int) -> Frame:
        """Return the frame with this shorter side in pixels; 0, or one that is no larger: as it is."""
        if short_side == 0:
            return self._halves[0]
        if short_side not in self._sizes:
            self._sizes[short_side] = self._shrunk(short_side)
        return self._sizes[short_side]

    def _shrunk(self, short_side: int) -> Frame:
        height, width = self._halves[0].y.shape
        if min(height, width) <= short_side:
            return self._halves[0]
        level = 0
        while min(half := _half_of(self._halves[level])) >= short_side:
            level += 1
            if level == len(self._halves):
                self._halves.append(_sized(self._halves[-1], half))
        return _sized(self._halves[level], scaled_size(width, height, short_side=short_side))


def _half_of(frame: Frame) -> tuple[int, int]:
    """Return half of (width, height), both even, so that chroma halves too: 854 gives 428."""
    height, width = frame.y.shape
    return max(2, (width + 2) // 4 * 2), max(2, (height + 2) // 4 * 2)


def _sized(frame: Frame, size: tuple[int, int]) -> Frame:
    if (frame.y.shape[1], frame.y.shape[0]) == size:
        return frame
    half = (size[0] // 2, size[1] // 2)
    return replace(frame, y=shrink(frame.y, size), u=shrink(frame.u, half), v=shrink(frame.v, half))
