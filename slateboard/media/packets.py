"""Small pictures as H.264 packets without a container, with a key frame at every eighth."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from slateboard.errors import SlateboardError
from slateboard.media.encode import STEADY

Bytes = NDArray[np.uint8]

GOP = 8
"""Frames from one key frame to the next: at most 7 others are decoded to reach a frame."""
CRF = 17
PRESET = "veryfast"
_QUICK_TO_DECODE = "bframes=0:weightp=0:cabac=0:no-deblock=1"
"""No frame waits for a later one, and the decoder neither unpacks arithmetic codes nor smooths edges.

28 clips of JHMDB at 128 x 171, key frames 8 apart, crf 20: 3,217 frames/s at 1,250 bytes and 40.8 dB so, 1,666
frames/s at 1,202 bytes and 40.9 dB with both.
"""
_LEADING = "rc-lookahead=0:scenecut=0:repeat-headers=1:annexb=1"
"""Key frames at fixed places alone, each with all that a decoder must know to begin there."""
SETTINGS = f"h264 crf {CRF} {PRESET} gop {GOP} {_QUICK_TO_DECODE}"
"""All that determines the bytes, except for the version of PyAV."""


class Encoder:
    """Encodes I420 pictures of one size into H.264 packets, one a picture; the same pictures give the same bytes."""

    def __init__(self, *, height: int, width: int) -> None:
        self._height, self._width = height, width
        self._context: Any = av.CodecContext.create("libx264", "w")
        self._context.height, self._context.width = height, width
        self._context.pix_fmt = "yuv420p"
        self._context.time_base, self._context.framerate = Fraction(1, 25), Fraction(25)
        self._context.options = {
            "crf": str(CRF),
            "preset": PRESET,
            "threads": "1",
            "x264-params": f"{STEADY}:keyint={GOP}:min-keyint={GOP}:{_LEADING}:{_QUICK_TO_DECODE}",
        }
        self._count = 0

    def see(self, picture: Bytes) -> list[bytes]:
        """Take the next picture [height * width * 3 / 2]; return the packets that are ready."""
        frame = VideoFrame(self._width, self._height, "yuv420p")
        # A line of a plane is padded to line_size bytes; only the first `width` of them are picture.
        for plane, values in zip(frame.planes, _planes_of(picture, self._height, self._width), strict=True):
            target = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
            target[: values.shape[0], : values.shape[1]] = values
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        return [bytes(packet) for packet in self._context.encode(frame)]

    def end(self) -> list[bytes]:
        """Return the packets that were still inside."""
        return [bytes(packet) for packet in self._context.encode(None)]


class Decoder:
    """Decodes packets into pictures; belongs to one thread, which reuses it for clip after clip."""

    def __init__(self) -> None:
        self._context: Any = av.CodecContext.create("h264", "r")
        # More threads would hold pictures back, and work is divided by clips anyway.
        self._context.thread_count = 1

    def pictures(self, packets: Sequence[bytes]) -> Iterator[VideoFrame]:
        """Yield the pictures of packets, of which the first is a key frame.

        Raises SlateboardError where packets do not give a picture each.
        """
        try:
            count = 0
            for packet in packets:
                for frame in self._context.decode(av.Packet(packet)):
                    count += 1
                    yield frame
            # Flush: the decoder may hold pictures back until it is told that no packet follows.
            for frame in self._context.decode(None):
                count += 1
                yield frame
        except av.FFmpegError as error:
            raise SlateboardError(f"stored packets do not decode: {error}") from error
        finally:
            self._context.flush_buffers()
        if count != len(packets):
            raise SlateboardError(f"{len(packets)} stored packets gave {count} pictures")


def copy_rectangle(frame: VideoFrame, target: Bytes, *, top: int, left: int, height: int, width: int) -> None:
    """Copy a rectangle of a picture (pixels, all four even) to `target` [height * width * 3 / 2]: luma, U, V."""
    planes = frame.planes
    for number, values in enumerate(_planes_of(target, height, width)):
        # 4:2:0: luma at every pixel, U and V at every second one of both directions. top=6, left=4 -> row 3, column 2.
        subsampling = 2 if number else 1
        plane = planes[number]
        source = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        row, column = top // subsampling, left // subsampling
        values[...] = source[row : row + values.shape[0], column : column + values.shape[1]]


def _planes_of(picture: Bytes, height: int, width: int) -> tuple[Bytes, Bytes, Bytes]:
    """Return luma [height, width], U and V of one I420 picture, as views."""
    luma, chroma = height * width, height * width // 4
    shape = (height // 2, width // 2)
    return (
        picture[:luma].reshape(height, width),
        picture[luma : luma + chroma].reshape(shape),
        picture[luma + chroma :].reshape(shape),
    )
