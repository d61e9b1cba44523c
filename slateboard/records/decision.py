"""Decision: a person's decision on one clip; a line of reviews/<person>.jsonl."""

from datetime import datetime
from typing import Literal

from slateboard.records.base import Record


class Decision(Record):
    """One decision. Of several on a clip the one with the highest number holds."""

    number: int
    """Counts up over all files of reviews/, whatever the clock says."""
    at: datetime
    clip_id: str
    media_id: str
    first_frame: int
    """0-based index among the decoded frames of the media: with media_id it says what was seen, without a catalog."""
    last_frame: int
    """Inclusive."""
    decision: Literal["accepted", "rejected", "effects"]
    """effects: which of the effects that detectors raised in the clip are confirmed."""
    effects: tuple[str, ...] = ()
    """Kinds that are confirmed; of `effects` decisions alone."""
    label: str
    by: str
    """The person, or `accept-all` for what nobody looked at; the file bears the person's name in any case."""
    reason: str | None = None
    command: str
    """What was run, or `review` of the browser."""
