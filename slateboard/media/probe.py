"""Read what the header of a video claims, and check that its first frame decodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from slateboard.limits import current_limits
from slateboard.media import bounds, containers
from slateboard.media.errors import Unreadable
from slateboard.records.media import Media
from slateboard.records.source import State
from slateboard.settings import Limits


@contextmanager
def open_container(path: Path, *, limits: Limits | None = None) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream (the first that is no cover picture), or say why not."""
    limits = limits or current_limits()
    if not path.is_file():
        raise Unreadable(f"{path.name} is not there.", State.MISSING)
    if path.stat().st_size == 0:
        raise Unreadable(f"{path.name} is empty (0 bytes).", State.CORRUPT)
    decoding = bounds.decoder_options(limits)
    try:
        # Tags cut in the middle of a character are common (HMDB51) and are no reason to refuse a file.
        container = av.open(
            containers.address(path),
            metadata_errors="replace",
            container_options={**containers.options(), **bounds.demuxer_options(limits)},
            # Streams are decoded to be known; there is at most one over the limit.
            stream_options=[decoding] * (limits.max_streams + 1),  # type: ignore[list-item]
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _refusal(path, error, limits) from error
    with container:
        bounds.check_streams(path.name, len(container.streams), limits)
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            raise Unreadable(f"{path.name} has no video stream.", State.NOT_VIDEO)
        if streams[0].codec_context is None:
            raise Unreadable(f"{path.name}: no decoder for its video stream.", State.UNSUPPORTED)
        bounds.check_pixels(path.name, streams[0].width, streams[0].height, limits)
        streams[0].codec_context.options = decoding
        yield container, streams[0]


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _refusal(path: Path, error: Exception, limits: Limits) -> Unreadable:
    if isinstance(error, MemoryError):
        # So libavformat says that it was to open one stream more than it may.
        bounds.check_streams(path.name, limits.max_streams + 1, limits)
    kind = containers.kind_of(path)
    if kind is not None:
        return Unreadable(f"{path.name} is {kind}, no video.", State.NOT_VIDEO)
    if isinstance(error, av.ArgumentError):
        what = f"its container is none of those that are opened: {', '.join(containers.ALLOWED)}"
        return Unreadable(f"{path.name} does not open as a video: {what}.", State.UNSUPPORTED)
    # FFmpeg's own text ends in the path, which is of no use elsewhere.
    words = str(error).partition(": '")[0]
    return Unreadable(f"{path.name} does not open as a video: {words}.", State.CORRUPT)


def _decode_error(path: Path, error: av.FFmpegError, limits: Limits) -> Exception:
    if isinstance(error, MemoryError):
        return error
    # Decoders answer so to a size that they do not take, and leave it unsaid.
    sized = f" (or is over max_pixels = {limits.max_pixels})" if isinstance(error, av.ArgumentError) else ""
    return Unreadable(f"{path.name}: the first frame does not decode{sized}: {error}.", State.CORRUPT)


@dataclass(frozen=True)
class Claims:
    """What a container claims about its video; none of it need be true."""

    frames: int
    """0 where it does not say."""
    width: int
    """Pixels, as they are coded."""
    height: int
    fps: float = 0.0
    """Nominal frames per second, where a rate is claimed that a video can have."""


def read_claims(path: Path) -> Claims:
    """Return the claims of a container, without decoding anything; raises Unreadable."""
    with open_container(path) as (_, stream):
        return Claims(int(stream.frames), stream.width, stream.height, float(bounds.nominal_rate_hz(stream)))


def probe(path: Path, *, media_id: str, relative: str, limits: Limits | None = None) -> Media:
    """Return the record of a file by its header; raises Unreadable where its first frame does not decode."""
    limits = limits or current_limits()
    with open_container(path, limits=limits) as (container, stream):
        rate, aspect = bounds.nominal_rate_hz(stream), bounds.pixel_aspect(stream)
        codec, width, height = stream.codec_context.name, stream.width, stream.height
        has_audio = bool(container.streams.audio)
        header_frames = stream.frames
        container_name = container.format.name
        if stream.duration is not None and stream.time_base is not None:
            # Of the stream in its own time base, else of the container in microseconds.
            duration: float | None = float(stream.duration * stream.time_base)
        else:
            duration = container.duration / av.time_base if container.duration else None
        bounds.check_seconds(path.name, duration or 0.0, limits)
        try:
            first_frame = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise _decode_error(path, error, limits) from error
        if first_frame is None:
            why = "holds no frame of its own (pictures that lie in other files are not opened)"
            raise Unreadable(f"{path.name} {why}.", State.NOT_VIDEO)
        bounds.check_pixels(path.name, first_frame.width, first_frame.height, limits)
        rotation = first_frame.rotation % 360
    return Media(
        media_id=media_id,
        path=relative,
        bytes=path.stat().st_size,
        container=container_name,
        codec=codec,
        width=width,
        height=height,
        rotation=rotation,
        sample_aspect=aspect,
        fps=float(rate),
        header_frames=header_frames,
        header_duration_s=duration,
        has_audio=has_audio,
    )
