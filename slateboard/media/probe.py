"""Ask a file what it claims to be, and whether its first frame decodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from slateboard.media import containers
from slateboard.media.errors import Unreadable
from slateboard.records.media import Media
from slateboard.records.source import State


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream (the first that is no cover picture), or say why not."""
    if not path.is_file():
        raise Unreadable(f"{path.name} is not there.", State.MISSING)
    if path.stat().st_size == 0:
        raise Unreadable(f"{path.name} is empty (0 bytes).", State.CORRUPT)
    try:
        # Tags cut in the middle of a character are common (HMDB51) and are no reason to refuse a file.
        container = av.open(containers.address(path), metadata_errors="replace", container_options=containers.options())
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _refusal(path, error) from error
    with container:
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            raise Unreadable(f"{path.name} has no video stream.", State.NOT_VIDEO)
        if streams[0].codec_context is None:
            raise Unreadable(f"{path.name}: no decoder for its video stream.", State.UNSUPPORTED)
        yield container, streams[0]


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _refusal(path: Path, error: Exception) -> Unreadable:
    kind = containers.kind_of(path)
    if kind is not None:
        return Unreadable(f"{path.name} is {kind}, no video.", State.NOT_VIDEO)
    if isinstance(error, av.ArgumentError):
        what = f"its container is none of those that are opened: {', '.join(containers.ALLOWED)}"
        return Unreadable(f"{path.name} does not open as a video: {what}.", State.UNSUPPORTED)
    # FFmpeg's own text ends in the path, which is of no use elsewhere.
    words = str(error).partition(": '")[0]
    return Unreadable(f"{path.name} does not open as a video: {words}.", State.CORRUPT)


@dataclass(frozen=True)
class Claims:
    """What a container says of its video, which need not be so."""

    frames: int
    """0 where it does not say."""
    width: int
    """Pixels, as they are coded."""
    height: int


def claims(path: Path) -> Claims:
    """Return what a container says without decoding anything; raises Unreadable."""
    with opened(path) as (_, stream):
        return Claims(int(stream.frames), stream.width, stream.height)


def probe(path: Path, *, media_id: str, relative: str) -> Media:
    """Return what the header claims of a file whose first frame decodes; raise Unreadable otherwise."""
    with opened(path) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        aspect = stream.sample_aspect_ratio
        codec, width, height = stream.codec_context.name, stream.width, stream.height
        has_audio = bool(container.streams.audio)
        header_frames = stream.frames
        container_name = container.format.name
        if stream.duration is not None and stream.time_base is not None:
            duration: float | None = float(stream.duration * stream.time_base)
        else:
            duration = container.duration / av.time_base if container.duration else None
        try:
            first = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise Unreadable(f"{path.name}: the first frame does not decode: {error}.", State.CORRUPT) from error
        if first is None:
            why = "holds no frame of its own (pictures that lie in other files are not opened)"
            raise Unreadable(f"{path.name} {why}.", State.NOT_VIDEO)
        rotation = first.rotation % 360
    return Media(
        media_id=media_id,
        path=relative,
        bytes=path.stat().st_size,
        container=container_name,
        codec=codec,
        width=width,
        height=height,
        rotation=rotation,
        sample_aspect=float(aspect) if aspect else 1.0,
        fps=float(rate) if rate else 25.0,
        header_frames=header_frames,
        header_duration_s=duration,
        has_audio=has_audio,
    )
