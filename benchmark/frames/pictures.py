"""Decode one clip into pictures of a geometry. Decoding processes import this, so it does not import torch."""

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
"""Facts of a clip of which nothing could be read, without the reason."""


def decoder(name: str = PYAV) -> str:
    """Return name and version of a decoder: another version may give other pictures."""
    return decoder_version(name)


def pictures(
    path: Path, *, geometry: Geometry, decoded_by: str = PYAV
) -> Iterator[tuple[ClipFrames, NDArray[np.uint8]]]:
    """Yield each I420 picture [height * width * 3 / 2] of a clip, with the facts of the clip up to it.

    Raises Unreadable where a frame does not decode, and where pictures of another size follow.
    """
    size: tuple[int, int] | None = None
    for count, frame in enumerate(decoder_function(decoded_by)(path, short_side=geometry.short_side), start=1):
        frame_size = kept_size(frame, geometry)
        if frame_size != (size or frame_size):
            raise Unreadable(f"{path.name}: the size of its pictures changes at frame {count - 1}.", State.UNSUPPORTED)
        size = frame_size
        yield ClipFrames(count, *size, frame.matrix, frame.full_range), crop_centre(frame, size)


def kept_size(frame: Frame, geometry: Geometry) -> tuple[int, int]:
    """Return (height, width) of the part of a frame that is kept."""
    return frame.y.shape if geometry.keep == "whole" else (geometry.short_side, geometry.short_side)


def crop_centre(frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the middle of a frame at this (height, width), I420 [height * width * 3 / 2]."""
    height, width = size
    picture = np.empty(picture_bytes(height, width), np.uint8)
    # Corner in pixels of chroma: half of the margin, halved. Luma begins at twice that, an even pixel, so that all
    # planes show the same part. 128 of 170 columns -> margin 42, chroma from column 10, luma from column 20.
    top, left = (frame.y.shape[0] - height) // 4, (frame.y.shape[1] - width) // 4
    start = 0
    for plane, scale in ((frame.y, 2), (frame.u, 1), (frame.v, 1)):
        rows, columns = height // 2 * scale, width // 2 * scale
        target = picture[start : start + rows * columns].reshape(rows, columns)
        target[...] = plane[top * scale :, left * scale :][:rows, :columns]
        start += rows * columns
    return picture
