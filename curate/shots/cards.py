"""Cards: shots of text, or of nothing, on a plain ground - titles, credits, end cards - moving or not."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slateboard.media.frames import Frame

EVERY_SECONDS = 0.25
"""Frames are looked at this far apart; a shot in which none was looked at is not called a card."""

# 430 real clips (Weizmann, JHMDB, UCF101), looked at up to four times each: where the ground is over 0.40 the solid
# share is at least 0.056; on 183 of 184 drawn title and end cards at crf 30 it is under 0.02. A shot is a card if
# 80 % of the frames looked at are.
_LEAST_GROUND, _MOST_SOLID, _LEAST_LOOKS = 0.55, 0.02, 0.8
# Distance in grey levels and in steps of colour within which a pixel has the colour of the ground.
_LUMA_NEAR, _CHROMA_NEAR = 8, 8
# Strokes of letters are thinner than a fourteenth of the shorter side; bodies are not.
_THIN = 14


@dataclass(frozen=True)
class Look:
    """Composition of one frame."""

    ground: float
    """Share of the picture in its commonest colour, 0-1."""
    solid: float
    """Share that is neither ground, nor thin as letters are, nor of one flat colour: things and people, 0-1."""

    @property
    def is_card(self) -> bool:
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
        self._looks.append((frame.index, look(frame).is_card))

    def is_card(self, start: int, end: int) -> bool:
        """Return whether the shot of frames start to end - 1 is a card."""
        inside = [is_card for index, is_card in self._looks if start <= index < end]
        return bool(inside) and sum(inside) >= _LEAST_LOOKS * len(inside)


def look(frame: Frame) -> Look:
    """Divide a frame into ground, what may be letters, and solid things; without enough ground all else is solid."""
    luma = np.asarray(cv2.blur(frame.y, (3, 3)), np.uint8)
    ground = _mask_commonest_colour(luma, frame, np.ones(luma.shape, np.uint8))
    share = cv2.countNonZero(ground) / ground.size
    figure = np.asarray(1 - ground, np.uint8)
    if share < _LEAST_GROUND or share == 1:
        return Look(share, cv2.countNonZero(figure) / figure.size)
    # Without the commonest colour of the figure, that of the letters, only their blurred edges are left: thin too.
    figure &= 1 - _mask_commonest_colour(luma, frame, figure)
    # Opening with an odd square removes what is thinner than it: of 144 pixels 144 // 14 = 10, so 11 x 11.
    side = max(3, min(luma.shape) // _THIN) | 1
    return Look(share, float(cv2.morphologyEx(figure, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)).mean()))


def _mask_commonest_colour(luma: NDArray[np.uint8], frame: Frame, where: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 1 where a pixel has the commonest colour of those marked, [height, width]."""
    shares = cv2.calcHist([luma], [0], where, [256], [0, 256])
    mode = int(np.argmax(cv2.blur(shares, (1, 9))))
    near = _within(luma, mode, _LUMA_NEAR)
    # Chroma has half the size: compared there, and spread over the four pixels that each of its cells colours.
    half = (near & where)[::2, ::2][: frame.u.shape[0], : frame.u.shape[1]] > 0
    coloured = np.ones(frame.u.shape, np.uint8)
    for plane in (frame.u, frame.v):
        coloured &= _within(plane, float(np.median(plane[half])) if half.any() else 128.0, _CHROMA_NEAR)
    return near & np.asarray(cv2.resize(coloured, luma.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _within(plane: NDArray[np.uint8], middle: float, distance: float) -> NDArray[np.uint8]:
    """Return 1 where a plane is within a distance of a value."""
    return np.asarray(cv2.inRange(plane, np.array(middle - distance), np.array(middle + distance)) // 255, np.uint8)
