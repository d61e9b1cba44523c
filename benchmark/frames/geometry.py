"""Which pixels of a frame are kept, and which of those are read: geometries and boxes."""

from dataclasses import dataclass
from typing import Literal, get_args

from slateboard.errors import SlateboardError, did_you_mean

Keep = Literal["centre", "whole"]


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture; all four numbers are even, so that chroma stays in place."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Geometry:
    """Pictures scaled by area so that the shorter side is `short_side`, of which all or the centre square is kept."""

    short_side: int
    """Pixels; even, because chroma has half of it."""
    keep: str = "centre"
    """centre: the square in the middle; whole: the picture as it is, its longer side rounded to an even number."""

    def __post_init__(self) -> None:
        """Refuse sizes that have no whole chroma plane."""
        if self.short_side < 2 or self.short_side % 2:
            raise SlateboardError(f"The short side of frames is {self.short_side}; give an even number of pixels.")
        if self.keep not in get_args(Keep):
            raise SlateboardError(f"Unknown part '{self.keep}' to keep. {did_you_mean(self.keep, get_args(Keep))}")

    @property
    def key(self) -> str:
        """Short name, as in a folder: 128 or 128-whole."""
        return str(self.short_side) if self.keep == "centre" else f"{self.short_side}-{self.keep}"


def picture_bytes(height: int, width: int) -> int:
    """Return the bytes of one I420 picture: luma, and two planes of a quarter of its pixels."""
    # 128 x 170: 21,760 bytes of luma, 5,440 each of U and V (64 x 85) -> 32,640.
    return height * width * 3 // 2


def middle(height: int, width: int, *, size: int) -> Box:
    """Return the box of size x size pixels in the middle; raises SlateboardError where it does not fit."""
    return placed(height, width, size=size, down=0.5, across=0.5)


def placed(height: int, width: int, *, size: int, down: float, across: float) -> Box:
    """Return the box of size x size pixels at a share 0-1 of the way down and across, rounded to even pixels."""
    if size % 2 or size > min(height, width):
        raise SlateboardError(
            f"Pictures of {width} x {height} pixels hold no square of {size}: give an even size up to the short side."
        )
    # Half of the way down 170 - 112 = 58 pixels: 2 * round(0.5 * 58 / 2) = 28, an even number next to the middle, 29.
    return Box(2 * round(down * (height - size) / 2), 2 * round(across * (width - size) / 2), size, size)
