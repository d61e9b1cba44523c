"""Remove sources everywhere: write down what will be removed, delete the files, then the rows of the catalog.

A killed takedown is finished by the next one: every step can be repeated.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.release import tables
from curate.release.figures import SHEET
from curate.release.list_only import RELEASE_SUMS
from curate.release.rebuild import REBUILT
from curate.release.release import release
from slateboard.addresses import public_address, scrub
from slateboard.canonical import canonical
from slateboard.catalog.backup import forget_backups
from slateboard.catalog.catalog import Catalog
from slateboard.catalog.reviews import forget_decisions
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.files import atomic_write, digest, flush_folder, write_text
from slateboard.paths import inside
from slateboard.records.release import FINGERPRINTS, Release, Takedown
from slateboard.records.source import Source
from slateboard.sums import SUMS
from slateboard.workspace import Workspace

NOTICE = "TAKEN_DOWN.md"
LINK_ROT = "*link_rot.*"
"""Files that `slateboard curate check-links` writes into the workspace: they hold addresses."""
_NAMES_MEDIA = ("croissant.json", f"figures/{SHEET}", RELEASE_SUMS)
"""Files of a version that show frames or hold hashes of removed files."""


def sources_named(sources: Sequence[Source], name: str) -> list[Source]:
    """Return the sources with this id, address or line number, and all that share their file or address.

    Raises SlateboardError where there is none.
    """
    # Ids and addresses first, then line numbers: an id of twelve hex digits may consist of digits alone.
    matches = [source for source in sources if name == source.source_id or canonical(name) == canonical(source.url)]
    matches = matches or [source for source in sources if name.isdigit() and source.line == int(name)]
    if not matches:
        names = [source.source_id for source in sources] + [public_address(source.url) for source in sources]
        raise SlateboardError(
            f"No source '{name}': give its id, its line in the list or its address. {did_you_mean(name, names[:1000])}"
        )
    # Until nothing is added: line 3 has the file of line 5 under another address, line 5 the address of line 8.
    while True:
        media = {source.media_id for source in matches if source.media_id}
        urls = {canonical(source.url) for source in matches}
        alike = [source for source in sources if source.media_id in media or canonical(source.url) in urls]
        if len(alike) == len(matches):
            return alike
        matches = alike


def plan_takedown(workspace: Workspace, catalog: Catalog, sources: Sequence[Source], *, reason: str) -> Takedown:
    """Return what taking down these sources would remove; nothing is changed."""
    ids = {source.source_id for source in sources}
    media_ids = {source.media_id for source in sources if source.media_id}
    clips = [clip for clip in catalog.clips() if clip.source_id in ids or clip.media_id in media_ids]
    trimmed = Counter(clip.source_id for clip in clips if clip.state == "trimmed")
    # The same footage in other files is named for a person to look at (`alike`), not removed: whoever asked may own one
    # upload and not the other. With the pairs (a, b) and (b, c), taking down a names b; c is named once b goes.
    pairs = [{pair.first, pair.second} for pair in catalog.duplicates()]
    alike_media = {media_id for pair in pairs if pair & media_ids for media_id in pair} - media_ids
    return Takedown(
        takedown_id=digest(sorted(ids), length=12),
        at=datetime.now(UTC).replace(microsecond=0),
        reason=scrub(reason, root=workspace.root),
        sources={source_id: trimmed[source_id] for source_id in sorted(ids)},
        media={source.media_id: source.path for source in catalog.media_of(media_ids).values()},
        clips={clip.clip_id: clip.path or "" for clip in clips},
        versions=tuple(sorted(folder.name for folder in _folders(workspace) if _names_any(folder, ids))),
        alike=tuple(source.source_id for source in catalog.sources() if source.media_id in alike_media),
    )


@dataclass(frozen=True)
class TakedownResult:
    """The version that was written after a takedown, or why there is none."""

    version: str | None
    """The new version, without the removed sources; None where none was due or possible."""
    problem: str | None
    """Why no version could be written; the sources are removed all the same."""


def take_down(workspace: Workspace, catalog: Catalog, plan: Takedown) -> TakedownResult:
    """Remove all that a plan names, and write the next version if any version held it."""
    # Order: the plan is on disk before the first deletion and marked as done after the last, so that a kill at any
    # point leaves a plan that the next takedown finishes.
    record = inside(workspace.takedowns, f"{plan.takedown_id}.json")
    plan.write(record)
    for version in plan.versions:
        _strip(workspace, version, plan)
    for folder in _recreatable_folders(workspace):
        shutil.rmtree(folder, ignore_errors=True)
    for table in workspace.root.glob(LINK_ROT):
        table.unlink()
    for relative in [*plan.clips.values(), *plan.media.values()]:
        if relative:
            workspace.file(relative).unlink(missing_ok=True)
    for media_id in plan.media:
        shutil.rmtree(workspace.observations / media_id, ignore_errors=True)
    for source_id in plan.sources:
        for download in (workspace.media / ".incoming").glob(f"{escape(source_id)}*"):
            download.unlink()
    catalog.take_down([row for row in catalog.sources() if row.source_id in plan.sources], reason=plan.reason)
    forget_backups(workspace.catalog)
    forget_decisions(workspace.reviews, lambda row: row.clip_id in plan.clips or row.media_id in plan.media)
    result = _next_version(workspace, catalog) if plan.versions else TakedownResult(None, None)
    for version in plan.versions:
        write_text(workspace.releases / version / NOTICE, _notice(workspace, plan))
    plan.model_copy(update={"done": True}).write(record)
    return result


def _next_version(workspace: Workspace, catalog: Catalog) -> TakedownResult:
    try:
        report = release(workspace, catalog)
    except SlateboardError as error:
        # Too little may be left: a class with a single group cannot be divided.
        return TakedownResult(None, str(error))
    return TakedownResult(report.version if report else workspace.versions()[-1], None)


def unfinished_takedowns(workspace: Workspace) -> list[Takedown]:
    """Return takedowns that were interrupted."""
    return [takedown for takedown in workspace.taken_down() if not takedown.done]


def _recreatable_folders(workspace: Workspace) -> list[Path]:
    """Return folders that may show the sources and can be made again: board, rebuilt releases, unfinished versions."""
    return [workspace.board, workspace.root / REBUILT, *workspace.releases.glob(".*.part")]


def _folders(workspace: Workspace) -> list[Path]:
    """Return the folders of versions and lists, also of those that a takedown has invalidated."""
    return [
        path.parent for path in workspace.releases.glob(f"*/{tables.CLIPS}") if not path.parent.name.startswith(".")
    ]


def _names_any(folder: Path, source_ids: set[str]) -> bool:
    release_tables = tables.read_tables(folder)
    named = (release_tables.clips, release_tables.sources, release_tables.previous_split)
    return any(source_ids & set(table["source_id"]) for table in named)


def _strip(workspace: Workspace, version: str, plan: Takedown) -> None:
    """Remove the sources from one version: its sums first, since without them it is no release; clips.parquet last."""
    folder = workspace.releases / version
    (folder / SUMS).unlink(missing_ok=True)
    write_text(folder / NOTICE, _notice(workspace, plan))
    flush_folder(folder)
    # Videos are removed before their rows in clips.parquet: a kill in between leaves rows by which the next attempt
    # finds the videos that are still there. The other way round they would be files that nothing names.
    clips = tables.read_tables(folder).clips
    is_removed = clips["clip_id"].isin(list(plan.clips)) | clips["source_id"].isin(list(plan.sources))
    for path in clips["path"][is_removed]:
        inside(folder, path).unlink(missing_ok=True)
    for name in _NAMES_MEDIA:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(workspace.stores / _key(folder), ignore_errors=True)
    _strip_tables(folder, plan, clip_ids={*plan.clips, *clips["clip_id"][is_removed]})
    tables.write_clips(folder, clips[~is_removed].reset_index(drop=True))


def _key(folder: Path) -> str:
    record = Release.read(folder / tables.RECIPE)
    return f"{record.name}-{record.version}"


def _strip_tables(folder: Path, plan: Takedown, *, clip_ids: set[str]) -> None:
    """Remove rows from every table but clips.parquet, by which a repeated takedown knows what is still to be done."""
    removed = {"clip_id": clip_ids, "source_id": {*plan.sources}, "media_id": {*plan.media}}
    # duplicates.csv names its media `first` and `second`.
    removed["first"] = removed["second"] = removed["media_id"]
    for name in ("effects.csv", "sources.csv", "originals.csv", "duplicates.csv"):
        if (folder / name).is_file():
            table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
            write_text(folder / name, _without_removed(table, removed).to_csv(index=False, lineterminator="\n"))
    for name in (tables.ORIGINALS, tables.PREVIOUS_SPLIT, tables.PREVIOUS_SPLIT_OLD_NAME):
        if (folder / name).is_file():
            with atomic_write(folder / name) as temporary:
                _without_removed(pd.read_parquet(folder / name), removed).to_parquet(temporary, index=False)
    if (folder / FINGERPRINTS).is_file():
        table = pq.read_table(folder / FINGERPRINTS)
        is_removed = pc.is_in(table["clip_id"], value_set=pa.array(sorted(clip_ids), pa.string()))
        with atomic_write(folder / FINGERPRINTS) as temporary:
            pq.write_table(table.filter(pc.invert(is_removed)), temporary)


def _without_removed(table: pd.DataFrame, removed: dict[str, set[str]]) -> pd.DataFrame:
    for column in set(table.columns) & removed.keys():
        table = table[~table[column].isin(list(removed[column]))]
    return table


def _notice(workspace: Workspace, plan: Takedown) -> str:
    versions = workspace.versions()
    newest = f"Use {versions[-1]}." if versions else "No version holds what is left yet."
    return (
        "# Taken down\n\n"
        "This folder is no release any more: it held something that was removed on request.\n\n"
        f"{newest}\n\n"
        f"Removed on {plan.at.date().isoformat()}, reason: {plan.reason}\n"
        + "".join(f"- source {source_id}: {clips} clips\n" for source_id, clips in plan.sources.items())
    )
