"""Which ending an original bears in media/: one of a short list, whatever its name says."""

from pathlib import PurePath

ENDINGS = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mpg", ".mpeg", ".flv", ".wmv", ".ogv",
     ".mxf", ".gif"}
)  # fmt: skip
"""Endings of containers of video that a file may bring along."""

_OF_DEMUXERS = {"mov": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "mpeg": ".mpg", "asf": ".wmv", "ogg": ".ogv"}
_NAMELESS = ".video"


def ending(name: str, container: str) -> str:
    """Return the ending to keep a file under: its name's if it is one of ENDINGS, else that of its container.

    `container` is FFmpeg's name of the demuxer, as `mov,mp4,m4a,3gp,3g2,mj2`. A name may end in anything, as in
    `St. xxxx...`, longer than a file system takes.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in ENDINGS:
        return suffix
    demuxer = container.partition(",")[0]
    listed = f".{demuxer}" if f".{demuxer}" in ENDINGS else _NAMELESS
    return _OF_DEMUXERS.get(demuxer, listed)
