"""Speak to one host with yt-dlp: download a whole file (it is cut later), or look whether it is still there."""

import errno
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from curate.fetching import provenance
from curate.fetching.formats import format_expression
from curate.fetching.outcome import Outcome
from curate.fetching.reasons import is_wall, retry_after_seconds, state_of_status, state_of_words, wall_after
from curate.fetching.sites import Sites, as_generic
from slateboard.records.source import State
from slateboard.settings import Fetch

TOOL = f"yt-dlp {metadata.version('yt-dlp')}"

# Each read is told to hooks that draw a progress line: 1 KiB, yt-dlp's own, costs a small file a tenth of its time.
_FIRST_READ_BYTES = 64 * 1024
# One more than may be: enough to see that an address names several videos.
_ENTRIES = "1:2"


class _Words:
    """Keeps yt-dlp's messages off the terminal, and the last error: some come back without their text."""

    def __init__(self) -> None:
        self.last = ""

    def debug(self, message: str) -> None:
        """Drop progress: the caller shows its own."""

    def warning(self, message: str) -> None:
        """Drop warnings: what matters comes back as an error."""

    def error(self, message: str) -> None:
        """Keep the copy of what is raised."""
        self.last = message


def _extractors() -> Sequence[Any]:
    from yt_dlp.extractor import gen_extractor_classes

    return list(gen_extractor_classes())


_SITES = Sites(_extractors)


class _TooLarge(Exception):
    """More came than may be, whatever was announced."""


