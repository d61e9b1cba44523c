"""Rows of the analysers, column by column: what each writes and its readers read; an analyser is never imported."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from slateboard.records.clip import Camera

ObservationRow = Mapping[str, object]
"""A row of any analyser or effect detector: column -> value that Parquet can hold."""
ObservationRows = Sequence[ObservationRow]

Flag = Literal["black", "frozen", "blurred", "low_resolution", "nested_bars"]
"""A three-valued column of QualityRow, beside NAME_measure and NAME_share."""


class TimelineRow(TypedDict):
    """A decoded frame and when it is shown."""

    frame: int
    """0-based index among decoded frames."""
    pts: int
    """Presentation time in units of the stream's time base."""
    seconds: float
    """On the player's clock, from the start of the container; never falls."""


class ShotFrames(TypedDict):
    """A shot and its frames."""

    shot_id: str
    first_frame: int
    last_frame: int
    """Inclusive."""


class CameraMotion(TypedDict):
    """How the camera moves, and by which measures; these are None where it was not measured."""

    camera: Camera
    reason: str
    """Why so, in a few words: `points stay`, `too few points`."""
    still: float | None
    """Share of points that stay where they were, 0-1."""
    inliers: float | None
    """Share of points that one similarity (shift, turn, scale) explains, 0-1."""
    extent: float | None
    """How far that moves the picture's centre at most, in pixels of a picture 256 pixels high."""


class CameraRow(ShotFrames, CameraMotion):
    """The camera of one shot."""


class QualityRow(ShotFrames):
    """The picture quality of one shot: each flag is True, False or None (undecided), its share that of the shot."""

    black: bool | None
    black_measure: float | None
    """Median share of black pixels, 0-1."""
    black_share: float | None
    frozen: bool | None
    frozen_measure: float | None
    """Longest time for which a picture is held, in seconds."""
    frozen_share: float | None
    blurred: bool | None
    blurred_measure: float | None
    """Median width (sigma) of the sharpest edges, in pixels at a shorter side of 256."""
    blurred_share: float | None
    low_resolution: bool | None
    low_resolution_measure: float | None
    """Shorter side in square pixels."""
    low_resolution_share: float | None
    nested_bars: bool | None
    nested_bars_measure: float | None
    """Share of the picture that is content, 0-1."""
    nested_bars_share: float | None


class ThumbnailRow(TypedDict):
    """The thumbnail of one shot; frame and picture are None where none of a short shot was kept."""

    shot_id: str
    frame: int | None
    jpeg: bytes | None


class VerdictRow(TypedDict):
    """What an effect detector says of one shot: the fields of `Verdict`."""

    shot_id: str
    present: bool | None
    """None: undecided."""
    reason: str
    x: NotRequired[float | None]
    """Left edge of the box, as y, w and h a part of the frame, 0-1."""
    y: NotRequired[float | None]
    w: NotRequired[float | None]
    h: NotRequired[float | None]
    score: NotRequired[float | None]
    start_s: NotRequired[float | None]
    """Seconds in the shot's video; None: the effect lasts the whole shot."""
    end_s: NotRequired[float | None]
