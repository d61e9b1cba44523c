"""The result of one attempt at an address."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slateboard.records.media import Media
from slateboard.records.source import State

_LONGEST = 4000
"""Characters of a host's text that are kept."""


def clean(text: str) -> str:
    """Return a host's text as tables and files can hold it: at most 4,000 characters, valid UTF-8, without NUL."""
    # Lone surrogates, which JSON may carry, cannot be encoded: they become "?".
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


@dataclass(frozen=True)
class AttemptResult:
    """State of the address, and the file or the reason why there is none."""

    state: State
    file: Path | None = None
    """The download, if the state is fetched."""
    error: str | None = None
    """The host's or yt-dlp's own words."""
    media: Media | None = None
    """What the file's header says, once it was probed."""
    provenance: dict[str, Any] | None = None
    """Where the file came from; see `curate.fetching.provenance`."""
    retry_after_seconds: float | None = None
    """Retry-After of the host, in seconds from now."""
    final: bool = False
    """True where no other attempt may follow in this run: this one's process may still be writing."""
    wall_after: int | None = None
    """So many equal results in a row mean that the host refuses us and not this one address; 1 for a bot check."""
