"""Find the originals that a release was cut from: by content hash, else fetched anew and compared by decoded frames."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any

import pandas as pd

from curate.fetching.fetch import fetch
from curate.release.tables import WITHHELD, Tables
from slateboard import engine
from slateboard.addresses import public_address, scrub
from slateboard.canonical import canonical
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.files import sha256_of
from slateboard.media.frames_hash import frames_sha256
from slateboard.paths import Inside
from slateboard.progress import progress
from slateboard.records.source import Source, State
from slateboard.settings import Settings
from slateboard.workspace import Workspace

CHANGED = "changed"
"""State of a source whose address now gives another video."""


@dataclass(frozen=True)
class LostOriginal:
    """An original that could not be recovered, with the reason."""

    source_id: str
    state: str
    """A state of sources, or `changed`."""
    reason: str


@dataclass(frozen=True)
class Originals:
    """Originals that were found, and those that were not."""

    paths: dict[str, Path]
    """Media id -> a file with the same bytes or, failing that, with the same decoded frames."""
    lost: dict[str, LostOriginal]
    """Media id -> why there is none."""
    other_bytes: tuple[str, ...]
    """Media ids of files with other bytes than the released original and the same decoded frames."""


def find_originals(tables: Tables, *, workspace: Workspace, scratch: Path, media_ids: frozenset[str]) -> Originals:
    """Look for the originals of `media_ids` in the workspace, then at their addresses.

    Downloads lie in `scratch`, a workspace of its own, so that a killed search continues where it was. What was taken
    down here is neither looked for nor fetched, by whichever source and address.
    """
    paths: dict[str, Path] = {}
    lost: dict[str, LostOriginal] = {}
    to_fetch: dict[str, list[Source]] = {}
    taken_down = {name for takedown in workspace.taken_down() for name in (*takedown.sources, *takedown.media)}
    # In this order: taken down here; a file of this workspace; its web addresses; else lost, with the reason.
    shortened_ids = {row["source_id"] for row in tables.sources.to_dict("records") if row.get(WITHHELD)}
    sources_by_media: dict[str, list[Source]] = {}
    streams = _chosen_streams(tables.originals)
    for row in tables.sources.to_dict("records"):
        sources_by_media.setdefault(row["media_id"], []).append(_source(row, streams.get(row["media_id"])))
    for media_id in sorted(media_ids & sources_by_media.keys()):
        sources = sources_by_media[media_id]
        name = sources[0].source_id
        if media_id in taken_down or any(source.source_id in taken_down for source in sources):
            lost[media_id] = LostOriginal(name, State.TAKEN_DOWN, "taken down in this workspace")
        elif (path := _local_file(workspace, media_id, sources)) is not None:
            paths[media_id] = path
        elif web_sources := {canonical(source.url): source for source in reversed(sources) if source.is_web}:
            to_fetch[media_id] = list(reversed(web_sources.values()))
        else:
            lost[media_id] = LostOriginal(
                name, State.MISSING, f"{public_address(sources[0].url)} is not there, or is another file"
            )
    for media_id in sorted(media_ids - paths.keys() - lost.keys() - to_fetch.keys()):
        lost[media_id] = LostOriginal("", State.ERROR, "sources.csv of the release names no source of this file")
    originals = Originals(paths, lost, ())
    # The first address of each; then the second one of those that it did not give, and so on.
    while to_fetch:
        first_sources = [sources[0] for sources in to_fetch.values()]
        originals = _with_downloads(tables, originals, first_sources, scratch, _settings(workspace))
        alternatives = {media_id: sources[1:] for media_id, sources in to_fetch.items() if media_id in originals.lost}
        to_fetch = {media_id: sources for media_id, sources in alternatives.items() if sources}
    lost = {media_id: _with_remedy(original, shortened_ids) for media_id, original in originals.lost.items()}
    return replace(originals, lost=lost)


def _with_remedy(lost_original: LostOriginal, shortened_ids: Collection[str]) -> LostOriginal:
    """Return a lost original, with a remedy in its reason where its address was published shortened."""
    reason = scrub(lost_original.reason)
    if lost_original.source_id in shortened_ids and lost_original.state != State.TAKEN_DOWN:
        reason += (
            f"{'; ' if reason else ''}its address was published without login, signature or folder, so that it needs "
            "credentials, or the file itself: list it whole in sources.csv here, and fetch it before"
        )
    return replace(lost_original, reason=reason)


def _source(row: dict[Any, Any], stream: int | None) -> Source:
    media_id = row["media_id"] or None
    return Source(
        source_id=row["source_id"], line=1, url=row["url"], label=row["label"], media_id=media_id, stream=stream
    )


def _chosen_streams(originals: pd.DataFrame) -> dict[str, int]:
    """Return media id -> stream, of originals in which several would do; older releases do not say."""
    if "stream" not in originals:
        return {}
    several = originals[(originals["video_streams"] > 1) & (originals["stream"] >= 0)]
    return {str(row["media_id"]): int(row["stream"]) for row in several.to_dict("records")}


def _local_file(workspace: Workspace, media_id: str, sources: Sequence[Source]) -> Path | None:
    """Return a file of the workspace with the hash `media_id`: in media/, or where a local source points; else None."""
    # A local url of a stranger's sources.csv is followed inside the workspace only.
    boundary = Inside(workspace.root)
    local_paths = [
        workspace.root / source.url for source in sources if not source.is_web and not boundary.fault(source.url)
    ]
    for path in [*sorted(workspace.media.glob(f"{escape(media_id)}.*")), *local_paths]:
        if path.is_file() and sha256_of(path) == media_id:
            return path
    return None


def _settings(workspace: Workspace) -> Settings:
    settings = workspace.settings.fetch
    # The path of the cookies file is relative to the workspace; downloads are made from another folder.
    cookies = str((workspace.root / settings.cookies).resolve()) if settings.cookies else ""
    return workspace.settings.model_copy(update={"fetch": settings.model_copy(update={"cookies": cookies})})


def _with_downloads(
    tables: Tables, earlier: Originals, sources: Sequence[Source], scratch: Path, settings: Settings
) -> Originals:
    """Fetch sources anew; a download is the original if its bytes are the same, else if its decoded frames are."""
    # A host may pack the same H.264 stream into another MP4: other bytes, the same frames, so the same cuts.
    pictures = _frame_hashes(tables.originals)
    paths, lost, other_bytes = dict(earlier.paths), dict(earlier.lost), list(earlier.other_bytes)
    media_by_source = {source.source_id: source.media_id or "" for source in sources}
    for asked_again in media_by_source.values():
        lost.pop(asked_again, None)
    with _downloads(scratch, sources, settings) as catalog:
        media = {original.media_id: scratch / original.path for original in catalog.media()}
        streams = {scratch / original.path: original.stream for original in catalog.media()}
        new_files = [media[name] for name in sorted(media.keys() - pictures.keys())]
        frame_hashes = _hash_frames([(path, streams[path]) for path in new_files])
        for source in catalog.sources():
            media_id = media_by_source.get(source.source_id)
            if media_id is None:
                continue
            path = media.get(source.media_id or "")
            if path is None:
                lost[media_id] = LostOriginal(source.source_id, source.state, source.reason or "")
            elif source.media_id == media_id:
                paths[media_id] = path
            elif pictures.get(media_id) and frame_hashes.get(path) == pictures[media_id]:
                paths[media_id] = path
                other_bytes.append(media_id)
            else:
                lost[media_id] = LostOriginal(source.source_id, CHANGED, "the address gives other pictures now")
    return Originals(paths, lost, tuple(sorted(other_bytes)))


@contextmanager
def _downloads(scratch: Path, sources: Sequence[Source], settings: Settings) -> Iterator[Catalog]:
    """Fetch the sources that the scratch workspace lacks, and yield its catalog."""
    scratch.mkdir(parents=True, exist_ok=True)
    with open_catalog(scratch / "catalog.db") as catalog:
        asked_ids = {source.source_id for source in sources}
        earlier = [source for source in catalog.sources() if source.source_id not in asked_ids]
        asked = [source.model_copy(update={"media_id": None}) for source in sources]
        numbered = enumerate([*earlier, *asked], start=1)
        catalog.list_sources([source.model_copy(update={"line": line}) for line, source in numbered])
        waiting = [source for source in catalog.sources() if source.media_id is None and source.source_id in asked_ids]
        with progress("fetch anew", len(waiting), unit="sources") as bar:
            for _ in fetch(waiting, root=scratch, ledger=catalog, settings=settings.fetch, limits=settings.limits):
                bar.step()
        yield catalog


def _frame_hashes(originals: pd.DataFrame) -> dict[str, str]:
    pairs = zip(originals["media_id"], originals["frames_sha256"], strict=True)
    return {media_id: pictures for media_id, pictures in pairs if pictures}


def _hash_frames(files: Sequence[tuple[Path, int]]) -> dict[Path, str]:
    """Return path -> hash of the decoded frames, for (path, stream), without files that do not decode."""
    hashes = engine.run(_frames_hash, files)
    return {file[0]: pictures for file, pictures in hashes if not isinstance(pictures, engine.Failure)}


def _frames_hash(file: tuple[Path, int]) -> str:
    path, stream = file
    return frames_sha256(path, stream=stream)
