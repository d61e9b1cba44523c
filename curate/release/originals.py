"""Find the originals that a release was cut from: by content hash, else fetched anew and known by their pictures."""

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
from slateboard.addresses import public, scrubbed
from slateboard.catalog.catalog import Catalog, opened
from slateboard.files import sha256_of
from slateboard.media.frames_hash import frames_sha256
from slateboard.paths import Inside
from slateboard.progress import progress
from slateboard.records.source import Source, State
from slateboard.settings import Settings
from slateboard.workspace import Workspace

CHANGED = "changed"
"""State of a source whose address now gives other pictures."""


@dataclass(frozen=True)
class Lost:
    """An original that is not to be had, and why."""

    source_id: str
    state: str
    """A state of sources, or `changed`."""
    reason: str


@dataclass(frozen=True)
class Originals:
    """What was found."""

    paths: dict[str, Path]
    """Media id -> a file with these bytes or, failing that, with these pictures."""
    lost: dict[str, Lost]
    """Media id -> why there is none."""
    other_bytes: tuple[str, ...]
    """Ids of media whose bytes differ from the released ones, with the same pictures."""


def find_originals(
    tables: Tables, *, workspace: Workspace, scratch: Path, down: frozenset[str], wanted: frozenset[str]
) -> Originals:
    """Look for the `wanted` originals in the workspace, then at their addresses.

    Downloads lie in `scratch`, an ordinary workspace of its own, so that a killed search goes on where it was.
    Sources whose id is in `down` were taken down here: they are neither looked for nor fetched.
    """
    paths: dict[str, Path] = {}
    lost: dict[str, Lost] = {}
    to_fetch: list[Source] = []
    without = {row["source_id"] for row in tables.sources.to_dict("records") if row.get(WITHHELD)}
    by_media: dict[str, list[Source]] = {}
    for row in tables.sources.to_dict("records"):
        by_media.setdefault(row["media_id"], []).append(_source(row))
    for media_id in sorted(wanted & by_media.keys()):
        sources = by_media[media_id]
        name = sources[0].source_id
        if any(source.source_id in down for source in sources):
            lost[media_id] = Lost(name, State.TAKEN_DOWN, "taken down in this workspace")
        elif (found := _here(workspace, media_id, sources)) is not None:
            paths[media_id] = found
        elif web := [source for source in sources if source.is_web]:
            to_fetch += web[:1]
        else:
            lost[media_id] = Lost(name, State.MISSING, f"{public(sources[0].url)} is not there, or is another file")
    for media_id in sorted(wanted - paths.keys() - lost.keys() - {source.media_id for source in to_fetch}):
        lost[media_id] = Lost("", State.ERROR, "sources.csv of the release names no source of this file")
    found_here = Originals(paths, lost, ())
    done = _with_downloads(tables, found_here, to_fetch, scratch, _settings(workspace)) if to_fetch else found_here
    return replace(done, lost={media_id: _explained(one, without) for media_id, one in done.lost.items()})


def _explained(one: Lost, without: Collection[str]) -> Lost:
    """Return why an original is not to be had, with what helps where its address was not published whole."""
    reason = scrubbed(one.reason)
    if one.source_id in without and one.state != State.TAKEN_DOWN:
        reason += (
            f"{'; ' if reason else ''}its address was published without login, signature or folder, so that it needs "
            "credentials, or the file itself: list it whole in sources.csv here, and fetch it before"
        )
    return replace(one, reason=reason)


def _source(row: dict[Any, Any]) -> Source:
    return Source(
        source_id=row["source_id"], line=1, url=row["url"], label=row["label"], media_id=row["media_id"] or None
    )


def _here(workspace: Workspace, media_id: str, sources: Sequence[Source]) -> Path | None:
    """Return a file of the workspace with these bytes: in media/, or where a local source points."""
    known = Inside(workspace.root)
    local = [workspace.root / one.url for one in sources if not one.is_web and not known.fault(one.url)]
    for path in [*sorted(workspace.media.glob(f"{escape(media_id)}.*")), *local]:
        if path.is_file() and sha256_of(path) == media_id:
            return path
    return None


def _settings(workspace: Workspace) -> Settings:
    settings = workspace.settings.fetch
    # The path of the cookies file is relative to the workspace; downloads are made from another folder.
    cookies = str((workspace.root / settings.cookies).resolve()) if settings.cookies else ""
    return workspace.settings.model_copy(update={"fetch": settings.model_copy(update={"cookies": cookies})})


def _with_downloads(
    tables: Tables, found: Originals, sources: Sequence[Source], scratch: Path, settings: Settings
) -> Originals:
    """Fetch sources anew; bytes decide, and where they differ the decoded frames do."""
    pictures = _pictures(tables.originals)
    paths, lost, other = dict(found.paths), dict(found.lost), []
    wanted = {source.source_id: source.media_id or "" for source in sources}
    with _downloads(scratch, sources, settings) as catalog:
        media = {one.media_id: scratch / one.path for one in catalog.media()}
        shown = _shown([media[name] for name in sorted(media.keys() - pictures.keys())])
        for source in catalog.sources():
            media_id = wanted.get(source.source_id)
            if media_id is None:
                continue
            path = media.get(source.media_id or "")
            if path is None:
                lost[media_id] = Lost(source.source_id, source.state, source.reason or "")
            elif source.media_id == media_id:
                paths[media_id] = path
            elif pictures.get(media_id) and shown.get(path) == pictures[media_id]:
                paths[media_id] = path
                other.append(media_id)
            else:
                lost[media_id] = Lost(source.source_id, CHANGED, "the address gives other pictures now")
    return Originals(paths, lost, tuple(sorted(other)))


@contextmanager
def _downloads(scratch: Path, sources: Sequence[Source], settings: Settings) -> Iterator[Catalog]:
    """Fetch what is not there yet into the scratch workspace, and give its catalog."""
    scratch.mkdir(parents=True, exist_ok=True)
    with opened(scratch / "catalog.db") as catalog:
        catalog.list_sources(
            [source.model_copy(update={"line": line, "media_id": None}) for line, source in enumerate(sources, start=1)]
        )
        waiting = [source for source in catalog.sources() if source.media_id is None]
        with progress("fetch anew", len(waiting), unit="sources") as bar:
            for _ in fetch(waiting, root=scratch, ledger=catalog, settings=settings.fetch, limits=settings.limits):
                bar.step()
        yield catalog


def _pictures(originals: pd.DataFrame) -> dict[str, str]:
    pairs = zip(originals["media_id"], originals["frames_sha256"], strict=True)
    return {media_id: pictures for media_id, pictures in pairs if pictures}


def _shown(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the hash of the pictures of files that nobody here has seen; those that a decoder falls over have none."""
    hashes = engine.run(frames_sha256, paths)
    return {path: pictures for path, pictures in hashes if not isinstance(pictures, engine.Failure)}
