"""Summarise the camera and the quality of a clip, from the analysers' rows of the shots it lies in."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from curate.analysis.rows import CameraRow, Flag, QualityRow, ShotFrames
from slateboard.records.clip import Camera
from slateboard.records.media import HDR_TRANSFERS, Media

FLAGS: tuple[Flag, ...] = ("black", "frozen", "blurred", "low_resolution", "nested_bars")
"""Each is a three-valued column of the quality analyser, beside NAME_measure and NAME_share."""

PICTURE_FLAGS = ("interlaced", "hdr")
"""By the way a video was recorded: the same for all of its clips."""

_Row = TypeVar("_Row", bound=ShotFrames)


def camera_of(rows: Sequence[CameraRow], first_frame: int, last_frame: int) -> Camera:
    """Return moving if the camera moves in any shot of the clip, static if it is static in all, else unknown."""
    # static + static -> static; static + moving -> moving; static + unknown -> unknown; no shot -> unknown.
    cameras = {row["camera"] for row in _overlapping(rows, first_frame, last_frame)}
    if "moving" in cameras:
        return "moving"
    return "static" if cameras == {"static"} else "unknown"


def picture_flags(media: Media) -> tuple[str, ...]:
    """Return the flags that all clips of a media have by the way it was recorded."""
    are_so = (is_interlaced(media), media.transfer in HDR_TRANSFERS)
    return tuple(name for name, is_so in zip(PICTURE_FLAGS, are_so, strict=True) if is_so)


def is_interlaced(media: Media) -> bool:
    """Return whether pictures of a media are made of two fields."""
    return media.field_order in ("top_first", "bottom_first")


def quality_flags(rows: Sequence[QualityRow], first_frame: int, last_frame: int) -> tuple[str, ...]:
    """Return the flags that are true in any shot of the clip; undecided ones (None) are left out."""
    inside = list(_overlapping(rows, first_frame, last_frame))
    return tuple(name for name in FLAGS if any(row[name] for row in inside))


def _overlapping(rows: Sequence[_Row], first_frame: int, last_frame: int) -> Iterator[_Row]:
    """Yield the rows of the shots that share a frame with first_frame..last_frame."""
    return (row for row in rows if row["first_frame"] <= last_frame and row["last_frame"] >= first_frame)
