"""One try in a process of its own: bring an address to disk, keep the file under its hash, look at its first frame."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from curate.fetching import provenance
from curate.fetching.endings import ending
from curate.fetching.outcome import Outcome
from curate.fetching.pacing import Job
from curate.fetching.web import Session, guarded_session
from slateboard.files import flush_folder, sha256_of, whole
from slateboard.media.errors import Unreadable
from slateboard.media.probe import probe
from slateboard.paths import lies_in
from slateboard.records.source import State
from slateboard.settings import Fetch, Limits

RESUMED = (State.NETWORK, State.RATE_LIMITED, State.TRUNCATED)
"""States whose part file is kept: the next attempt goes on where it ends."""

_UNSURE = (State.BLOCKED, State.NOT_VIDEO, State.CORRUPT, State.UNSUPPORTED, State.ERROR)
"""States of a file asked for directly that yt-dlp might better: a page with a player bears a video's ending, too."""


class Downloader:
    """Downloads web addresses with one session and takes over local files; called in a process of `crawl`."""

    def __init__(
        self,
        root: Path,
        incoming: Path,
        settings: Fetch,
        limits: Limits,
        *,
        cookies: str | None,
        allow_local: bool = False,
    ) -> None:
        self._root, self._incoming, self._cookies = root, incoming, cookies
        self._allow_local = allow_local
        self._settings, self._limits = settings, limits
        self._session: Session | None = None

    def __call__(self, job: Job) -> Outcome:
        """Try once; a file that is no video, or over a limit, is not kept."""
        if self._session is None:
            self._session = guarded_session(self._settings, cookies=self._cookies)
        if not job.host:
            return self._taken_over(self._root / job.url, job.url)
        if self._session.is_file(job.url):
            outcome = self._brought(self._session, job, directly=True)
            if outcome.state not in _UNSURE:
                return outcome
        return self._brought(self._session, job, directly=False)

    def _brought(self, session: Session, job: Job, *, directly: bool) -> Outcome:
        outcome = session.download(job.url, self._incoming / job.stem, directly=directly)
        if outcome.file is not None:
            outcome = self._kept(outcome.file, outcome)
        clear(self._incoming, job, outcome)
        return outcome

    def _kept(self, file: Path, outcome: Outcome) -> Outcome:
        looked = self._looked_at(file, outcome)
        if looked.media is None:
            return looked
        seconds, most = looked.media.header_duration_s, self._settings.max_seconds
        if seconds is not None and seconds > most:
            # The site had not said how long it is.
            return Outcome(State.TOO_LONG, error=f"{seconds:.0f} s > max_seconds = {most:g}")
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(self._root / looked.media.path)
        flush_folder(self._root / "media")
        return looked

    def _taken_over(self, path: Path, told: str) -> Outcome:
        if not (self._allow_local or lies_in(path, [self._root])):
            return Outcome(State.UNSUPPORTED, error=f"{path.name} lies outside the workspace: fetch --allow-local")
        if not path.is_file():
            return Outcome(State.MISSING, error=f"{path.name} is not there")
        source = provenance.of_path(told, bytes_=path.stat().st_size, at=datetime.now(UTC))
        looked = self._looked_at(path, Outcome(State.FETCHED, provenance=source))
        if looked.media is not None:
            target = self._root / looked.media.path
            if not target.is_file() or sha256_of(target) != looked.media.media_id:
                with whole(target) as temporary:
                    shutil.copyfile(path, temporary)
        return looked

    def _looked_at(self, file: Path, outcome: Outcome) -> Outcome:
        media_id = sha256_of(file)
        try:
            probed = probe(file, media_id=media_id, relative=f"media/{media_id}", limits=self._limits)
        except Unreadable as error:
            return Outcome(error.state, error=str(error))
        media = probed.model_copy(update={"path": f"media/{media_id}{ending(file.name, probed.container)}"})
        return replace(outcome, file=self._root / media.path, media=media)


def clear(incoming: Path, job: Job, outcome: Outcome) -> None:
    """Remove what a try left in the folder of downloads, unless the next one goes on from there."""
    if outcome.state not in RESUMED:
        for leftover in incoming.glob(f"{escape(job.stem)}.*"):
            leftover.unlink()
