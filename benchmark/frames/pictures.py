"""Decode one clip into square I420 pictures; what decoding processes import, so without torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from slateboard.errors import SlateboardError
from slateboard.media.frames import Frame, decode


@dataclass(frozen=True)
class Geometry:
    """Pictures scaled by area so that the shorter side is `size`, of which the centre square is kept."""

    size: int
    """Pixels; even, because chroma has half of it."""

    def __post_init__(self) -> None:
        """Refuse sizes that have no whole chroma plane."""
        if self.size < 2 or self.size % 2:
            raise SlateboardError(f"The size of stored frames is {self.size}; give an even number of pixels.")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one I420 picture."""
        return self.size * self.size * 3 // 2


def decoder() -> str:
    """Return name and version of what decodes: another one may give other pictures."""
    return f"av {metadata.version('av')}"


@dataclass(frozen=True)
class Decoded:
    """One clip, or why it could not be read."""

    row: dict[str, Any]
    """frames, matrix, full_range, failed ("" or why)."""
    pictures: bytes
    """I420 pictures one after the other."""


def decoded(path: Path, *, geometry: Geometry) -> Decoded:
    """Decode one clip; what cannot be read is a reason, not an exception."""
    pictures, matrix, full_range = [], "bt709", False
    try:
        for frame in decode(path, short_side=geometry.size):
            matrix, full_range = frame.matrix, frame.full_range
            pictures.append(b"".join(_centre(frame, geometry.size)))
    except SlateboardError as error:
        failed: dict[str, Any] = {"frames": 0, "matrix": matrix, "full_range": full_range, "failed": str(error)}
        return Decoded(failed, b"")
    row = {"frames": len(pictures), "matrix": matrix, "full_range": full_range, "failed": ""}
    return Decoded(row, b"".join(pictures))


def _centre(frame: Frame, size: int) -> Iterator[bytes]:
    """Yield the centre square of each plane; its corner is even, so that chroma stays in place."""
    top = (frame.y.shape[0] - size) // 4
    left = (frame.y.shape[1] - size) // 4
    for plane, scale in ((frame.y, 2), (frame.u, 1), (frame.v, 1)):
        side = size // 2 * scale
        yield plane[top * scale :, left * scale :][:side, :side].tobytes()
