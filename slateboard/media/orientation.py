"""Upright pictures: the quarter turns and the mirroring that a player makes by a display matrix, in one place."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from slateboard.media.errors import Unreadable
from slateboard.records.source import State

_ASKEW = 0.0175
"""Sine of one degree, by which a turn may miss a quarter: what players (and the ffmpeg program) allow."""


@dataclass(frozen=True)
class Orientation:
    """What a player does with a coded picture: mirror it left to right where `mirrored`, then turn it."""

    turns: int = 0
    """Quarters counter-clockwise, 0-3, as numpy.rot90 turns."""
    mirrored: bool = False


UPRIGHT = Orientation()


def orientation_of(picture: VideoFrame, *, name: str) -> Orientation:
    """Return how a player shows a picture; raises Unreadable where it turns it by other than quarters.

    `name` is the file's, for messages.
    """
    # Typed as a mapping of names; it yields what it holds.
    for side_data in cast("Iterable[SideData]", picture.side_data):
        if side_data.type == Type.DISPLAYMATRIX:
            return orientation_of_matrix(bytes(side_data), name=name)
    return UPRIGHT


def orientation_of_matrix(matrix: bytes, *, name: str) -> Orientation:
    """Return the orientation that a display matrix asks for: nine 32-bit numbers a b u c d v x y w.

    ISO 14496-12, 6.2.2: (x, y) is shown at (a x + c y, b x + d y), y downwards.
    """
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    across, down = hypot(a, b), hypot(c, d)
    if not across or not down:
        # Such a matrix would show nothing; players ignore it.
        return UPRIGHT
    right = (a / across, b / across)
    mirrored = a * d - b * c < 0
    # The rightward direction is shown along (a, b). A mirror, made first, turns it round: hflip (-1, 0) -> (1, 0), no
    # turn; transposed (0, 1) -> (0, -1), upwards, a quarter counter-clockwise.
    if mirrored:
        right = (-right[0], -right[1])
    exact = {(1, 0): 0, (0, -1): 1, (-1, 0): 2, (0, 1): 3}
    turns = exact.get((round(right[0]), round(right[1])))
    is_sheared = abs(a * c + b * d) > _ASKEW * across * down
    if turns is None or min(abs(right[0]), abs(right[1])) > _ASKEW or is_sheared:
        raise Unreadable(
            f"{name} is to be shown turned by other than quarters or slanted: such pictures are not supported.",
            State.UNSUPPORTED,
        )
    return Orientation(turns, mirrored)
