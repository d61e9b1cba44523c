"""Ask hosts with yt-dlp: download a whole file (it is cut later), or check whether it still exists."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from curate.fetching import provenance
from curate.fetching.attempt import AttemptResult
from curate.fetching.failures import failure_of, raise_if_hopeless
from curate.fetching.gate import Gate
from curate.fetching.holders import named_video
from curate.fetching.sites import Sites, as_generic
from slateboard.canonical import SiteVideo
from slateboard.records.source import State
from slateboard.settings import FetchSettings

TOOL = f"yt-dlp {metadata.version('yt-dlp')}"


class _SilentLogger:
    """Logger that drops yt-dlp's messages: what matters is raised as an error."""

    def debug(self, message: str) -> None:
        """Drop progress: the caller shows its own."""

    def warning(self, message: str) -> None:
        """Drop warnings."""

    def error(self, message: str) -> None:
        """Drop the copy of what is raised."""


def _extractors() -> Sequence[Any]:
    from yt_dlp.extractor import gen_extractor_classes

    return list(gen_extractor_classes())


SITES = Sites(_extractors)
"""Without plug-ins."""


class _Known(Exception):
    """The video lies here, under another address."""

    def __init__(self, video: SiteVideo) -> None:
        super().__init__(video)
        self.video = video


class _TooLarge(Exception):
    """More bytes came than max_bytes, whatever was announced."""


class Session:
    """One process's yt-dlp: cookies last from one address to the next. Opened at first use."""

    def __init__(
        self,
        settings: FetchSettings,
        *,
        cookies: str | None = None,
        gate: Gate | None = None,
        videos: frozenset[SiteVideo] = frozenset(),
    ) -> None:
        self._settings, self._cookies, self._gate = settings, cookies, gate
        self._videos_fetched = videos
        """Videos whose files lie here."""
        self._barred: list[tuple[State, str]] = [] if gate is None else gate.barred
        self._sites = SITES
        self._refusals: list[tuple[State, str]] = []
        self._limits = True
        self._session: Any = None

    def is_file(self, url: str) -> bool:
        """Return whether an address is a direct file, which `download` may fetch with `directly`."""
        self._open()
        return self._sites.is_file(url)

    def download(self, url: str, stem: Path, *, directly: bool = False) -> AttemptResult:
        """Download `url` to `<stem>.<format>.<ext>`; resumes a part file that an earlier attempt left.

        `directly` saves the request by which yt-dlp's generic extractor finds out that an address is a file. yt-dlp
        skips a download over some limits (size, match filter) without an error: those are checked here.
        """
        self._limits = True
        session = self._open()
        # The format's name is in the file's: a part of one format is never continued with another.
        # `%` is yt-dlp's sign for a field: one in a folder's name is doubled.
        session.params["outtmpl"]["default"] = f"{str(stem).replace('%', '%%')}.%(format_id)s.%(ext)s"
        info, failure = self._extract(url, download=True, directly=directly)
        if failure is not None:
            return failure
        downloads = [file for video in _videos(info) for file in video.get("requested_downloads") or []]
        file = Path(downloads[0]["filepath"]) if downloads else None
        if file is None or not file.is_file():
            return AttemptResult(
                State.TOO_LARGE, error=f"no file was written; over max_bytes = {self._settings.max_bytes}?"
            )
        size = file.stat().st_size
        if size > self._settings.max_bytes:
            return AttemptResult(State.TOO_LARGE, error=f"{size} bytes > max_bytes = {self._settings.max_bytes}")
        source = provenance.of_web(
            _videos(info)[0],
            bytes_=size,
            tool=TOOL,
            at=datetime.now(UTC),
            keep_personal=self._settings.keep_personal,
        )
        return AttemptResult(State.FETCHED, file=file, provenance=source)

    def look(self, url: str) -> AttemptResult:
        """Ask for `url` without downloading it; state `fetched` means that the video still exists."""
        self._limits = False
        _, failure = self._extract(url, download=False, directly=False)
        return failure or AttemptResult(State.FETCHED)

    def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            self._session.close()

    def _extract(self, url: str, *, download: bool, directly: bool) -> tuple[Any, AttemptResult | None]:
        if directly:
            return self._guarded(lambda session: session.process_ie_result(as_generic(url), download=download))
        return self._guarded(lambda session: session.extract_info(url, download=download))

    def _guarded(self, extract: Callable[[Any], Any]) -> tuple[Any, AttemptResult | None]:
        """Return (yt-dlp's info, None) or (None, the failure): any exception inside it is this source's failure."""
        session = self._open()
        self._refusals.clear()
        self._barred.clear()
        try:
            info = extract(session)
        except MemoryError:
            raise
        except Exception as error:
            return None, self._failure(error)
        if self._refusals:
            return None, AttemptResult(self._refusals[0][0], error=self._refusals[0][1])
        return info or {}, None

    def _failure(self, error: Exception) -> AttemptResult:
        raise_if_hopeless(error)
        if isinstance(error, _Known):
            return AttemptResult(State.FETCHED, fetched_video=error.video)
        if isinstance(error, _TooLarge):
            return AttemptResult(State.TOO_LARGE, error=str(error))
        # What the gate refused comes back as yt-dlp's own "Unable to download", if at all: the last refusal says why.
        if self._barred:
            state, reason = self._barred[-1]
            return AttemptResult(state, error=reason)
        return failure_of(error)

    def _open(self) -> Any:
        if self._session is None:
            # Imported here: half a second, and only a fetch of web sources needs it.
            from curate.fetching import handlers, ytdlp

            rules = handlers.RequestRules(allow_private=self._settings.allow_private, barred=self._barred)
            options = ytdlp.options(
                self._settings, cookies=self._cookies, refuse=self._refuse, watch=self._watch, logger=_SilentLogger()
            )
            self._session = ytdlp.GuardedYoutubeDL(options, rules, plugins=self._settings.plugins)
            if self._settings.plugins:
                self._sites = Sites(_extractors)
            if self._gate is not None:
                self._gate.let_through([proxy for name, proxy in self._session.proxies.items() if name != "no"])
            for extractor in self._sites.all():
                self._session.add_info_extractor(extractor)
        return self._session

    def _refuse(self, info: dict[str, Any], *, incomplete: Any = False) -> str | None:
        refusal = _refusal(info, self._settings, complete=not incomplete) if self._limits else None
        if refusal is not None:
            self._refusals.append(refusal)
            return refusal[1]
        video = named_video(info.get("extractor_key") or info.get("extractor"), info.get("id"))
        if self._limits and not incomplete and video in self._videos_fetched:
            raise _Known(video)
        return None

    def _watch(self, status: dict[str, Any]) -> None:
        # `max_filesize` trusts the Content-Length, which a host may leave out or understate: bytes are counted as they
        # come.
        received_bytes = status.get("downloaded_bytes") or 0
        if received_bytes > self._settings.max_bytes:
            raise _TooLarge(f"{received_bytes} bytes came, over max_bytes = {self._settings.max_bytes}")