class Session:
    """One thread's yt-dlp: connections and cookies last from one address to the next. Opened at first use."""

    def __init__(self, settings: Fetch, *, cookies: str | None = None) -> None:
        self._settings, self._cookies = settings, cookies
        self._words = _Words()
        self._refusals: list[tuple[State, str]] = []
        self._limits = True
        self._session: Any = None

    def is_file(self, url: str) -> bool:
        """Is this the address of a plain file, which `download` may be asked for directly?"""
        self._opened()
        return _SITES.is_file(url)

    def download(self, url: str, stem: Path, *, directly: bool = False) -> Outcome:
        """Download `url` to `<stem>.<format>.<ext>`; resumes a part file that an earlier try left.

        `directly` leaves out the request by which yt-dlp's generic extractor finds out that a file is one.
        yt-dlp leaves some limits without an error (size, match filter): they are checked for here.
        """
        self._limits = True
        session = self._opened()
        # The format's name is in the file's: a part of one format is never continued with another.
        session.params["outtmpl"]["default"] = f"{str(stem).replace('%', '%%')}.%(format_id)s.%(ext)s"
        info, failure = self._extract(url, download=True, directly=directly)
        if failure is not None:
            return failure
        done = [file for one in _videos(info) for file in one.get("requested_downloads") or []]
        file = Path(done[0]["filepath"]) if done else None
        if file is None or not file.is_file():
            return Outcome(State.TOO_LARGE, error=f"no file was written; over max_bytes = {self._settings.max_bytes}?")
        size = file.stat().st_size
        if size > self._settings.max_bytes:
            return Outcome(State.TOO_LARGE, error=f"{size} bytes > max_bytes = {self._settings.max_bytes}")
        source = provenance.of_web(
            _videos(info)[0],
            bytes_=size,
            tool=TOOL,
            at=datetime.now(UTC),
            keep_personal=self._settings.keep_personal,
        )
        return Outcome(State.FETCHED, file=file, provenance=source)

    def look(self, url: str) -> Outcome:
        """Ask for `url` without downloading it; `fetched` means that the video is still there."""
        self._limits = False
        _, failure = self._extract(url, download=False, directly=False)
        return failure or Outcome(State.FETCHED)

    def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            self._session.close()

    def _extract(self, url: str, *, download: bool, directly: bool) -> tuple[Any, Outcome | None]:
        import yt_dlp

        self._refusals.clear()
        self._words.last = ""
        try:
            if directly:
                info = self._opened().process_ie_result(as_generic(url), download=download)
            else:
                info = self._opened().extract_info(url, download=download)
        except yt_dlp.utils.DownloadError as error:
            return None, _failure(error)
        except _TooLarge as error:
            return None, Outcome(State.TOO_LARGE, error=str(error))
        except (yt_dlp.utils.YoutubeDLError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            # A fault inside an extractor is that one source's error, not the run's.
            _raise_if_full(str(error))
            return None, Outcome(state_of_words(str(error)), error=f"{type(error).__name__}: {error}")
        if self._refusals:
            return None, Outcome(self._refusals[0][0], error=self._refusals[0][1])
        return info or {}, None

    def _opened(self) -> Any:
        if self._session is None:
            # Imported here: half a second, and only a fetch of web sources needs it.
            import yt_dlp

            class Plain(yt_dlp.YoutubeDL):  # type: ignore[misc]
                def _forceprint(self, key: str, info: Any) -> Any:
                    """Leave out the tables that `--print` could ask for: two fifths of the time of a small file."""
                    return info

            # The extractors are added by us: yt-dlp sorts them anew for each session, 60 ms each.
            self._session = Plain(self._options(), auto_init=False)
            for extractor in _SITES.all():
                self._session.add_info_extractor(extractor)
        return self._session

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        options: dict[str, Any] = {
            "format": format_expression(settings),
            "socket_timeout": settings.timeout_seconds,
            "sleep_interval_requests": settings.sleep_requests_seconds,
            "max_filesize": settings.max_bytes,
            "match_filter": self._refuse,
            "progress_hooks": [self._watch],
            "playlist_items": _ENTRIES,
            "noplaylist": True,
            "skip_unavailable_fragments": False,
            "fragment_retries": 3,
            "file_access_retries": 3,
            # Ours begin anew with what the site says then, after a wait; they go on where the part file ends.
            "retries": 0,
            "extractor_retries": 0,
            "buffersize": _FIRST_READ_BYTES,
            # Bytes stay as they were served, and no process is started.
            "fixup": "never",
            # The day of a plain file, which nothing else tells.
            "updatetime": True,
            "noprogress": True,
            "quiet": True,
            "no_warnings": True,
            "color": "never",
            "logger": self._words,
            "cachedir": False,
        }
        if settings.proxy:
            options["proxy"] = settings.proxy
        if self._cookies is not None:
            # A copy of its own: yt-dlp writes the cookies file when it closes, each thread over the other's.
            options["cookiefile"] = io.StringIO(self._cookies)
        return options

    def _refuse(self, info: dict[str, Any], *, incomplete: Any = False) -> str | None:
        refusal = _refusal(info, self._settings, complete=not incomplete) if self._limits else None
        if refusal is not None:
            self._refusals.append(refusal)
            return refusal[1]
        return None

    def _watch(self, status: dict[str, Any]) -> None:
        come = status.get("downloaded_bytes") or 0
        if come > self._settings.max_bytes:
            raise _TooLarge(f"{come} bytes came, over max_bytes = {self._settings.max_bytes}")


def _videos(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the videos of what an address named: itself, or the one entry of a list."""
    if "entries" in info:
        return [video for entry in info["entries"] or [] if entry for video in _videos(entry)]
    return [info]


def _refusal(info: dict[str, Any], settings: Fetch, *, complete: bool) -> tuple[State, str] | None:
    if (info.get("n_entries") or 1) > 1:
        return State.UNSUPPORTED, "several videos lie at this address; list each by its own"
    status = info.get("live_status")
    if info.get("is_live") or status in ("is_live", "is_upcoming", "post_live"):
        return State.LIVE, f"a live stream that is not over yet ({status or 'is_live'})"
    if not complete:
        return None
    seconds = info.get("duration")
    if seconds and seconds > settings.max_seconds:
        return State.TOO_LONG, f"{seconds:.0f} s > max_seconds = {settings.max_seconds:g}"
    size = info.get("filesize")
    if size and size > settings.max_bytes:
        return State.TOO_LARGE, f"{size} bytes > max_bytes = {settings.max_bytes}"
    return None


def _raise_if_full(message: str) -> None:
    """A full disk is no fault of a source: stop, before all the rest end in an error."""
    if "no space left" in message.lower() or "disk quota" in message.lower():
        raise OSError(errno.ENOSPC, message)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, nearest first."""
    found: list[BaseException] = []
    todo: list[Any] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            todo += [(getattr(one, "exc_info", None) or (None, None))[1], getattr(one, "cause", None)]
            todo += [one.__cause__]
    return found


def _failure(error: Any) -> Outcome:
    """Return what a DownloadError means: a wall's words, the HTTP status, the class of the error, then its words."""
    message = str(error).removeprefix("ERROR: ")
    _raise_if_full(message)
    chain = _chain(error)
    asked = None
    state: State | None = state_of_words(message) if is_wall(message) else None
    for link in chain:
        status, response = getattr(link, "status", None), getattr(link, "response", None)
        if isinstance(status, int) and status >= 400:
            asked = retry_after_seconds(response.get_header("Retry-After")) if response is not None else None
            # 503 with Retry-After is how a host says "later" without 429.
            of_status = State.RATE_LIMITED if status == 503 and asked is not None else state_of_status(status)
            state = state or of_status
            break
    state = state or _of_class(chain) or _of_words(message, chain)
    return Outcome(state, error=message, retry_after_seconds=asked, wall_after=wall_after(message, state))


def _of_class(chain: list[BaseException]) -> State | None:
    import yt_dlp
    from yt_dlp.networking.exceptions import IncompleteRead

    kinds: tuple[tuple[Any, State], ...] = (
        (yt_dlp.utils.GeoRestrictedError, State.BLOCKED),
        # The generic extractor read the page and found no video on it.
        (yt_dlp.utils.UnsupportedError, State.NOT_VIDEO),
        (yt_dlp.utils.UserNotLive, State.LIVE),
        (yt_dlp.utils.ContentTooShortError, State.TRUNCATED),
        (IncompleteRead, State.TRUNCATED),
    )
    return next((state for kind, state in kinds if any(isinstance(link, kind) for link in chain)), None)


def _of_words(message: str, chain: list[BaseException]) -> State:
    from yt_dlp.networking.exceptions import HTTPError, TransportError

    state = state_of_words(message)
    lost = any(isinstance(link, TransportError) and not isinstance(link, HTTPError) for link in chain)
    return State.NETWORK if lost and state in (State.ERROR, State.UNSUPPORTED) else state
