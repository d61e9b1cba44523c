"""Where a file came from, as JSON values; names of people only with `keep_personal`."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from curate.fetching.attempt import HostValue, Provenance, clean
from slateboard import __version__
from slateboard.addresses import public_address

PERSONAL: tuple[Literal["uploader", "uploader_id", "channel", "title"], ...] = (
    "uploader",
    "uploader_id",
    "channel",
    "title",
)
"""Fields of yt-dlp that name a person or quote one; kept only with `keep_personal`."""

_NAMES = ("uploader", "uploader_id", "channel", "channel_id", "creator")


def of_web(info: Mapping[str, Any], *, bytes_: int, tool: str, at: datetime, keep_personal: bool) -> Provenance:
    """Return the provenance of a download by yt-dlp. A person's name in the page's url becomes `_`."""
    page = public_address(str(info.get("webpage_url") or info.get("original_url") or ""))
    fields: Provenance = {
        "extractor": _plain(info.get("extractor_key") or info.get("extractor")),
        "id": _plain(info.get("id")),
        "url": _plain(page if keep_personal else _nameless(page, info)),
        "format_id": _plain(info.get("format_id")),
        "upload_date": _plain(info.get("upload_date") or _day(info.get("filetime"))),
        "licence": _plain(info.get("license")),
        "duration_s": _plain(info.get("duration")),
        "bytes": bytes_,
        "tools": {"slateboard": __version__, "fetch": tool},
        "at": at.isoformat(timespec="seconds"),
    }
    for name in PERSONAL if keep_personal else ():
        if info.get(name):
            fields[name] = _plain(info[name])
    return fields


def of_path(path: str, *, bytes_: int, at: datetime) -> Provenance:
    """Return the provenance of a local file that was copied; `path` is the one in the list."""
    return {
        "extractor": "local",
        "path": public_address(path),
        "bytes": bytes_,
        "tools": {"slateboard": __version__},
        "at": at.isoformat(timespec="seconds"),
    }


def _plain(value: Any) -> HostValue:
    """Return a host's value as JSON can hold it, of bounded length; NaN and infinity become None."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, int | float | dict) else clean(str(value))


def _day(seconds: Any) -> str | None:
    """Return the day of a direct file's Last-Modified as YYYYMMDD, the form of yt-dlp's upload dates."""
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d") if isinstance(seconds, int | float) else None
    return None


def _nameless(page: str, info: Mapping[str, Any]) -> str:
    # https://www.tiktok.com/@somebody/video/1 -> .../@_/video/1; facebook.com/somebody/videos/1 -> .../_/videos/1
    nameless = re.sub(r"/@[^/?#]+", "/@_", page)
    for name in _NAMES:
        value = str(info.get(name) or "").removeprefix("@")
        # The generic extractor calls the host the uploader: that names nobody, and the address needs it.
        if len(value) >= 3 and f"//{value}" not in nameless:
            nameless = re.sub(rf"(?<=/){re.escape(value)}(?=[/?#]|$)", "_", nameless)
    return nameless
