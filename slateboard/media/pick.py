"""Read the brightness of chosen frames of a video, without decoding more of it than they need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from slateboard.media.errors import Unreadable
from slateboard.media.frames import Plane, decode, one_thread, raw_pictures
from slateboard.media.frames_hash import FramesHash
from slateboard.media.probe import opened
from slateboard.records.source import State
from slateboard.settings import Limits

_DIRECT = ("yuv420p", "yuvj420p", "nv12")
"""Formats whose first plane is 8-bit brightness as it stands."""

_SKIPPING = ("h264", "hevc")
"""Decoders that leave out frames nobody refers to, packet by packet, and give the others as before."""


@dataclass(frozen=True)
class Read:
    """What a whole decode gave."""

    frames: int
    frames_sha256: str
    luma: dict[int, Plane]
    """[height, width], upright, of even size, by 0-based index."""


def read(path: Path, wanted: Collection[int], *, limits: Limits | None = None) -> Read:
    """Decode a video to its end; return how many frames it has, their hash, and the brightness of those wanted.

    Raises Unreadable at the first frame that does not decode.
    """
    found: dict[int, Plane] = {}
    hashed = FramesHash()
    count = 0
    for frame in decode(path, limits=limits):
        hashed.see(frame)
        if frame.index in wanted:
            found[frame.index] = frame.y
        count += 1
    return Read(count, hashed.hexdigest(), found)


def at_times(
    path: Path, wanted: Collection[int], pts: Sequence[int], *, limits: Limits | None = None
) -> dict[int, Plane]:
    """Return the brightness of frames by 0-based index, seeking to each by its PTS.

    `pts` holds the PTS of every frame of the file and must rise from frame to frame. What is not found is not
    in the answer. Raises Unreadable where the file cannot be sought in.
    """
    found: dict[int, Plane] = {}
    targets = {pts[index]: index for index in sorted(wanted)}
    with opened(path, limits=limits) as (container, stream):
        one_thread(stream)
        keys = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
        left = list(targets)
        try:
            while left:
                container.seek(left[0], stream=stream, backward=True, any_frame=False)
                before = len(left)
                _forward(container, stream, targets, left, found, keys)
                if len(left) == before:
                    left.pop(0)
        except MemoryError:
            raise
        except av.FFmpegError as error:
            # Damaged indexes lead nowhere: `Operation not permitted`.
            raise Unreadable(f"{path.name} cannot be sought in: {error}.", State.CORRUPT) from error
    return found


def _forward(
    container: av.container.InputContainer,
    stream: VideoStream,
    targets: Mapping[int, int],
    left: list[int],
    found: dict[int, Plane],
    keys: Sequence[int],
) -> None:
    """Decode from where the container stands, to the end or until a seek reaches the next target sooner."""
    context = stream.codec_context
    here: int | None = None
    for packet in container.demux(stream):
        _skip(context, packet.pts is not None and packet.pts not in targets)
        try:
            pictures = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            continue
        for picture in pictures:
            here = picture.pts if picture.pts is not None else here
            if here is not None and here in targets:
                found[targets[here]] = luma(picture)
        if here is None:
            continue
        taken = len(left)
        while left and left[0] <= here:
            left.pop(0)
        if not left or (len(left) < taken and any(here < key <= left[0] for key in keys)):
            return
    left.clear()


def _skip(context: VideoCodecContext, idle: bool) -> None:
    if context.name in _SKIPPING:
        context.skip_frame = "NONREF" if idle else "DEFAULT"


def by_counting(path: Path, wanted: Collection[int], *, limits: Limits | None = None) -> dict[int, Plane]:
    """Return the brightness of frames by 0-based index, decoding from the start.

    What does not decode is passed over and not counted.
    """
    found: dict[int, Plane] = {}
    last, index = max(wanted, default=-1), 0
    with opened(path, limits=limits) as (container, stream):
        one_thread(stream)
        for picture in raw_pictures(path, container, stream, lambda _: None, limits=limits):
            if index in wanted:
                found[index] = luma(picture)
            index += 1
            if index > last:
                break
    return found


def luma(picture: VideoFrame) -> Plane:
    """Return a picture's brightness: upright, of even size, 8 bit."""
    if picture.format.name not in _DIRECT:
        picture = picture.reformat(format="yuvj420p" if _is_full(picture) else "yuv420p", interpolation="AREA")
    plane = picture.planes[0]
    whole = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    height, width = picture.height // 2 * 2, picture.width // 2 * 2
    return np.ascontiguousarray(np.rot90(whole[:height, :width], round(picture.rotation / 90) % 4))


def _is_full(picture: VideoFrame) -> bool:
    return not picture.format.is_rgb and (picture.format.name.startswith("yuvj") or picture.color_range == 2)
