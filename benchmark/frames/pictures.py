"""Decode one clip into pictures of a geometry; what decoding processes import, so without torch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.frames.frames import ClipFrames
from benchmark.frames.geometry import Geometry, picture_bytes
from slateboard.media.decoders import PYAV, decoder_function, decoder_version
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame
from slateboard.records.source import State

FAILED = ClipFrames(0, 0, 0, "bt709", full_range=False)
"""What is known of a clip of which nothing could be read, less the reason."""


def decoder(name: str = PYAV) -> str:
    """Return name and version of what decodes: another one may give other pictures."""
    return decoder_version(name)


def pictures(
    path: Path, *, geometry: Geometry, decoded_by: str = PYAV
) -> Iterator[tuple[ClipFrames, NDArray[np.uint8]]]:
    """Yield each I420 picture [height * width * 3 / 2] of a clip, and what is known of the clip up to it.

    Raises Unreadable where a frame does not decode, and where pictures of another size follow.
    """
    size: tuple[int, int] | None = None
    for count, frame in enumerate(decoder_function(decoded_by)(path, short_side=geometry.short_side), start=1):
        here = kept_size(frame, geometry)
        if here != (size or here):
            raise Unreadable(f"{path.name}: the size of its pictures changes at frame {count - 1}.", State.UNSUPPORTED)
        size = here
        yield ClipFrames(count, *size, frame.matrix, frame.full_range), kept(frame, size)


def kept_size(frame: Frame, geometry: Geometry) -> tuple[int, int]:
    """Return height and width of what is kept of a picture."""
    return frame.y.shape if geometry.keep == "whole" else (geometry.short_side, geometry.short_side)


def kept(frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return what is kept of a picture, I420 [height * width * 3 / 2]; its corner is even: chroma stays in place."""
    height, width = size
    found = np.empty(picture_bytes(height, width), np.uint8)
    top, left = (frame.y.shape[0] - height) // 4, (frame.y.shape[1] - width) // 4
    start = 0
    for plane, scale in ((frame.y, 2), (frame.u, 1), (frame.v, 1)):
        rows, columns = height // 2 * scale, width // 2 * scale
        target = found[start : start + rows * columns].reshape(rows, columns)
        target[...] = plane[top * scale :, left * scale :][:rows, :columns]
        start += rows * columns
    return found
