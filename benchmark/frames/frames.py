"""Interface of a frame source: store, on-the-fly decoder, or GPU cache."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.frames.geometry import Box, Geometry

Bytes = NDArray[np.uint8]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class ClipFrames:
    """Facts of one clip, known before a pixel of it is read."""

    frames: int
    """Number that decodes; 0 for a clip that failed."""
    height: int
    """Pixels, even; 0 for a clip that failed."""
    width: int
    matrix: str
    """bt601, bt709 or bt2020."""
    full_range: bool
    failed: str = ""
    """Why it could not be decoded; empty for a clip that decodes."""


class Frames(Protocol):
    """Frames of a dataset at one geometry, read by clip and index. Reading is safe from several threads."""

    @property
    def geometry(self) -> Geometry:
        """What was kept of each picture."""

    def facts(self, clip_id: str) -> ClipFrames:
        """Return the facts of a clip; KeyError for one that is not in the dataset."""

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of 0-based frames: luma, then U, then V.

        Raises IndexError for a frame that the clip does not have.
        """
