"""What one try at an address ended in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slateboard.records.media import Media
from slateboard.records.source import State

_LONGEST = 4000
"""Characters of a text from outside that are kept."""


def clean(text: str) -> str:
    """Return a text from outside as every table and file can hold it: of bounded length, of whole characters."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


@dataclass(frozen=True)
class Outcome:
    """State, and the file or the reason."""

    state: State
    file: Path | None = None
    """Where the download lies, if the state is fetched."""
    error: str | None = None
    """Original text."""
    media: Media | None = None
    """What the file claims to be, once it was looked at."""
    provenance: dict[str, Any] | None = None
    """Where the file came from; see `curate.fetching.provenance`."""
    retry_after_seconds: float | None = None
    """What the host asked to wait (Retry-After), where it did."""
    final: bool = False
    """True where no other attempt may follow in this run: this one may still be writing."""
    wall_after: int | None = None
    """How many of this in a row mean that the host refuses us and not this one address; 1 for a bot check."""
