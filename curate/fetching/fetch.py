"""Fetch all sources that want it: each ends in one state, each try is a row, each file lies once in media/."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from curate.fetching import web
from curate.fetching.crawl import Event, crawl
from curate.fetching.download import Downloader, clear
from curate.fetching.outcome import Outcome
from curate.fetching.pacing import Job, Left, Plan
from slateboard.addresses import identity
from slateboard.errors import BadInput, Problem
from slateboard.files import PART
from slateboard.paths import Inside
from slateboard.records.media import Media
from slateboard.records.source import BROUGHT, Attempt, Source, State
from slateboard.settings import Fetch, Limits
from slateboard.workers.outcome import Budget

INCOMING = ".incoming"
"""Folder in media/ where downloads grow."""
COOKIES = "SLATEBOARD_FETCH__COOKIES"
"""Variable of the environment: what it names a person of this machine chose."""


_TAKEN_DOWN = "what it shows was taken down here on request"


class Ledger(Protocol):
    """What fetching needs of the catalog."""

    def sources(self, *states: State) -> list[Source]:
        """Return sources of these states."""

    def standing(self) -> list[tuple[State, str, str]]:
        """Return (state, label, url) of every source."""

    def media_of(self, media_ids: Collection[str]) -> dict[str, Media]:
        """Return media id -> file, of those that there are."""

    def tried(self, source: Source, attempts: Sequence[Attempt], media: Media | None) -> None:
        """Record what became of a source."""

    def set_states(self, sources: Sequence[Source]) -> None:
        """Record a change of state that no attempt made."""


def fetch(
    sources: list[Source],
    *,
    root: Path,
    ledger: Ledger,
    settings: Fetch,
    limits: Limits,
    refused: Collection[str] = (),
    left_alone: Callable[[Left], None] | None = None,
    allow_local: bool = False,
) -> Iterator[Source]:
    """Fetch sources and yield each in its new state once it is recorded, in the order in which they end.

    Sources of one address share one download, whatever logins and signatures theirs bear: the one that is listed last
    is asked for, since signatures are renewed. Another address with the same bytes becomes a `duplicate`.
    `refused` are ids of files that were taken down: such a file is not kept, whatever its address, nor is an address
    asked for that was taken down. What is not asked for, because its host refuses us as a whole, keeps its
    state and is told to `left_alone`, host by host. Attempts are recorded as they are made, states when a source is
    settled: after a kill the next run goes on with what was not. Local files outside `root` are taken only with
    `allow_local`, be it that a link leads there.
    """
    by_url: dict[str, list[Source]] = {}
    for source in sorted(sources, key=lambda source: source.line):
        by_url.setdefault(identity(source.url), []).append(source)
    settling = _Settling(refused, root, ledger, settings)
    for url in settling.down(by_url):
        yield from settling.settled(by_url.pop(url), Outcome(State.TAKEN_DOWN, error=_TAKEN_DOWN), None)
    for url, other in settling.here(by_url).items():
        yield from settling.shared(by_url.pop(url), other)
    incoming = root / "media" / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    for part in (root / "media").glob(f".*{PART}"):
        # A copy that a kill cut off.
        part.unlink()
    plan = Plan([Job(group[-1].url, group[0].host, group[0].source_id) for group in by_url.values()], settings=settings)
    for event in _events(plan, root, incoming, settings, limits, allow_local):
        if event.outcome.final:
            # Its process was ended and could not clear up.
            clear(incoming, event.job, event.outcome)
        group = by_url[identity(event.job.url)]
        attempt = (datetime.now(UTC), event.outcome) if event.attempted else None
        if event.settled:
            yield from settling.settled(group, event.outcome, attempt)
        elif attempt is not None:
            settling.attempted(group, attempt)
    for left in plan.left():
        if left_alone is not None:
            left_alone(left)
    if not any(incoming.iterdir()):
        incoming.rmdir()


def _events(
    plan: Plan, root: Path, incoming: Path, settings: Fetch, limits: Limits, allow_local: bool
) -> Iterator[Event]:
    cookies = read_cookies(root, settings)
    download = Downloader(root, incoming, settings, limits, cookies=cookies, allow_local=allow_local)
    budget = Budget(wall_seconds=settings.try_seconds, memory_bytes=limits.memory_bytes)
    return crawl(plan, ask=download, workers=settings.workers, budget=budget)


def read_cookies(root: Path, settings: Fetch) -> str | None:
    """Return the text of the cookies file that the settings name, None if they name none.

    slateboard.toml may be somebody's, and its cookies go to the hosts of a list: it may name a file of the workspace.
    Any other file is named by the environment.
    """
    if not settings.cookies:
        return None
    path = root / settings.cookies
    if settings.cookies != os.environ.get(COOKIES) and (fault := Inside(root).fault(settings.cookies)):
        raise BadInput(
            [
                Problem(
                    f"[fetch] cookies: {settings.cookies}",
                    f"{fault}.",
                    "Put the file into the workspace, or name it by the environment: "
                    f"`export {COOKIES}=/path/to/cookies.txt`.",
                )
            ]
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Problem(f"[fetch] cookies: {path}", f"cannot be read ({error}).", "Correct it.")]) from None
    if "HTTP Cookie File" not in text.partition("\n")[0]:
        what = "its first line is not '# Netscape HTTP Cookie File'."
        raise BadInput([Problem(f"[fetch] cookies: {path}", what, "Export it in the Netscape format.")])
    return text


class _Settling:
    """Gives sources their states and records them."""

    def __init__(
        self,
        refused: Collection[str],
        root: Path,
        ledger: Ledger,
        settings: Fetch,
    ) -> None:
        self._refused, self._root, self._ledger, self._settings = refused, root, ledger, settings

    @cached_property
    def _known(self) -> dict[str, Source]:
        """Media id -> first source that brought it; read only when it matters: a second for 100,000 sources."""
        fetched = reversed(self._ledger.sources(*BROUGHT))
        return {source.media_id: source for source in fetched if source.media_id is not None}

    def down(self, urls: Collection[str]) -> list[str]:
        """Return those of these addresses that were taken down with another piece of the same video."""
        down = {identity(url) for state, _, url in self._ledger.standing() if state == State.TAKEN_DOWN}
        return [url for url in urls if url in down]

    def here(self, urls: Collection[str]) -> dict[str, Source]:
        """Return address -> a source of it that was fetched before, where its file still lies in media/."""
        standing = self._ledger.standing()
        fetched = {identity(url) for state, _, url in standing if state == State.FETCHED}.intersection(urls)
        others = [source for source in self._known.values() if identity(source.url) in fetched] if fetched else []
        media = self._ledger.media_of([source.media_id or "" for source in others])
        there = {media_id for media_id, one in media.items() if (self._root / one.path).is_file()}
        return {identity(source.url): source for source in others if source.media_id in there}

    def shared(self, group: Sequence[Source], other: Source) -> Iterator[Source]:
        """Give sources the file that an earlier fetch of the same address brought."""
        for source in group:
            taken = {name: getattr(other, name) for name in ("state", "media_id", "provenance")}
            settled = source.model_copy(update={**taken, "reason": None, "again_at": None})
            self._ledger.set_states([settled])
            yield settled

    def attempted(self, group: Sequence[Source], attempt: tuple[datetime, Outcome]) -> None:
        """Record an attempt after which another follows."""
        for source in group:
            self._ledger.tried(source, [_attempt(source, *attempt)], None)

    def settled(
        self, group: Sequence[Source], outcome: Outcome, attempt: tuple[datetime, Outcome] | None
    ) -> Iterator[Source]:
        """Record how sources of one address ended, with the attempt that ended them if there was one."""
        if outcome.media is not None and outcome.media.media_id in self._refused:
            (self._root / outcome.media.path).unlink(missing_ok=True)
            outcome = Outcome(State.TAKEN_DOWN, error=_TAKEN_DOWN)
        found = self._found(group, outcome)
        for source in group:
            settled = source.model_copy(update=_still_missing(source, outcome, found))
            attempts = [_attempt(source, *attempt)] if attempt is not None else []
            self._ledger.tried(settled, attempts, outcome.media)
            yield settled

    def _found(self, group: Sequence[Source], outcome: Outcome) -> dict[str, Any]:
        """Return the fields that change; of two addresses with the same bytes the earlier line keeps the file."""
        found: dict[str, Any] = {"state": outcome.state, "reason": outcome.error, "again_at": None}
        if outcome.media is None:
            if outcome.state == State.RATE_LIMITED:
                asked = outcome.retry_after_seconds
                seconds = self._settings.rest_seconds if asked is None else asked
                found["again_at"] = datetime.now(UTC) + timedelta(seconds=seconds)
            return found
        media_id = outcome.media.media_id
        found |= {"media_id": media_id, "provenance": outcome.provenance}
        broken = self._broken(media_id)
        if broken is not None:
            return {**found, "state": broken.state, "reason": broken.reason}
        first = self._known.setdefault(media_id, group[0])
        if identity(first.url) == identity(group[0].url):
            return found
        # Which of both ended first is chance, and so is where a run was killed; once analysed, nothing changes hands.
        if first.line < group[0].line or self._ledger.media_of([media_id])[media_id].frames is not None:
            return {**found, "state": State.DUPLICATE, "reason": _same_as(first)}
        self._known[media_id] = group[0]
        second = {"state": State.DUPLICATE, "reason": _same_as(group[0])}
        holders = self._ledger.sources(State.FETCHED, State.DUPLICATE)
        self._ledger.set_states([one.model_copy(update=second) for one in holders if one.media_id == media_id])
        return found

    def _broken(self, media_id: str) -> Source | None:
        """Return a source for whose file, which came again byte for byte, the analysis has said what is wrong."""
        media = {} if media_id in self._known else self._ledger.media_of([media_id])
        if media_id not in media or media[media_id].frames is None:
            return None
        failed = self._ledger.sources(State.TRUNCATED, State.CORRUPT, State.NOT_VIDEO)
        return next((source for source in failed if source.media_id == media_id), None)


def _still_missing(source: Source, outcome: Outcome, found: dict[str, Any]) -> dict[str, Any]:
    """Return what changes of a source; one whose lost original was not to be had again may still get it back."""
    lost = source.state == State.MISSING and source.media_id is not None
    if not lost or outcome.media is not None or outcome.state in (State.MISSING, State.TAKEN_DOWN):
        return found
    reason = f"its file is not in media/, and asking again ended in {outcome.state}: {outcome.error}"
    return {**found, "state": State.MISSING, "reason": reason}


def _same_as(first: Source) -> str:
    return f"same file as line {first.line} ({first.url})"


def _attempt(source: Source, at: datetime, outcome: Outcome) -> Attempt:
    tool = web.TOOL if source.is_web else "slateboard"
    return Attempt(source_id=source.source_id, at=at, state=outcome.state, error=outcome.error, tool=tool)
