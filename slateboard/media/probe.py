"""Read what the header of a video claims, and check that its first frame decodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from slateboard.limits import current_limits
from slateboard.media import bounds, containers, streams, tags
from slateboard.media.clock import PlayerClock
from slateboard.media.display import display_of, incompatible_dolby_vision
from slateboard.media.errors import Unreadable
from slateboard.records.media import HDR_TRANSFERS, Media
from slateboard.records.source import State
from slateboard.settings import Limits

_DOLBY_TAGS = ("dvh1", "dvhe", "dav1")
"""Of MP4's sample entries for Dolby Vision that needs a decoder of its own, unless its base states a transfer."""
_UNSTATED = 2


@contextmanager
def open_container(
    path: Path, *, limits: Limits | None = None, stream: int | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its video stream, or say why not.

    `stream` is its index in the container; None, or below 0: the one that a player would show.
    """
    limits = limits or current_limits()
    if not path.is_file():
        raise Unreadable(f"{path.name} is not there.", State.MISSING)
    if path.stat().st_size == 0:
        raise Unreadable(f"{path.name} is empty (0 bytes).", State.CORRUPT)
    with _opened(path, limits) as container:
        bounds.check_streams(path.name, len(container.streams), limits)
        reopen = partial(_opened, path, limits)
        video_stream = streams.choose_stream(container, asked=stream, name=path.name, reopen=reopen)
        if video_stream.codec_context is None:
            raise Unreadable(f"{path.name}: no decoder for its video stream.", State.UNSUPPORTED)
        bounds.check_pixels(path.name, video_stream.width, video_stream.height, limits)
        if video_stream.codec_context.codec_tag in _DOLBY_TAGS and video_stream.codec_context.color_trc == _UNSTATED:
            raise incompatible_dolby_vision(path.name)
        video_stream.codec_context.options = bounds.decoder_options(limits)
        yield container, video_stream


def _opened(path: Path, limits: Limits) -> InputContainer:
    # Streams are decoded to be known; there is at most one over the limit.
    of_streams = [bounds.decoder_options(limits)] * (limits.max_streams + 1)
    try:
        try:
            return _open(path, limits, of_streams)
        except ValueError as error:
            if isinstance(error, av.FFmpegError):
                raise
            # FLV and MPEG program streams name their streams as they come, and PyAV takes no options for those. What
            # is decoded to know them is bounded by the memory of the process alone; all else as ever.
            return _open(path, limits, None)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _refusal(path, error, limits) from error


def _open(path: Path, limits: Limits, stream_options: list[dict[str, str]] | None) -> InputContainer:
    return av.open(
        containers.address(path),
        # Tags cut in the middle of a character are common (HMDB51) and are no reason to refuse a file.
        metadata_errors="replace",
        container_options={**containers.options(), **bounds.demuxer_options(limits)},
        stream_options=stream_options,  # type: ignore[arg-type]
    )


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


def probe(
    path: Path, *, media_id: str, relative: str, limits: Limits | None = None, stream: int | None = None
) -> Media:
    """Return the record of a file by its header; raises Unreadable where its first frame does not decode.

    `stream` is the index of the video stream that is asked for; None: the one that a player would show.
    """
    limits = limits or current_limits()
    with open_container(path, limits=limits, stream=stream) as (container, video_stream):
        duration, of_container = _claimed_seconds(container, video_stream)
        bounds.check_seconds(path.name, duration or of_container or 0.0, limits)
        claims = {
            "container": container.format.name,
            "codec": video_stream.codec_context.name,
            "width": video_stream.width,
            "height": video_stream.height,
            "sample_aspect": bounds.pixel_aspect(video_stream),
            "fps": float(bounds.nominal_rate_hz(video_stream)),
            "header_frames": video_stream.frames,
            "has_audio": bool(container.streams.audio),
            "stream": video_stream.index,
            "video_streams": len(streams.candidate_streams(container, reopen=partial(_opened, path, limits))) or 1,
        }
        first_frame = _first_frame(path, container, video_stream, limits)
        start_s = PlayerClock.of(container, video_stream).seconds(
            first_frame.pts, first_frame.time_base or Fraction(1, 1000)
        )
        if of_container is not None and (duration is None or start_s > 0):
            # Matroska states the length of the whole, and where each stream ends as its length: of 14 s from the first
            # sound, a picture that begins at 10 s is shown for 4 s.
            rest = max(0.0, of_container - start_s)
            duration = rest if duration is None else min(duration, rest)
        return Media(
            media_id=media_id,
            path=relative,
            bytes=path.stat().st_size,
            start_s=start_s,
            header_duration_s=duration,
            **claims,
            **_shown(video_stream, first_frame, name=path.name),
        )


def _claimed_seconds(container: InputContainer, stream: VideoStream) -> tuple[float | None, float | None]:
    """Return the durations that are claimed of the stream and of the container, in seconds; None: none is."""
    ticks, time_base = stream.duration, stream.time_base
    of_stream = float(ticks * time_base) if ticks is not None and time_base is not None else None
    return of_stream, container.duration / av.time_base if container.duration else None


def _first_frame(path: Path, container: InputContainer, stream: VideoStream, limits: Limits) -> VideoFrame:
    try:
        first_frame = next(container.decode(stream), None)
    except av.FFmpegError as error:
        raise _decode_error(path, error, limits) from error
    if not isinstance(first_frame, VideoFrame):
        why = "holds no frame of its own (pictures that lie in other files are not opened)"
        raise Unreadable(f"{path.name} {why}.", State.NOT_VIDEO)
    bounds.check_pixels(path.name, first_frame.width, first_frame.height, limits)
    return first_frame


def _shown(stream: VideoStream, first_frame: VideoFrame, *, name: str) -> dict[str, Any]:
    """Return the fields of a Media that say how its pictures are shown."""
    upright = display_of(first_frame, name=name).orientation
    context = stream.codec_context
    return {
        "rotation": 90 * upright.turns,
        "mirrored": upright.mirrored,
        "field_order": tags.field_order_name(
            context.field_order, codec=context.name, is_interlaced=bool(first_frame.interlaced_frame)
        ),
        "transfer": tags.transfer_name(first_frame.color_trc, context.color_trc),
        "primaries": tags.primaries_name(first_frame.color_primaries, context.color_primaries),
    }


def shows_otherwise(path: Path, before: Media, now: Media) -> bool:
    """Return whether a version that knew no streams and no orientation but turns saw other pictures in a file.

    It took the first stream that is no cover, did not mirror, took RGB for limited range, and left HDR as it is.
    """
    with open_container(path, stream=now.stream) as (container, stream):
        usual = (
            candidate for candidate in container.streams.video if not candidate.disposition & Disposition.attached_pic
        )
        first_stream = next((candidate.index for candidate in usual), now.stream)
        is_rgb = stream.format is not None and stream.format.is_rgb
    is_turned = (before.rotation, before.mirrored) != (now.rotation, now.mirrored)
    return is_turned or is_rgb or first_stream != now.stream or now.transfer in HDR_TRANSFERS
