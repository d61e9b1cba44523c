"""Write pictures as an H.264 video that is whole or absent."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from slateboard.files import atomic_write
from slateboard.media.containers import address

_BT709 = 1
"""The number of BT.709 in the tables of H.264, for primaries, transfer and matrix alike."""
_LIMITED = 1
"""The number of the limited range (16-235) in libavutil."""
STEADY = "mbtree=0"
"""Macroblock-tree rate control of this libx264 gave other bytes from run to run for 144x256 pictures."""


def write_video(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    frame_rate_hz: float | Fraction,
    crf: int = 23,
    preset: str = "veryfast",
) -> None:
    """Write RGB pictures (height, width, 3) to an mp4: yuv420p, BT.709 limited, index first, no audio.

    The same pictures give the same bytes: one encoder thread, no creation time.
    """
    # 29.97 becomes 2997/100; 30000/1001 given as a Fraction stays what it is.
    rate = Fraction(frame_rate_hz).limit_denominator(100_000)
    checked = _check_pictures(pictures)
    first_picture = next(checked, None)
    if first_picture is None:
        raise ValueError(f"No pictures were given for {path}; a video needs at least one.")
    with (
        atomic_write(path) as temporary,
        av.open(address(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = first_picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": preset, "threads": "1", "x264-params": STEADY}
        # Stated in the file, so that every player converts back with the matrix that the planes were made by.
        stream.codec_context.color_primaries = _BT709
        stream.codec_context.color_trc = _BT709
        stream.codec_context.colorspace = _BT709
        stream.codec_context.color_range = _LIMITED
        reformatter = VideoReformatter()
        for picture in chain([first_picture], checked):
            container.mux(stream.encode(_frame(picture, reformatter)))
        container.mux(stream.encode(None))


def _check_pictures(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Pass pictures on that are RGB bytes of one even size."""
    size: tuple[int, ...] | None = None
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"A picture must be uint8 of shape (height, width, 3), got {picture.dtype} {picture.shape}."
            )
        height, width = picture.shape[:2]
        if height % 2 or width % 2:
            raise ValueError(
                f"H.264 in yuv420p needs an even width and height, got {width}x{height}; crop or pad a pixel."
            )
        size = size or picture.shape
        if picture.shape != size:
            raise ValueError(f"All pictures must have one size, got {picture.shape} after {size}.")
        yield picture


def _frame(picture: NDArray[np.uint8], reformatter: VideoReformatter) -> av.VideoFrame:
    """Return the picture as a yuv420p frame in BT.709, limited range.

    The reformatter is kept from frame to frame: a new one costs 2.6 ms, the conversion 0.1 ms.
    """
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return reformatter.reformat(
        frame, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
