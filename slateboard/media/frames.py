"""Decode a video into frames: upright 4:2:0 planes with their times. Only decoded frames count."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from slateboard.limits import current_limits
from slateboard.media import bounds
from slateboard.media.errors import Unreadable
from slateboard.media.prefetch import prefetched
from slateboard.media.probe import open_container
from slateboard.records.source import State
from slateboard.settings import Limits

Plane = NDArray[np.uint8]
Matrix = Literal["bt601", "bt709", "bt2020"]

# AVColorSpace numbers; 2 means that the file does not say.
_MATRICES: dict[int, Matrix] = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE = 2
_STANDARD_HEIGHT = 576
_DIRECT = ("yuv420p", "yuvj420p")
_MOST_BESIDE = 4096 * 2304
"""Pixels of the largest pictures that are decoded ahead: some twenty wait at a time, 280 MB of them at 4K."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture: upright, of even size, 8 bit 4:2:0."""

    index: int
    """0-based among the frames that decoded."""
    pts: int
    """Presentation time in units of time_base, as in the file."""
    time_base: Fraction
    seconds: float
    """Presentation time less that of the first frame."""
    y: Plane
    """[height, width]"""
    u: Plane
    """[height / 2, width / 2]"""
    v: Plane
    """[height / 2, width / 2]"""
    matrix: Matrix
    full_range: bool


def decode(
    path: Path,
    *,
    short_side: int | None = None,
    beside: bool = False,
    on_error: Callable[[str], None] | None = None,
    limits: Limits | None = None,
    stream: int | None = None,
) -> Iterator[Frame]:
    """Yield every frame that decodes, in order of presentation, of the video stream with this index.

    Without `stream` it is the one that a player would show.

    With `short_side` (pixels) pictures are scaled by area to that shorter side and to square pixels. What does
    not decode goes to `on_error` and decoding goes on; without it the first such raises Unreadable. `beside` lets
    the decoder run in a thread of its own. A file that passes the limits raises Unreadable where it does.

    Never with FFmpeg's own threads: with them damaged files lose other frames, and errors, from run to run (of 189
    files, most of them damaged on purpose, 58 decoded otherwise than with one, 6 of them to another number of frames).
    """
    limits = limits or current_limits()
    with open_container(path, limits=limits, stream=stream) as (container, video):
        one_thread(video)
        aspect = bounds.pixel_aspect(video)
        reformatter = VideoReformatter()
        step = 1 / bounds.nominal_rate_hz(video)
        origin: Fraction | None = None
        index = 0
        pictures = raw_pictures(path, container, video, on_error, limits=limits)
        for picture in prefetched(pictures) if beside and video.width * video.height <= _MOST_BESIDE else pictures:
            time_base = picture.time_base or Fraction(1, 1000)
            # seconds = (PTS - first PTS) * time_base: of 1/15360, PTS 1024 and 1536 -> 0 and 512/15360 = 0.033 s.
            # A picture without PTS is placed by its index at the nominal rate.
            time = picture.pts * time_base if picture.pts is not None else (origin or 0) + index * step
            origin = time if origin is None else origin
            seconds = float(time - origin)
            bounds.check_seconds(path.name, seconds, limits)
            yield frame_of(
                picture, index, time_base, seconds, short_side=short_side, aspect=aspect, reformatter=reformatter
            )
            index += 1
    if index == 0:
        raise Unreadable(f"{path.name} holds no frame that decodes.", State.NOT_VIDEO)


def one_thread(stream: av.VideoStream) -> None:
    """Keep FFmpeg's own threads away from a stream (see `decode`)."""
    stream.thread_type = "SLICE"
    stream.codec_context.thread_count = 1


def raw_pictures(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    on_error: Callable[[str], None] | None = None,
    *,
    limits: Limits | None = None,
) -> Iterator[VideoFrame]:
    """Yield pictures as they come, packet by packet, so that one broken packet does not end the file."""
    limits = limits or current_limits()
    packets = container.demux(stream)
    count = 0
    while True:
        # One packet at a time, the last one empty, which flushes the decoder: an error costs that packet, and the next
        # one is decoded again from the state that the decoder is in.
        try:
            packet = next(packets, None)
            pictures = packet.decode() if packet is not None else []
        except MemoryError:
            # PyAV's is one of FFmpegError as well: it is the process that lacks memory, and no scratch in the file.
            raise
        except av.FFmpegError as error:
            if on_error is None:
                raise Unreadable(f"{path.name}: a frame does not decode: {error}.", State.CORRUPT) from error
            on_error(str(error))
            if isinstance(error, av.error.EOFError):
                return
            continue
        if packet is None:
            return
        for picture in pictures:
            yield bounds.checked_picture(path, picture, count, limits)
            count += 1


def frame_of(
    picture: VideoFrame,
    index: int,
    time_base: Fraction,
    seconds: float,
    *,
    short_side: int | None,
    aspect: float,
    reformatter: VideoReformatter,
) -> Frame:
    """Return a picture as a frame; `aspect` is that of its pixels.

    The reformatter is kept from frame to frame: scaling to 128 x 170 takes 0.5 ms with a new one, 0.1 ms with it.
    """
    is_rgb = picture.format.is_rgb
    full_range = picture.format.name.startswith("yuvj") or picture.color_range == _FULL_RANGE
    # A file that states no matrix is taken as players do: BT.601 up to 576 lines (PAL), BT.709 above.
    standard: Matrix = "bt601" if is_rgb or picture.height <= _STANDARD_HEIGHT else "bt709"
    matrix = standard if is_rgb else _MATRICES.get(picture.colorspace, standard)
    size = (picture.width, picture.height)
    if short_side is not None:
        size = scaled_size(picture.width * aspect, picture.height, short_side=short_side)
        # 2 x 30000 at a shorter side of 224 would be 3 million wide.
        bounds.check_pixels("scaled", *size, current_limits())
    if picture.format.name not in _DIRECT or size != (picture.width, picture.height):
        target = "yuvj420p" if full_range and not is_rgb else "yuv420p"
        picture = reformatter.reformat(picture, width=size[0], height=size[1], format=target, interpolation="AREA")
    width, height = picture.width // 2 * 2, picture.height // 2 * 2
    # Counter-clockwise quarters, as numpy.rot90 turns: a phone's -90 degrees -> round(-1) % 4 = 3.
    turns = round(picture.rotation / 90) % 4
    y, u, v = (
        _rotate(plane_of(picture, number)[: height // subsampling, : width // subsampling], turns)
        for number, subsampling in ((0, 1), (1, 2), (2, 2))
    )
    return Frame(index, picture.pts or 0, time_base, seconds, y, u, v, matrix, full_range and not is_rgb)


def _rotate(plane: Plane, turns: int) -> Plane:
    """Return a plane turned by so many quarters, in one piece; the decoder's own memory where it is in one piece."""
    return np.ascontiguousarray(np.rot90(plane, turns) if turns else plane)


def plane_of(picture: VideoFrame, number: int) -> Plane:
    """Return a plane in the decoder's own memory."""
    plane = picture.planes[number]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def scaled_size(width: float, height: float, *, short_side: int) -> tuple[int, int]:
    """Return even (width, height) in pixels with the shorter side as wanted and the aspect kept."""
    # 1920 x 1080 at 224: 224 / 1080 = 0.2074 -> 398.2 x 224 -> 398 x 224, each rounded to an even number.
    scale = short_side / min(width, height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
