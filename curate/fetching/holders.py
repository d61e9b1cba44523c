"""Which source holds which file and window: the same window of the same file is held once, by the earlier line."""

from collections.abc import Collection, Iterable
from typing import Protocol

from curate.fetching.streams import stream_conflict
from slateboard.canonical import SiteVideo
from slateboard.records.source import BROUGHT, Source, State
from slateboard.scripts import quoted

WindowOfVideo = tuple[float, float | None]
"""Start and end in seconds; None: the video's end."""

_NAMELESS = ("generic", "local")
"""Extractors whose id is the name of a file, which another video may bear."""


class SourceTable(Protocol):
    """The catalog, as far as duplicates need it."""

    def sources(self, *states: State) -> list[Source]:
        """Return sources of these states."""

    def set_states(self, sources: list[Source]) -> None:
        """Record a change of state that no attempt made."""


class Holders:
    """The sources that have files, by file and window."""

    def __init__(self, brought: Iterable[Source]) -> None:
        self._sources = list(brought)
        self._by_window: dict[tuple[str, WindowOfVideo], Source] = {}
        self._by_file: dict[str, list[Source]] = {}
        for source in self._sources:
            if source.media_id is not None:
                self.add(source, source.media_id)

    def sources(self) -> list[Source]:
        """Return the sources that had files at first, in the order of the list."""
        return self._sources

    def of_file(self, media_id: str) -> list[Source]:
        """Return the sources that hold a window of the file."""
        return self._by_file.get(media_id, [])

    def add(self, source: Source, media_id: str) -> Source:
        """Return the source that holds its window of the file: itself where no other did."""
        holder = self._by_window.setdefault((media_id, window_of(source)), source)
        if holder is source:
            self._by_file.setdefault(media_id, []).append(source)
        return source if holder.source_id == source.source_id else holder

    def replace(self, source: Source, media_id: str) -> None:
        """Let a source hold its window of the file in place of another."""
        self._by_window[media_id, window_of(source)] = source
        self._by_file.setdefault(media_id, []).append(source)


def window_of(source: Source) -> WindowOfVideo:
    """Return the window of a source: none at all and one from 0 s are the same."""
    return source.start_s or 0.0, source.end_s


def same_as(holder: Source, source: Source) -> str:
    """Return the reason of a duplicate, with both labels where they differ."""
    reason = f"same file and window as line {holder.line} ({holder.url})"
    if holder.label == source.label:
        return reason
    return f"{reason}, labelled {quoted(holder.label)} there, not {quoted(source.label)}"


def video_of(source: Source) -> SiteVideo | None:
    """Return yt-dlp's extractor and id of the video that a source gave; None where they tell no video from another."""
    provenance = source.provenance or {}
    extractor, video_id = provenance.get("extractor"), provenance.get("id")
    return named_video(extractor, video_id)


def named_video(extractor: object, video_id: object) -> SiteVideo | None:
    """Return an extractor and an id as a video; None where the id is only the name of a file."""
    if not isinstance(extractor, str) or not isinstance(video_id, str) or extractor.lower() in _NAMELESS:
        return None
    return SiteVideo(extractor, video_id) if extractor and video_id else None


def settle_duplicates(table: SourceTable, *, unlisted: Collection[str] = ()) -> list[Source]:
    """Give each duplicate whose window no source holds the state of the source that has its file; return those.

    An older version called every second address of a file a duplicate, whatever its window. Reasons that name other
    lines or labels than the list has now are written anew. Sources of the ids `unlisted` stay as they are.
    """
    duplicates = [source for source in table.sources(State.DUPLICATE) if source.source_id not in unlisted]
    if not duplicates:
        return []
    brought = table.sources(*BROUGHT)
    holders = Holders(brought)
    by_file = {source.media_id: source for source in reversed(brought)}
    changed, freed = [], []
    for source in duplicates:
        if source.media_id not in by_file:
            continue
        media_id = source.media_id or ""
        if conflict := stream_conflict([source], holders.of_file(media_id)):
            settled = source.model_copy(update={"state": State.UNSUPPORTED, "reason": conflict})
        elif (holder := holders.add(source, media_id)) is source:
            holding = by_file[source.media_id]
            settled = source.model_copy(update={"state": holding.state, "reason": holding.reason})
            freed.append(settled)
        else:
            settled = source.model_copy(update={"reason": same_as(holder, source)})
        if settled != source:
            changed.append(settled)
    table.set_states(changed)
    return freed
