"""Fetch sources: each ends in one state, each attempt is a row of the catalog, each file lies once in media/."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypedDict, cast

from curate.fetching import web
from curate.fetching.attempt import AttemptResult, Provenance
from curate.fetching.cookies import read_cookies
from curate.fetching.crawl import AttemptEvent, crawl
from curate.fetching.download import Downloader, clear
from curate.fetching.holders import Holders, named_video, same_as, video_of, window_of
from curate.fetching.pacing import AbandonedHost, FetchRequest, RequestQueue, next_run_at
from curate.fetching.streams import asked_stream, stream_conflict, stream_note
from slateboard.canonical import SiteVideo, canonical
from slateboard.files import PART
from slateboard.records.media import Media
from slateboard.records.source import BROUGHT, Attempt, Source, State
from slateboard.settings import FetchSettings, Limits
from slateboard.workers.outcome import Budget

INCOMING = ".incoming"
"""Folder in media/ where downloads grow."""
_TAKEN_DOWN = "what it shows was taken down here on request"


class Ledger(Protocol):
    """Interface of the catalog, as far as fetching needs it."""

    def sources(self, *states: State) -> list[Source]:
        """Return sources of these states."""

    def standing(self) -> list[tuple[State, str, str]]:
        """Return (state, label, url) of every source."""

    def media_of(self, media_ids: Collection[str]) -> dict[str, Media]:
        """Return media id -> file, of those that exist."""

    def tried(self, source: Source, attempts: Sequence[Attempt], media: Media | None) -> None:
        """Record the new state of a source, its attempts and its file."""

    def set_states(self, sources: Sequence[Source]) -> None:
        """Record a change of state that no attempt made."""

    def forget_pictures(self, media_ids: Collection[str]) -> int:
        """Let files be probed and analysed anew."""


class _Changes(TypedDict, total=False):
    """Fields of a source that an attempt changes."""

    state: State
    reason: str | None
    again_at: datetime | None
    media_id: str
    provenance: Provenance | None


def fetch(
    sources: list[Source],
    *,
    root: Path,
    ledger: Ledger,
    settings: FetchSettings,
    limits: Limits,
    refused: Collection[str] = (),
    on_abandoned: Callable[[AbandonedHost], None] | None = None,
    allow_local: bool = False,
) -> Iterator[Source]:
    """Fetch sources and yield each in its new state once it is recorded, in the order in which they end.

    Sources of one video share one download, however its address is written: known before it by the address or by the id
    that yt-dlp finds, else by the bytes. Each window of a file is a source of its own; another source of the same
    window becomes a `duplicate`. `refused` are ids of files that were taken down: such a file is not kept, whatever its
    address, nor is an address asked for that was taken down. Sources of a host that refuses us as a whole keep their
    state; the host is passed to `on_abandoned`. Attempts are recorded as they are made, states when a source is
    settled: after a kill the next run goes on with what was not. Local files outside `root`, symbolic links followed,
    are taken only with `allow_local`.
    """
    groups = group_by_address(sources)
    recorder = _StateRecorder(refused, root, ledger, settings)
    for address in recorder.taken_down(groups):
        yield from recorder.settle(groups.pop(address), AttemptResult(State.TAKEN_DOWN, error=_TAKEN_DOWN), None)
    for address, holder in recorder.already_fetched(groups).items():
        yield from recorder.share_file(groups.pop(address), holder)
    incoming = root / "media" / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    for copy in (root / "media").glob(f".*{PART}"):
        copy.unlink()  # A kill cut it off.
    queue = request_queue(groups, settings)
    videos = recorder.learn_videos() if any(queue.hosts()) else frozenset()
    for event in _events(queue, root, incoming, settings, limits, allow_local, videos):
        if event.result.final:
            # Its process was killed and could not clear up.
            clear(incoming, event.request, event.result)
        yield from recorder.record(groups[canonical(event.request.url)], event)
    for host in queue.abandoned_hosts():
        if on_abandoned is not None:
            on_abandoned(host)
    if not any(incoming.iterdir()):
        incoming.rmdir()


def group_by_address(sources: Iterable[Source]) -> dict[str, list[Source]]:
    """Return canonical address -> its sources in the order of the list."""
    # https://host/a.mp4?X-Amz-Signature=1 and HTTPS://host:443/a.mp4?utm_source=b are one address: one download.
    groups: dict[str, list[Source]] = {}
    for source in sorted(sources, key=lambda source: source.line):
        groups.setdefault(canonical(source.url), []).append(source)
    return groups


def request_queue(groups: Mapping[str, Sequence[Source]], settings: FetchSettings) -> RequestQueue:
    """Return a queue with one request for each address; of several urls the last is asked for: signatures expire."""
    requests = [
        FetchRequest(group[-1].url, group[0].host, group[0].source_id, asked_stream(group)) for group in groups.values()
    ]
    return RequestQueue(requests, settings=settings)


def _events(
    queue: RequestQueue,
    root: Path,
    incoming: Path,
    settings: FetchSettings,
    limits: Limits,
    allow_local: bool,
    videos: frozenset[SiteVideo],
) -> Iterator[AttemptEvent]:
    cookies = read_cookies(root, settings)
    download = Downloader(root, incoming, settings, limits, cookies=cookies, allow_local=allow_local, videos=videos)
    budget = Budget(wall_seconds=settings.try_seconds, memory_bytes=limits.memory_bytes)
    return crawl(queue, attempt=download, workers=settings.workers, budget=budget)


class _StateRecorder:
    """Gives sources their states and records them."""

    def __init__(self, refused: Collection[str], root: Path, ledger: Ledger, settings: FetchSettings) -> None:
        self._refused, self._root, self._ledger, self._settings = refused, root, ledger, settings
        self._videos: dict[SiteVideo, Source] = {}
        """Videos that yt-dlp named and whose files lie in media/, each with a source that brought it."""

    @cached_property
    def _holders(self) -> Holders:
        """The sources that have files; read only when it matters: a second for 100,000 sources."""
        return Holders(self._ledger.sources(*BROUGHT))

    def taken_down(self, addresses: Collection[str]) -> list[str]:
        """Return those addresses that were taken down with another clip of the same video."""
        taken_down = {canonical(url) for state, _, url in self._ledger.standing() if state == State.TAKEN_DOWN}
        return [address for address in addresses if address in taken_down]

    def already_fetched(self, addresses: Collection[str]) -> dict[str, Source]:
        """Return address -> a source of it that was fetched before, where its file still lies in media/."""
        standing = self._ledger.standing()
        fetched = {canonical(url) for state, _, url in standing if state == State.FETCHED}.intersection(addresses)
        holders = [source for source in self._holders.sources() if canonical(source.url) in fetched] if fetched else []
        return {canonical(source.url): source for source in self._on_disk(reversed(holders))}

    def learn_videos(self) -> frozenset[SiteVideo]:
        """Return the videos that yt-dlp named and whose files lie in media/."""
        named = [(video_of(source), source) for source in reversed(self._holders.sources())]
        sources = {video: source for video, source in named if video is not None}
        on_disk = {source.source_id for source in self._on_disk(sources.values())}
        self._videos = {video: source for video, source in sources.items() if source.source_id in on_disk}
        return frozenset(self._videos)

    def _on_disk(self, sources: Iterable[Source]) -> list[Source]:
        sources = list(sources)
        media = self._ledger.media_of({source.media_id or "" for source in sources})
        present = {media_id for media_id, original in media.items() if (self._root / original.path).is_file()}
        return [source for source in sources if source.media_id in present]

    def share_file(self, group: Sequence[Source], holder: Source, *, at: datetime | None = None) -> Iterator[Source]:
        """Give sources the file that an earlier fetch of the same video brought; `at`: when they were asked for."""
        conflict = stream_conflict(group, self._holders.of_file(holder.media_id or ""))
        if conflict is None and asked_stream(group) not in (None, holder.stream):
            self._ledger.forget_pictures([holder.media_id or ""])
        for source in group:
            state = holder.state if conflict is None else State.UNSUPPORTED
            changes: _Changes = {"state": state, "reason": conflict, "again_at": None}
            changes |= {"media_id": holder.media_id or "", "provenance": cast(Provenance | None, holder.provenance)}
            settled = source.model_copy(update=dict(self._placed(source, changes)))
            attempts = [_attempt(source, at, AttemptResult(State.FETCHED))] if at is not None else []
            self._ledger.tried(settled, attempts, None)
            yield settled

    def record(self, group: Sequence[Source], event: AttemptEvent) -> Iterator[Source]:
        """Record an event of the sources of one address; yield them if it settles them."""
        at = datetime.now(UTC) if event.attempted else None
        if event.settled and (holder := self._holder_of_video(event.result)) is not None:
            yield from self.share_file(group, holder, at=at)
        elif event.settled:
            yield from self.settle(group, event.result, at)
        elif at is not None:
            for source in group:
                self._ledger.tried(source, [_attempt(source, at, event.result)], None)

    def _holder_of_video(self, result: AttemptResult) -> Source | None:
        """Return a source that has the video of a result under another address, or None; a second file is not kept."""
        if result.fetched_video is not None:
            return self._videos[result.fetched_video]
        if result.media is None or result.provenance is None:
            return None
        video = named_video(result.provenance["extractor"], result.provenance.get("id"))
        holder = self._videos.get(video) if video is not None else None
        if holder is None or holder.media_id == result.media.media_id:
            return None
        # Both were asked for at once, and the site packed the second one anew.
        if not self._holders.of_file(result.media.media_id):
            (self._root / result.media.path).unlink(missing_ok=True)
        return holder

    def settle(self, group: Sequence[Source], result: AttemptResult, at: datetime | None) -> Iterator[Source]:
        """Record how sources of one address ended, and the attempt that ended them, made `at`, if there was one."""
        if result.media is not None and result.media.media_id in self._refused:
            (self._root / result.media.path).unlink(missing_ok=True)
            result = AttemptResult(State.TAKEN_DOWN, error=_TAKEN_DOWN)
        changes = self._changes(group, result)
        for source in group:
            placed = self._placed(source, changes)
            settled = source.model_copy(update=dict(_still_missing(source, result, placed)))
            attempts = [_attempt(source, at, result)] if at is not None else []
            self._ledger.tried(settled, attempts, result.media)
            if settled.state == State.FETCHED and (video := video_of(settled)) is not None:
                self._videos.setdefault(video, settled)
            yield settled

    def _changes(self, group: Sequence[Source], result: AttemptResult) -> _Changes:
        """Return the fields that change for all sources of one address."""
        again_at = None
        if result.media is None:
            again_at = next_run_at(result, settings=self._settings, now=datetime.now(UTC))
        changes = _Changes(state=result.state, reason=result.error, again_at=again_at)
        if result.media is None:
            return changes
        media_id = result.media.media_id
        changes = {**changes, "media_id": media_id, "provenance": result.provenance}
        if conflict := stream_conflict(group, self._holders.of_file(media_id)):
            return {**changes, "state": State.UNSUPPORTED, "reason": conflict}
        notes = (stream_note(result.media, asked_stream(group)), result.note)
        changes["reason"] = "; ".join(note for note in notes if note) or result.error
        damaged = self._damaged_source(media_id)
        return changes if damaged is None else {**changes, "state": damaged.state, "reason": damaged.reason}

    def _placed(self, source: Source, changes: _Changes) -> _Changes:
        """Return the changes of one source: of two with the same file and window the earlier line keeps them."""
        if changes["state"] not in BROUGHT or not (media_id := changes.get("media_id")):
            return changes
        holder = self._holders.add(source, media_id)
        if holder is source:
            return changes
        # Lines 3 and 8 have the same bytes. Which ends first is chance, and so is where a run was killed: line 3 gets
        # the file, even if 8 brought it. Once it is analysed (`frames` is known), nothing changes hands any more.
        original = self._ledger.media_of([media_id]).get(media_id)
        if holder.line < source.line or (original is not None and original.frames is not None):
            return {**changes, "state": State.DUPLICATE, "reason": same_as(holder, source)}
        self._holders.replace(source, media_id)
        sharers = [
            sharer.model_copy(update={"state": State.DUPLICATE, "reason": same_as(source, sharer)})
            for sharer in self._ledger.sources(State.FETCHED, State.DUPLICATE)
            if sharer.media_id == media_id and window_of(sharer) == window_of(source)
        ]
        self._ledger.set_states([sharer for sharer in sharers if sharer.source_id != source.source_id])
        return changes

    def _damaged_source(self, media_id: str) -> Source | None:
        """Return a source whose file has the same bytes and was found damaged by the analysis, or None."""
        media = {} if self._holders.of_file(media_id) else self._ledger.media_of([media_id])
        if media_id not in media or media[media_id].frames is None:
            return None
        failed = self._ledger.sources(State.TRUNCATED, State.CORRUPT, State.NOT_VIDEO)
        return next((source for source in failed if source.media_id == media_id), None)


def _still_missing(source: Source, result: AttemptResult, changes: _Changes) -> _Changes:
    """Return the changes of a source; it stays `missing` if its lost original could not be fetched again."""
    is_lost = source.state == State.MISSING and source.media_id is not None
    if not is_lost or result.media is not None or result.state in (State.MISSING, State.TAKEN_DOWN):
        return changes
    reason = f"its file is not in media/, and asking again ended in {result.state}: {result.error}"
    return {**changes, "state": State.MISSING, "reason": reason}


def _attempt(source: Source, at: datetime, result: AttemptResult) -> Attempt:
    tool = web.TOOL if source.is_web else "slateboard"
    return Attempt(source_id=source.source_id, at=at, state=result.state, error=result.error, tool=tool)
