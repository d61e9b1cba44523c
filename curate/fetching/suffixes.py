"""Which suffix an original gets in media/: one of a short list, whatever its own name says."""

from pathlib import PurePath

CONTAINER_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mpg", ".mpeg", ".flv", ".wmv", ".ogv",
     ".mxf", ".gif"}
)  # fmt: skip
"""Suffixes of video containers that a file may keep."""

_BY_DEMUXER = {"mov": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "mpeg": ".mpg", "asf": ".wmv", "ogg": ".ogv"}
_UNKNOWN = ".video"


def media_suffix(name: str, container: str) -> str:
    """Return the suffix of a file in media/: its name's if it is a video container's, else by its demuxer.

    `container` is FFmpeg's name of the demuxer, as `mov,mp4,m4a,3gp,3g2,mj2`.
    """
    # clip.MOV -> .mov; a Matroska file named `St. xxxx`, whose "suffix" may be longer than a file name may be -> .mkv.
    suffix = PurePath(name).suffix.lower()
    if suffix in CONTAINER_SUFFIXES:
        return suffix
    demuxer = container.partition(",")[0]
    fallback = f".{demuxer}" if f".{demuxer}" in CONTAINER_SUFFIXES else _UNKNOWN
    return _BY_DEMUXER.get(demuxer, fallback)
