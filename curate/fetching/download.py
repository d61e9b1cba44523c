"""One attempt, in a process of its own: download an address, name the file by its hash, probe its first frame."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from curate.fetching import provenance
from curate.fetching.attempt import AttemptResult
from curate.fetching.pacing import FetchRequest
from curate.fetching.suffixes import media_suffix
from curate.fetching.web import Session, guarded_session
from slateboard.canonical import SiteVideo
from slateboard.files import atomic_write, flush_folder, sha256_of
from slateboard.media.dynamic import dynamic_note
from slateboard.media.errors import Unreadable
from slateboard.media.probe import probe
from slateboard.paths import lies_in
from slateboard.records.source import State
from slateboard.settings import FetchSettings, Limits

RESUMED = (State.NETWORK, State.RATE_LIMITED, State.TRUNCATED)
"""States whose part file is kept: the next attempt resumes it."""

_UNSURE = (State.BLOCKED, State.NOT_VIDEO, State.CORRUPT, State.UNSUPPORTED, State.ERROR)
"""States of a direct download after which yt-dlp's extractors are tried: a player's page may end in .mp4, too."""


class Downloader:
    """Downloads web addresses with one session and takes over local files; called in a process of `crawl`."""

    def __init__(
        self,
        root: Path,
        incoming: Path,
        settings: FetchSettings,
        limits: Limits,
        *,
        cookies: str | None,
        allow_local: bool = False,
        videos: frozenset[SiteVideo] = frozenset(),
    ) -> None:
        self._root, self._incoming, self._cookies = root, incoming, cookies
        self._allow_local, self._videos_fetched = allow_local, videos
        self._settings, self._limits = settings, limits
        self._session: Session | None = None

    def __call__(self, request: FetchRequest) -> AttemptResult:
        """Make one attempt; a file that is not a video, or exceeds a limit, is not kept."""
        if self._session is None:
            self._session = guarded_session(self._settings, cookies=self._cookies, videos=self._videos_fetched)
        if not request.host:
            return self._copy_local(self._root / request.url, request)
        # Direct files save a request each; one that turns out to be a page with a player is asked for again by the slow
        # way, with yt-dlp's extractors.
        if self._session.is_file(request.url):
            result = self._download(self._session, request, directly=True)
            if result.state not in _UNSURE:
                return result
        return self._download(self._session, request, directly=False)

    def _download(self, session: Session, request: FetchRequest, *, directly: bool) -> AttemptResult:
        result = session.download(request.url, self._incoming / request.stem, directly=directly)
        if result.file is not None:
            result = self._keep(result.file, result, request.stream)
        clear(self._incoming, request, result)
        return result

    def _keep(self, file: Path, download: AttemptResult, stream: int | None) -> AttemptResult:
        result = self._probe(file, download, stream)
        if result.media is None:
            return result
        duration_s, max_seconds = result.media.header_duration_s, self._settings.max_seconds
        if duration_s is not None and duration_s > max_seconds:
            # The site had not said how long it is.
            return AttemptResult(State.TOO_LONG, error=f"{duration_s:.0f} s > max_seconds = {max_seconds:g}")
        # Bytes first, then the name, then the folder: after a power cut a name in media/ never stands for half a file.
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(self._root / result.media.path)
        flush_folder(self._root / "media")
        return result

    def _copy_local(self, path: Path, request: FetchRequest) -> AttemptResult:
        if not (self._allow_local or lies_in(path, [self._root])):
            return AttemptResult(
                State.UNSUPPORTED, error=f"{path.name} lies outside the workspace: fetch --allow-local"
            )
        if not path.is_file():
            return AttemptResult(State.MISSING, error=f"{path.name} is not there")
        source = provenance.of_path(request.url, bytes_=path.stat().st_size, at=datetime.now(UTC))
        looked = self._probe(path, AttemptResult(State.FETCHED, provenance=source), request.stream)
        if looked.media is not None:
            target = self._root / looked.media.path
            if not target.is_file() or sha256_of(target) != looked.media.media_id:
                with atomic_write(target) as temporary:
                    shutil.copyfile(path, temporary)
        return looked

    def _probe(self, file: Path, download: AttemptResult, stream: int | None) -> AttemptResult:
        # The name in media/ is the hash: two sources with the same bytes share a file, and a file that is there already
        # need not be copied.
        media_id = sha256_of(file)
        try:
            probed = probe(file, media_id=media_id, relative=f"media/{media_id}", limits=self._limits, stream=stream)
            note = dynamic_note(file, probed, limits=self._limits)
        except Unreadable as error:
            return AttemptResult(error.state, error=str(error))
        media = probed.model_copy(update={"path": f"media/{media_id}{media_suffix(file.name, probed.container)}"})
        return replace(download, file=self._root / media.path, media=media, note=note)


def clear(incoming: Path, request: FetchRequest, result: AttemptResult) -> None:
    """Remove what an attempt left in the folder of downloads, unless the next one resumes it."""
    if result.state not in RESUMED:
        for leftover in incoming.glob(f"{escape(request.stem)}.*"):
            leftover.unlink()
