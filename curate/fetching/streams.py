"""Which video stream of a file its sources mean, and what is said where they do not."""

from collections.abc import Iterable

from slateboard.records.media import Media
from slateboard.records.source import Source


def asked_stream(sources: Iterable[Source]) -> int | None:
    """Return the stream that sources of one file name; None where none of them does."""
    return next((source.stream for source in sources if source.stream is not None), None)


def stream_note(media: Media, asked: int | None) -> str | None:
    """Return what to tell of a file in which several streams would do and none was named; None: nothing."""
    if asked is not None or media.video_streams < 2:
        return None
    return (
        f"{media.video_streams} video streams would do; stream {media.stream} ({media.width} x {media.height}) was "
        "taken, as a player does: the column `stream` of the list names another"
    )


def stream_conflict(sources: Iterable[Source], listed: Iterable[Source]) -> str | None:
    """Return why sources cannot share a file with others that name another of its streams; None where they can."""
    asked = asked_stream(sources)
    for earlier in listed:
        if asked is not None and earlier.stream not in (None, asked):
            return f"names stream {asked} of the same file of which line {earlier.line} names stream {earlier.stream}"
    return None
