"""Choose the video stream that a player shows, where a file has several."""

from collections.abc import Callable, Sequence

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from slateboard.media.errors import Unreadable
from slateboard.records.source import State

_PICTURES_BESIDE = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
"""What a container says of streams that are covers or previews."""

_MOST_PACKETS = 4000
"""Packets that are read to see whether a stream holds a second picture: two minutes of video with sound."""


def choose_stream(
    container: InputContainer, *, asked: int | None, name: str, reopen: Callable[[], InputContainer]
) -> VideoStream:
    """Return the stream with the index `asked`, else the one that a player shows; raises Unreadable.

    A player shows no covers, and no single picture where something moves; then the stream with the default flag, then
    the one with the most pixels. `reopen` opens the file once more, to count pictures that the header does not count.
    """
    if asked is not None and asked >= 0:
        return _asked_stream(container, asked, name=name)
    candidates = candidate_streams(container, reopen=reopen)
    if not candidates:
        raise Unreadable(f"{name} has no video stream.", State.NOT_VIDEO)
    return min(candidates, key=_rank)


def candidate_streams(container: InputContainer, *, reopen: Callable[[], InputContainer]) -> list[VideoStream]:
    """Return the streams that a player may show: no covers, and single pictures only where nothing moves."""
    streams = [stream for stream in container.streams.video if not stream.disposition & _PICTURES_BESIDE]
    if len(streams) < 2:
        # A file that holds a cover alone is a picture for some players and nothing for others.
        return streams
    uncounted = [stream.index for stream in streams if not stream.frames]
    counted = _moving_streams(reopen, uncounted) if uncounted else set()
    return [stream for stream in streams if stream.frames > 1 or stream.index in counted] or streams


def _rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
    """Return the key by which the stream to show comes first."""
    lacks_decoder = stream.codec_context is None
    pixels = 0 if lacks_decoder else stream.width * stream.height
    return lacks_decoder, not stream.disposition & Disposition.default, -pixels, stream.index


def _asked_stream(container: InputContainer, asked: int, *, name: str) -> VideoStream:
    for stream in container.streams.video:
        if stream.index == asked:
            return stream
    raise Unreadable(
        f"{name} has no video stream {asked}; its video streams are {describe(container.streams.video) or 'none'}.",
        State.UNSUPPORTED,
    )


def describe(streams: Sequence[VideoStream]) -> str:
    """Return the indices of streams with their sizes: `0 (320 x 180), 3 (480 x 270)`."""
    return ", ".join(
        f"{stream.index}" + (f" ({stream.width} x {stream.height})" if stream.codec_context is not None else "")
        for stream in streams
    )


def _moving_streams(reopen: Callable[[], InputContainer], indices: Sequence[int]) -> set[int]:
    """Return those of the streams that have a second packet, as far as the file is read for it."""
    counts = dict.fromkeys(indices, 0)
    try:
        with reopen() as container:
            streams_counted = [stream for stream in container.streams.video if stream.index in counts]
            for number, packet in enumerate(container.demux(streams_counted)):
                counts[packet.stream.index] += bool(packet.size)
                if number == _MOST_PACKETS or min(counts.values()) > 1:
                    break
    except MemoryError:
        raise
    except av.FFmpegError:
        # What was counted up to the damage decides; decoding reports it.
        pass
    return {index for index, count in counts.items() if count > 1}
