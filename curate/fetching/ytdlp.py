"""yt-dlp as configured here: its options, our request handler, its downloaders that can be bounded, no plug-ins."""

import io
from collections.abc import Callable
from typing import Any

import yt_dlp
from yt_dlp.downloader import get_suitable_downloader
from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.f4m import F4mFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.downloader.ism import IsmFD
from yt_dlp.globals import plugin_dirs

from curate.fetching.formats import format_expression
from curate.fetching.handlers import RequestRules, handler
from curate.fetching.resuming import PartFile, remove_fragments
from slateboard.records.source import State
from slateboard.settings import FetchSettings

# The progress hook runs after each read: yt-dlp's own 1 KiB costs a small file a tenth of its time.
_FIRST_READ_BYTES = 64 * 1024
# Two entries are enough to see that an address names several videos.
_ENTRIES = "1:2"

_DOWNLOADERS = (HttpFD, HlsFD, DashSegmentsFD, F4mFD, IsmFD)
"""Those that use our request handler; the others run ffmpeg or rtmpdump, or speak other protocols."""

_NO_PROGRAM = "/nonexistent/ffmpeg"
"""Where yt-dlp looks for ffmpeg, which would ask for segments by itself and take a playlist for a video."""


class GuardedYoutubeDL(yt_dlp.YoutubeDL):  # type: ignore[misc]
    """One session. The extractors are added by the caller: yt-dlp sorts them anew for each, 60 ms each time."""

    def __init__(self, options: dict[str, Any], rules: RequestRules, *, plugins: bool) -> None:
        self._rules = rules
        self._part: PartFile | None = None
        # Global in yt-dlp, and read when a session is made; its configuration files are the command line's alone.
        plugin_dirs.value = ["default"] if plugins else []
        super().__init__(options, auto_init=False)

    def build_request_director(self, _: Any, __: Any = None) -> Any:
        """Use our handler alone, whatever others are installed."""
        return super().build_request_director([handler(self._rules)])

    def dl(self, name: str, info: dict[str, Any], subtitle: bool = False, test: bool = False) -> Any:
        """Download, if the stream's protocol has a downloader that can be bounded; resume what is the same file."""
        downloader = get_suitable_downloader(info, self.params)
        if downloader not in _DOWNLOADERS:
            protocol = info.get("protocol") or "unknown"
            self._rules.bar(State.UNSUPPORTED, f"its stream ({protocol}) needs another program, which is not started")
        is_one_file = downloader is HttpFD
        if not is_one_file:
            remove_fragments(name)
        # Fragments have no validators: one that broke off is asked for from its beginning.
        self.params["continuedl"] = is_one_file
        self._part = PartFile(name) if is_one_file else None
        try:
            return super().dl(name, info, subtitle, test)
        finally:
            self._part = None

    def urlopen(self, request: Any) -> Any:
        """Send a request; one for a file of which a part lies here is answered with the rest of that very file."""
        if self._part is None:
            return super().urlopen(request)
        return self._part.open(request, super().urlopen)

    def _forceprint(self, key: str, info: Any) -> Any:
        """Leave out the tables that `--print` could ask for: two fifths of the time of a small file."""
        return info


def options(
    settings: FetchSettings,
    *,
    cookies: str | None,
    refuse: Callable[..., str | None],
    watch: Callable[[dict[str, Any]], None],
    logger: Any,
) -> dict[str, Any]:
    """Return the options of a session."""
    parameters: dict[str, Any] = {
        "format": format_expression(settings),
        "socket_timeout": settings.timeout_seconds,
        "sleep_interval_requests": settings.sleep_requests_seconds,
        "max_filesize": settings.max_bytes,
        "match_filter": refuse,
        "progress_hooks": [watch],
        "playlist_items": _ENTRIES,
        "noplaylist": True,
        "skip_unavailable_fragments": False,
        "fragment_retries": 3,
        "file_access_retries": 3,
        # Our own attempts ask the site anew after a wait, and resume the part file.
        "retries": 0,
        "extractor_retries": 0,
        "buffersize": _FIRST_READ_BYTES,
        # Bytes stay as they were served, and no process is started.
        "fixup": "never",
        "ffmpeg_location": _NO_PROGRAM,
        "hls_prefer_native": True,
        # The day of a plain file, which nothing else tells.
        "updatetime": True,
        "noprogress": True,
        "quiet": True,
        "no_warnings": True,
        "color": "never",
        "logger": logger,
        "cachedir": False,
    }
    if settings.proxy:
        parameters["proxy"] = settings.proxy
    if cookies is not None:
        # A copy of its own: yt-dlp writes the cookies file when it closes, each session over the other's.
        parameters["cookiefile"] = io.StringIO(cookies)
    return parameters
