"""Source: one line of sources.csv and what became of it."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from slateboard.addresses import identity, is_web
from slateboard.files import digest
from slateboard.paths import SafeId
from slateboard.records.base import Record


class State(StrEnum):
    """Where a source stands; each source has exactly one."""

    NEW = "new"
    FETCHED = "fetched"
    MISSING = "missing"
    """Its file is not where it should be now: it is asked for again, and whole again once the file is there."""
    GONE = "gone"
    PRIVATE = "private"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    NETWORK = "network"
    TRUNCATED = "truncated"
    NOT_VIDEO = "not_video"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    LIVE = "live"
    UNSUPPORTED = "unsupported"
    DUPLICATE = "duplicate"
    TAKEN_DOWN = "taken_down"
    ERROR = "error"


BROUGHT = (State.FETCHED, State.MISSING)
"""States of sources whose file was fetched and found good, be it there now or not."""


class Source(Record):
    """A link or path that a person listed, with its state in the catalog."""

    source_id: SafeId
    """First 12 hex digits of the SHA-256 of url (without login and signature), start and end: stable when a label is
    corrected or a signature renewed."""
    line: int
    """Line in sources.csv, the header being line 1."""
    url: str
    """http(s) address, or a path relative to the workspace."""
    label: str
    """Class as the person wrote it."""
    start_s: float | None = Field(default=None, ge=0)
    """Where the wanted part begins, in seconds of a player's clock, which starts with the container: with the sound,
    where that begins before the picture. None: at the first frame."""
    end_s: float | None = Field(default=None, gt=0)
    """Where the wanted part ends, by the same clock; the frame that begins there is not in it. None: at the video's
    end."""
    group: str | None = None
    """Uploader, person or camera: clips of one group never lie on both sides of a split."""
    licence: str | None = None
    effects: tuple[str, ...] | None = None
    """Kinds that a person saw; () if a person looked and saw none; None if nobody said."""
    note: str | None = None
    stream: int | None = Field(default=None, ge=0)
    """Index in the container of the video stream that is meant, as ffprobe prints it; None: the one that a player would
    show."""
    state: State = State.NEW
    media_id: SafeId | None = None
    """The file that was fetched, where there is one."""
    reason: str | None = None
    """Original error text, or what the state refers to."""
    again_at: datetime | None = None
    """Not to be asked before this time: its host's Retry-After, or our back-off."""
    provenance: dict[str, Any] | None = None
    """Where the file came from: extractor, id, url, format, upload date, licence, announced duration, tools, time.

    No name of a person unless the settings say keep_personal.
    """

    @property
    def host(self) -> str:
        """Host of the address, one name for a site (`host_of`); empty for a local path."""
        return host_of(self.url)

    @property
    def is_web(self) -> bool:
        """True for an http(s) address, False for a local path."""
        return is_web(self.url)


# Names of one site, whose servers count requests together: pacing and blocks are of the site.
_ONE_HOST = {"youtu.be": "youtube.com", "youtube-nocookie.com": "youtube.com", "fb.watch": "facebook.com"}
_DOORS = ("www.", "m.", "mobile.", "music.", "vm.", "vt.", "web.")


def host_of(url: str) -> str:
    """Return the host of an http(s) address in lower case, one name for all doors of a site; empty for a path.

    vm.tiktok.com and www.tiktok.com count requests together, and so do we.
    """
    return _site(url.partition("://")[2].partition("/")[0]) if is_web(url) else ""


@lru_cache(maxsize=10_000)
def _site(authority: str) -> str:
    try:
        host = urlsplit(f"//{authority}").hostname or "?"
    except ValueError:
        return "?"
    # www.tiktok.com, vm.tiktok.com -> tiktok.com; m.com, which has one dot, stays; youtu.be -> youtube.com.
    door = next((door for door in _DOORS if host.startswith(door) and host.count(".") >= 2), "")
    return _ONE_HOST.get(host.removeprefix(door), host.removeprefix(door))


class Attempt(Record):
    """One try at a source."""

    source_id: SafeId
    at: datetime
    state: State
    """The state it ended in."""
    error: str | None
    """Original error text, untouched."""
    tool: str
    """Program and version that tried."""


def source_id(url: str, start_s: float | None, end_s: float | None) -> str:
    """Return the id of a source: it stays when a signature in its address is renewed."""
    # 12 hex digits are 48 bits: among 100,000 sources two of one id are expected 1e10 / 2 / 2.8e14 = 0.00002 times.
    return digest([identity(url), start_s, end_s], length=12)
