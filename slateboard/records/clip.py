"""Clip: a run of frames of one media, with its label, decision and trimmed file; and the effects in it."""

from typing import Any, Literal

from pydantic import Field, model_validator

from slateboard.files import digest
from slateboard.paths import RelativePath, SafeId
from slateboard.records.base import Record

Camera = Literal["static", "moving", "unknown"]


class Clip(Record):
    """A proposed, accepted, rejected or trimmed piece of media."""

    clip_id: SafeId
    """First 12 hex digits of the SHA-256 of media id, first and last frame."""
    source_id: SafeId
    media_id: SafeId
    shot_id: SafeId | None
    """The shot it lies in; None if it spans several."""
    label: str
    group: str
    first_frame: int = Field(ge=0)
    """0-based index among the decoded frames of the media."""
    last_frame: int
    """Inclusive."""
    start_s: float
    """On the player's clock, from the start of the container."""
    end_s: float
    """Where the next frame begins."""
    state: Literal["proposed", "accepted", "rejected", "trimmed", "failed"]
    camera: Camera = "unknown"
    """Whether the camera stood still."""
    quality: tuple[str, ...] = ()
    """What the quality analyser saw in its shot: black, frozen, blurred, low_resolution, nested_bars; and how its video
    was recorded: interlaced (until it is deinterlaced), hdr."""
    decided_by: str | None = None
    """Who accepted or rejected it: a person's name, or `accept-all`."""
    reason: str | None = None
    """Why rejected, or why the trim failed."""
    path: RelativePath | None = None
    """Trimmed file, relative to the workspace."""
    frames: int | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    sha256: str | None = None
    fingerprint: str | None = None
    """64-bit perceptual hashes of four frames, hex, joined by `-`."""
    proof: dict[str, Any] | None = None
    """What was seen when the cut was decoded: `frames`; `timing` (frames or time) and whether that was `by_setting`,
    frames of the source `doubled` and `dropped` to reach a constant rate; `seconds` that the cut lasts and
    `source_seconds` for which a player shows these frames, which differ by over a frame and 0.5 % only where the
    settings ask for frames; for the `first` and `last` frame `_frame` (which of the
    source's it shows), `_psnr_db` to it and `_neighbours_psnr_db` to the ones beside it."""

    @model_validator(mode="after")
    def _in_order(self) -> "Clip":
        if self.last_frame < self.first_frame:
            raise ValueError(f"last_frame {self.last_frame} lies before first_frame {self.first_frame}")
        return self


class Effect(Record):
    """One effect that a person named or a detector raised in one clip."""

    clip_id: SafeId
    kind: str
    """A kind of the taxonomy: bars, bw, text, sticker, overlay, duotone, ..."""
    x: float | None = None
    y: float | None = None
    w: float | None = None
    h: float | None = None
    start_s: float | None = None
    """Seconds in the clip; None: from its start."""
    end_s: float | None = None
    score: float | None = None
    decided_by: Literal["person", "machine"]
    confirmed: bool
    """False: a detector raised it and nobody has confirmed it; it is listed as proposed and counts for nothing."""
    parameters: dict[str, Any]


def clip_id(media_id: str, first_frame: int, last_frame: int) -> str:
    """Return the id of a piece of media."""
    # Frames, not seconds, name a clip: proposing anew with the same cut gives the same id, and so keeps its decisions.
    return digest([media_id, first_frame, last_frame], length=12)
