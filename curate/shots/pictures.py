"""Pictures as shot detectors see them: a thumbnail, and colours made only for the detectors that ask."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curate.shots.thumbs import Thumb, thumb
from slateboard.media.colour import rgb_quick
from slateboard.media.frames import Frame


class Picture:
    """One frame for a detector; every form of it is made once however many detectors look."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    @property
    def index(self) -> int:
        """0-based number of the frame."""
        return self.frame.index

    @cached_property
    def thumb(self) -> Thumb:
        """The frame at 64 x 36 pixels."""
        return thumb(self.frame)

    @cached_property
    def bgr(self) -> NDArray[np.uint8]:
        """The frame in the order of colours that OpenCV has, uint8 [height, width, 3]."""
        return np.ascontiguousarray(rgb_quick(self.frame)[..., ::-1])
