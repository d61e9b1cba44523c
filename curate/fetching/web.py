"""Download one address with yt-dlp: the whole file; it is cut later."""

from importlib import metadata
from pathlib import Path
from typing import Any

from curate.fetching.outcome import Outcome, state_of_status, state_of_words
from slateboard.records.source import State
from slateboard.settings import Fetch

TOOL = f"yt-dlp {metadata.version('yt-dlp')}"


class _Words:
    """Keeps yt-dlp's messages off the terminal; the errors come back as exceptions."""

    def debug(self, message: str) -> None:
        """Drop progress: the caller shows its own."""

    def warning(self, message: str) -> None:
        """Drop warnings: what matters comes back as an error."""

    def error(self, message: str) -> None:
        """Drop the copy of what is raised."""


def download(url: str, stem: Path, *, settings: Fetch) -> Outcome:
    """Download `url` to `<stem>.<ext>`; resumes a part file that an earlier try left.

    yt-dlp leaves some limits without an error (size, match filter): they are checked for here.
    """
    # Imported here: half a second, and only a fetch of web sources needs it.
    import yt_dlp

    refusals: list[tuple[State, str]] = []

    def refuse(info: dict[str, Any], *, incomplete: bool = False) -> str | None:
        refusal = _refusal(info, settings)
        if refusal is not None and not incomplete:
            refusals.append(refusal)
            return refusal[1]
        return None

    options = {
        "outtmpl": {"default": f"{str(stem).replace('%', '%%')}.%(ext)s"},
        "format": f"bv*[height<={settings.height}]/b[height<={settings.height}]/bv*/b",
        "socket_timeout": settings.timeout_seconds,
        "max_filesize": settings.max_bytes,
        "match_filter": refuse,
        "skip_unavailable_fragments": False,
        "retries": 1,
        "extractor_retries": 0,
        "noplaylist": True,
        "noprogress": True,
        "quiet": True,
        "color": "never",
        "logger": _Words(),
        "cachedir": False,
    }
    try:
        with yt_dlp.YoutubeDL(options) as session:
            info = session.extract_info(url, download=True)
    except yt_dlp.utils.DownloadError as error:
        return _failure(error)
    if refusals:
        return Outcome(refusals[0][0], error=refusals[0][1])
    done = (info or {}).get("requested_downloads") or []
    file = Path(done[0]["filepath"]) if done else None
    if file is None or not file.is_file():
        return Outcome(State.TOO_LARGE, error=f"no file was written; over max_bytes = {settings.max_bytes}?")
    if file.stat().st_size > settings.max_bytes:
        size = file.stat().st_size
        file.unlink()
        return Outcome(State.TOO_LARGE, error=f"{size} bytes > max_bytes = {settings.max_bytes}")
    return Outcome(State.FETCHED, file=file)


def _refusal(info: dict[str, Any], settings: Fetch) -> tuple[State, str] | None:
    if info.get("is_live") or info.get("live_status") == "is_live":
        return State.LIVE, "a live stream has no end yet"
    seconds = info.get("duration")
    if seconds and seconds > settings.max_seconds:
        return State.TOO_LONG, f"{seconds:.0f} s > max_seconds = {settings.max_seconds:g}"
    size = info.get("filesize")
    if size and size > settings.max_bytes:
        return State.TOO_LARGE, f"{size} bytes > max_bytes = {settings.max_bytes}"
    return None


def _failure(error: Any) -> Outcome:
    """Return the state of a yt-dlp DownloadError: by HTTP status, else by its class, else by its words."""
    import yt_dlp

    message = str(error).removeprefix("ERROR: ")
    cause = error.exc_info[1] if error.exc_info else None
    chain = [cause, getattr(cause, "cause", None), getattr(cause, "__cause__", None)]
    for link in chain:
        status = getattr(link, "status", None) or getattr(link, "code", None)
        if isinstance(status, int) and status >= 400:
            return Outcome(state_of_status(status), error=message)
    for kind, state in (
        (yt_dlp.utils.GeoRestrictedError, State.BLOCKED),
        # The generic extractor read the page and found no video on it.
        (yt_dlp.utils.UnsupportedError, State.NOT_VIDEO),
        (yt_dlp.utils.UserNotLive, State.LIVE),
        (yt_dlp.utils.ContentTooShortError, State.TRUNCATED),
    ):
        if any(isinstance(link, kind) for link in chain):
            return Outcome(state, error=message)
    return Outcome(state_of_words(message), error=message)
