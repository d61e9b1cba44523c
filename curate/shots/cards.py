"""Cards: shots of text, or of nothing, on a plain ground - titles, credits, end cards - moving or not."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame

EVERY_SECONDS = 0.25
"""Frames are looked at this far apart; a shot without a look in it is not called a card."""

# 430 real clips (Weizmann, JHMDB, UCF101), looked at up to four times each: where the ground is over 0.40 the solid
# part is at least 0.056; on 183 of 184 drawn title and end cards at crf 30 it is under 0.02. A shot is a card if
# 80 % of the looks at it are.
_LEAST_GROUND, _MOST_SOLID, _MOST_LOOKS = 0.55, 0.02, 0.8
# Distance in grey levels and in steps of colour within which a pixel has the colour of the ground.
_LUMA_NEAR, _CHROMA_NEAR = 8, 8
# Strokes of letters are thinner than a fourteenth of the shorter side; bodies are not.
_THIN = 14


@dataclass(frozen=True)
class Look:
    """What one frame is made of."""

    ground: float
    """Share of the picture in its commonest colour, 0-1."""
    solid: float
    """Share that is neither ground, nor thin as letters are, nor of one flat colour: things and people, 0-1."""

    @property
    def card(self) -> bool:
        """True if all but the ground may be letters, lines and flat marks."""
        return self.ground >= _LEAST_GROUND and self.solid <= _MOST_SOLID


class Cards:
    """Looks at a frame now and then as a video passes."""

    def __init__(self) -> None:
        self._looks: list[tuple[int, bool]] = []
        self._due = 0.0

    def see(self, frame: Frame) -> None:
        """Look at a frame if it is time to."""
        if frame.seconds < self._due:
            return
        self._due = frame.seconds + EVERY_SECONDS
        self._looks.append((frame.index, look(frame).card))

    def holds(self, first: int, end: int) -> bool:
        """Tell whether the shot of frames first to end - 1 is a card."""
        inside = [card for index, card in self._looks if first <= index < end]
        return bool(inside) and sum(inside) >= _MOST_LOOKS * len(inside)


def look(frame: Frame) -> Look:
    """Divide a frame into ground, what may be letters, and the rest; without enough ground all the rest is solid."""
    luma = np.asarray(cv2.blur(frame.y, (3, 3)), np.uint8)
    ground = _commonest(luma, frame, np.ones(luma.shape, np.uint8))
    share = cv2.countNonZero(ground) / ground.size
    rest = np.asarray(1 - ground, np.uint8)
    if share < _LEAST_GROUND or share == 1:
        return Look(share, cv2.countNonZero(rest) / rest.size)
    # Without the commonest colour of the rest, that of the letters, only their blurred edges are left: thin too.
    rest &= 1 - _commonest(luma, frame, rest)
    side = max(3, min(luma.shape) // _THIN) | 1
    return Look(share, float(cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)).mean()))


def _commonest(luma: NDArray[np.uint8], frame: Frame, where: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 1 where a pixel has the commonest colour of those marked, [height, width]."""
    shares = cv2.calcHist([luma], [0], where, [256], [0, 256])
    mode = int(np.argmax(cv2.blur(shares, (1, 9))))
    near = _within(luma, mode, _LUMA_NEAR)
    # Chroma has half the size: judged there, and spread over the four pixels that each step of it colours.
    half = (near & where)[::2, ::2][: frame.u.shape[0], : frame.u.shape[1]] > 0
    coloured = np.ones(frame.u.shape, np.uint8)
    for plane in (frame.u, frame.v):
        coloured &= _within(plane, float(np.median(plane[half])) if half.any() else 128.0, _CHROMA_NEAR)
    return near & np.asarray(cv2.resize(coloured, luma.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _within(plane: NDArray[np.uint8], middle: float, distance: float) -> NDArray[np.uint8]:
    """Return 1 where a plane is within a distance of a value."""
    return np.asarray(cv2.inRange(plane, np.array(middle - distance), np.array(middle + distance)) // 255, np.uint8)
