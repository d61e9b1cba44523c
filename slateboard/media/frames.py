"""Decode a video into frames: upright 4:2:0 planes with their times. Only decoded frames count."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from slateboard.limits import current_limits
from slateboard.media import bounds
from slateboard.media.clock import PlayerClock
from slateboard.media.conversion import Converter
from slateboard.media.conversion import Plane as Plane
from slateboard.media.display import Matrix as Matrix
from slateboard.media.errors import Unreadable
from slateboard.media.prefetch import prefetched
from slateboard.media.probe import open_container
from slateboard.records.source import State
from slateboard.settings import Limits

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
    """On the player's clock: from the start of the container, as `PlayerClock` has it."""
    y: Plane
    """[height, width]"""
    u: Plane
    """[height / 2, width / 2]"""
    v: Plane
    """[height / 2, width / 2]"""
    matrix: Matrix
    full_range: bool
    is_interlaced: bool = False
    """Made of two fields, of two times."""
    duration: int = 0
    """How long the file says that it is shown, in units of time_base; 0: it does not say."""


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
        converter = Converter(path.name, aspect=bounds.pixel_aspect(video), short_side=short_side)
        clock = PlayerClock.of(container, video)
        index = 0
        pictures = raw_pictures(path, container, video, on_error, limits=limits)
        for picture in prefetched(pictures) if beside and video.width * video.height <= _MOST_BESIDE else pictures:
            time_base = picture.time_base or Fraction(1, 1000)
            seconds = clock.seconds(picture.pts, time_base)
            bounds.check_seconds(path.name, seconds, limits)
            yield frame_of(picture, index, time_base, seconds, converter)
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
    aspect: Fraction | None = None
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
            if picture.key_frame:
                aspect = _same_aspect(path, stream, aspect, count)
            yield bounds.checked_picture(path, picture, count, limits)
            count += 1


def _same_aspect(path: Path, stream: av.VideoStream, before: Fraction | None, index: int) -> Fraction | None:
    """Return the pixel aspect that the coded stream states now; raise Unreadable where it was another before."""
    # Broadcasts go from 4:3 to 16:9 at the same size; only where a group of pictures begins.
    now = stream.codec_context.sample_aspect_ratio
    if before and now and before != now:
        what = f"the shape of its pixels changes from {float(before):.4g} to {float(now):.4g} at frame {index}"
        raise Unreadable(f"{path.name}: {what}. Cut it there with another tool and list the parts.", State.UNSUPPORTED)
    return now or before


def frame_of(picture: VideoFrame, index: int, time_base: Fraction, seconds: float, converter: Converter) -> Frame:
    """Return a picture as a frame, upright and scaled as the converter of its stream does it."""
    display = converter.display(picture, index)
    y, u, v = converter.planes(picture, index)
    return Frame(
        index,
        picture.pts or 0,
        time_base,
        seconds,
        y,
        u,
        v,
        display.matrix,
        display.full_range,
        bool(picture.interlaced_frame),
        picture.duration or 0,
    )
