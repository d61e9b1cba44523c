"""Observation: the rows of one analyser on one media, kept as Parquet."""

from typing import Any

from slateboard.paths import SafeId, SafeName
from slateboard.records.base import Record


class Observation(Record):
    """Rows of one analyser on one media, and which code and parameters made them."""

    media_id: SafeId
    analyser: SafeName
    version: int
    """Of the analyser's code: a new version runs again, and only that analyser."""
    parameters: dict[str, Any]
    rows: tuple[dict[str, Any], ...]


class Verdict(Record):
    """Answer of a detector about one effect kind in one shot: present, absent, or undecided with a reason."""

    present: bool | None
    """None: not decided, see reason."""
    reason: str
    """Why so, in a word or two: `bars 18 px`, `too few colours`, `one frame`."""
    x: float | None = None
    """Box of the effect or of the content it leaves, parts of the frame from the top left."""
    y: float | None = None
    w: float | None = None
    h: float | None = None
    score: float | None = None
    """Detector's own measure; compare only within a kind."""
    start_s: float | None = None
    """Where it begins, seconds in the shot's video; None: it lasts the whole shot."""
    end_s: float | None = None
    """Where it ends, seconds in the shot's video; None: it lasts the whole shot."""
