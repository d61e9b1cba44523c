"""Luma of some frames of a video, decoding no more than they need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from slateboard.media.conversion import Converter
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Plane, decode, one_thread, raw_pictures
from slateboard.media.frames_hash import FramesHash
from slateboard.media.probe import open_container
from slateboard.records.source import State
from slateboard.settings import Limits

_SKIPPING = ("h264", "hevc")
"""Decoders that leave out frames nobody refers to, packet by packet, and give the others as before."""


@dataclass(frozen=True)
class DecodedVideo:
    """Number and hash of all frames of a video, and the luma of some."""

    frames: int
    frames_sha256: str
    last_s: float
    """When the last frame begins, in seconds after the first."""
    luma: dict[int, Plane]
    """[height, width], upright, of even size, by 0-based index."""


def decode_with_luma(path: Path, indices: Collection[int], *, limits: Limits | None = None) -> DecodedVideo:
    """Decode a video to its end; return the number of its frames, their hash, and the luma of those of `indices`.

    Raises Unreadable at the first frame that does not decode.
    """
    luma_by_index: dict[int, Plane] = {}
    hashed = FramesHash()
    count, first_s, last_s = 0, 0.0, 0.0
    for frame in decode(path, limits=limits):
        hashed.see(frame)
        first_s, last_s = (first_s if count else frame.seconds), frame.seconds
        if frame.index in indices:
            luma_by_index[frame.index] = frame.y
        count += 1
    return DecodedVideo(count, hashed.hexdigest(), last_s - first_s, luma_by_index)


def luma_by_seeking(
    path: Path,
    indices: Collection[int],
    pts: Sequence[int],
    *,
    limits: Limits | None = None,
    stream: int | None = None,
) -> dict[int, Plane]:
    """Return the luma of frames by 0-based index, seeking to each by its PTS.

    `pts` holds the PTS of every frame of the file and must rise from frame to frame. What is not found is not
    in the answer. Raises Unreadable where the file cannot be sought in.
    """
    luma_by_index: dict[int, Plane] = {}
    # PTS -> index of the frames still to be read. After a seek the container stands at the key frame at or before the
    # first pending PTS; decoding goes forward until the next pending one has a key frame of its own in between.
    # Keys 0, 250, 500; pending 40, 60, 510: seek 40 -> decode 0-60, stop (key 250 lies before 510), seek 510.
    targets = {pts[index]: index for index in sorted(indices)}
    with open_container(path, limits=limits, stream=stream) as (container, video):
        one_thread(video)
        converter = Converter(path.name)
        keys = [entry.timestamp for entry in video.index_entries if entry.is_keyframe]
        pending = list(targets)
        try:
            while pending:
                container.seek(pending[0], stream=video, backward=True, any_frame=False)
                before = len(pending)
                _decode_forward(container, video, targets, pending, luma_by_index, keys, converter)
                if len(pending) == before:
                    pending.pop(0)
        except MemoryError:
            raise
        except av.FFmpegError as error:
            # Damaged indexes lead nowhere: `Operation not permitted`.
            raise Unreadable(f"{path.name} cannot be sought in: {error}.", State.CORRUPT) from error
    return luma_by_index


def _decode_forward(
    container: av.container.InputContainer,
    stream: VideoStream,
    targets: Mapping[int, int],
    pending: list[int],
    luma_by_index: dict[int, Plane],
    keys: Sequence[int],
    converter: Converter,
) -> None:
    """Decode from the current position to the end, or until a seek would reach the next pending PTS sooner."""
    context = stream.codec_context
    pts: int | None = None
    for packet in container.demux(stream):
        # A packet whose own picture nobody asked for may be left out if no other refers to it (about half of H.264's).
        _skip(context, packet.pts is not None and packet.pts not in targets)
        try:
            pictures = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            continue
        for picture in pictures:
            pts = picture.pts if picture.pts is not None else pts
            if pts is not None and pts in targets:
                luma_by_index[targets[pts]] = converter.luma(picture, targets[pts])
        if pts is None:
            continue
        # Pictures come in order of presentation, so that a pending PTS at or below the newest will not come any more.
        taken = len(pending)
        while pending and pending[0] <= pts:
            pending.pop(0)
        if not pending or (len(pending) < taken and any(pts < key <= pending[0] for key in keys)):
            return
    pending.clear()


def _skip(context: VideoCodecContext, idle: bool) -> None:
    if context.name in _SKIPPING:
        context.skip_frame = "NONREF" if idle else "DEFAULT"


def luma_by_counting(
    path: Path, indices: Collection[int], *, limits: Limits | None = None, stream: int | None = None
) -> dict[int, Plane]:
    """Return the luma of frames by 0-based index, decoding from the start.

    What does not decode is passed over and not counted.
    """
    luma_by_index: dict[int, Plane] = {}
    last, index = max(indices, default=-1), 0
    with open_container(path, limits=limits, stream=stream) as (container, video):
        one_thread(video)
        converter = Converter(path.name)
        for picture in raw_pictures(path, container, video, lambda _: None, limits=limits):
            if index in indices:
                luma_by_index[index] = converter.luma(picture, index)
            index += 1
            if index > last:
                break
    return luma_by_index