def guarded_session(
    settings: FetchSettings, *, cookies: str | None, videos: frozenset[SiteVideo] = frozenset()
) -> Session:
    """Confine this process with a gate, for good, and return its session."""
    gate = Gate(allow_private=settings.allow_private)
    gate.close()
    return Session(settings, cookies=cookies, gate=gate, videos=videos)


def _videos(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the infos of all videos at an address, those in nested playlists included."""
    if "entries" in info:
        return [video for entry in info["entries"] or [] if entry for video in _videos(entry)]
    return [info]


def _refusal(info: dict[str, Any], settings: FetchSettings, *, complete: bool) -> tuple[State, str] | None:
    # Asked twice: first of a page (incomplete: live or several videos), then of the chosen format, once its duration,
    # size and number of streams are known.
    if (info.get("n_entries") or 1) > 1:
        return State.UNSUPPORTED, "several videos lie at this address; list each by its own"
    status = info.get("live_status")
    if info.get("is_live") or status in ("is_live", "is_upcoming", "post_live"):
        return State.LIVE, f"a live stream that is not over yet ({status or 'is_live'})"
    if not complete:
        return None
    if len(info.get("requested_formats") or ()) > 1:
        return State.UNSUPPORTED, "`format` of [fetch] takes several streams, which are not put together: name one"
    seconds = info.get("duration")
    if seconds and seconds > settings.max_seconds:
        return State.TOO_LONG, f"{seconds:.0f} s > max_seconds = {settings.max_seconds:g}"
    size = info.get("filesize")
    if size and size > settings.max_bytes:
        return State.TOO_LARGE, f"{size} bytes > max_bytes = {settings.max_bytes}"
    return None
