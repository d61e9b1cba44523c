"""Failed: an item that a stage could not do, and why; the rest of the stage went on."""

from datetime import UTC, datetime
from typing import Self

from slateboard.records.base import Record


class FailureRecord(Record):
    """An item that a stage could not do, with the reason; deleted when the stage succeeds with it."""

    stage: str
    """The command that met it: analyse, join, propose, trim, label, ..."""
    item: str
    """media_id, source_id or clip_id; of the join also two media ids with a space between."""
    code: str
    """exception, died, timeout, memory, or the state that it ended in."""
    reason: str
    """One sentence."""
    key: str = ""
    """Digest of the code and the settings that it failed under: under these it is not done again unless asked."""
    at: datetime

    @classmethod
    def now(cls, *, stage: str, item: str, code: str, reason: str, key: str = "") -> Self:
        """Return what failed at this moment."""
        at = datetime.now(UTC).replace(microsecond=0)
        return cls(stage=stage, item=item, code=str(code), reason=reason, key=key, at=at)
