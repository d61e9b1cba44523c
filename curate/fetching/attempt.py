"""The result of one attempt at an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict

from slateboard.canonical import SiteVideo
from slateboard.records.media import Media
from slateboard.records.source import State

_LONGEST = 4000
"""Characters of a host's text that are kept."""


def clean(text: str) -> str:
    """Return a host's text as tables and files can hold it: at most 4,000 characters, valid UTF-8, without NUL."""
    # Lone surrogates, which JSON may carry, cannot be encoded: they become "?".
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


HostValue = str | float | Mapping[str, object] | None
"""A value as a host gave it, which nothing promises to be of one type."""


class Provenance(TypedDict, total=False):
    """Where a file came from, as JSON values; of a local file without what only a host can say."""

    extractor: Required[HostValue]
    """yt-dlp's name of the site; "local" for a file that was copied."""
    path: str
    """Of a local file, as in the list."""
    id: HostValue
    url: HostValue
    """The page; the path of a person's name in it is `_`."""
    format_id: HostValue
    upload_date: HostValue
    """YYYYMMDD."""
    licence: HostValue
    duration_s: HostValue
    """Seconds, as the host announced them."""
    bytes: Required[int]
    tools: Required[dict[str, str]]
    """Tool -> version."""
    at: Required[str]
    """Time of the download, ISO 8601 in UTC."""
    uploader: HostValue
    """Names a person, as do the next three: only with `keep_personal`."""
    uploader_id: HostValue
    channel: HostValue
    title: HostValue


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
    note: str | None = None
    """What there is to tell of a file that was fetched well."""
    provenance: Provenance | None = None
    """Where the file came from; see `curate.fetching.provenance`."""
    fetched_video: SiteVideo | None = None
    """Extractor and id of the video, where its file lies here: nothing was downloaded."""
    retry_after_seconds: float | None = None
    """Retry-After of the host, in seconds from now."""
    final: bool = False
    """True where no other attempt may follow in this run: this one's process may still be writing."""
    wall_after: int | None = None
    """So many equal results in a row mean that the host refuses us and not this one address; 1 for a bot check."""
