"""Remove sources everywhere: what is to go is written down first, then the files go, then the catalog forgets.

A takedown that is killed is carried to its end by the next one: every step finds what is left to do.
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
from slateboard.addresses import identity, public, scrubbed
from slateboard.catalog.backup import forget_backups
from slateboard.catalog.catalog import Catalog
from slateboard.catalog.reviews import forget
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.files import digest, flush_folder, whole, write_text
from slateboard.paths import inside
from slateboard.records.release import FINGERPRINTS, Release, Takedown
from slateboard.records.source import Source
from slateboard.sums import SUMS
from slateboard.workspace import Workspace

NOTICE = "TAKEN_DOWN.md"
LINK_ROT = "*link_rot.*"
"""Files that `slateboard curate check-links` writes into the workspace: they hold addresses."""
_NAMES_MEDIA = ("croissant.json", f"figures/{SHEET}", RELEASE_SUMS)
"""Files of a version that show frames or hold hashes of files that are gone."""


def meant(sources: Sequence[Source], name: str) -> list[Source]:
    """Return the sources that a person means by an id, an address or a line, and all that share their file or address.

    Raises SlateboardError where there is none.
    """
    named = [one for one in sources if name == one.source_id or identity(name) == identity(one.url)]
    named = named or [one for one in sources if name.isdigit() and one.line == int(name)]
    if not named:
        known = [one.source_id for one in sources] + [public(one.url) for one in sources]
        raise SlateboardError(
            f"No source '{name}': give its id, its line in the list or its address. {did_you_mean(name, known[:1000])}"
        )
    media = {one.media_id for one in named if one.media_id}
    urls = {identity(one.url) for one in named}
    return [one for one in sources if one.media_id in media or identity(one.url) in urls]


def planned(workspace: Workspace, catalog: Catalog, sources: Sequence[Source], *, reason: str) -> Takedown:
    """Return what taking down these sources would remove; nothing is changed."""
    ids = {one.source_id for one in sources}
    media_ids = {one.media_id for one in sources if one.media_id}
    clips = [clip for clip in catalog.clips() if clip.source_id in ids or clip.media_id in media_ids]
    trimmed = Counter(clip.source_id for clip in clips if clip.state == "trimmed")
    pairs = [{pair.first, pair.second} for pair in catalog.duplicates()]
    near = {media_id for pair in pairs if pair & media_ids for media_id in pair} - media_ids
    return Takedown(
        takedown_id=digest(sorted(ids), length=12),
        at=datetime.now(UTC).replace(microsecond=0),
        reason=scrubbed(reason, root=workspace.root),
        sources={source_id: trimmed[source_id] for source_id in sorted(ids)},
        media={one.media_id: one.path for one in catalog.media_of(media_ids).values()},
        clips={clip.clip_id: clip.path or "" for clip in clips},
        versions=tuple(sorted(folder.name for folder in _folders(workspace) if _holds(folder, ids))),
        alike=tuple(one.source_id for one in catalog.sources() if one.media_id in near),
    )


@dataclass(frozen=True)
class Carried:
    """What a takedown left behind."""

    version: str | None
    """The version that was written from what is left; None where none was due or none could be."""
    problem: str | None
    """Why no version could be written from what is left: what was removed is removed all the same."""


def carry_out(workspace: Workspace, catalog: Catalog, plan: Takedown) -> Carried:
    """Remove all that a plan names and write the next version where one held it.

    The plan is on disk before the first deletion and marked as done after the last.
    """
    record = inside(workspace.takedowns, f"{plan.takedown_id}.json")
    plan.write(record)
    for version in plan.versions:
        _strip(workspace, version, plan)
    for path in _made_again(workspace):
        shutil.rmtree(path, ignore_errors=True)
    for table in workspace.root.glob(LINK_ROT):
        table.unlink()
    for relative in [*plan.clips.values(), *plan.media.values()]:
        if relative:
            workspace.file(relative).unlink(missing_ok=True)
    for media_id in plan.media:
        shutil.rmtree(workspace.observations / media_id, ignore_errors=True)
    for source_id in plan.sources:
        for part in (workspace.media / ".incoming").glob(f"{escape(source_id)}*"):
            part.unlink()
    catalog.take_down([one for one in catalog.sources() if one.source_id in plan.sources], reason=plan.reason)
    forget_backups(workspace.catalog)
    forget(workspace.reviews, lambda one: one.clip_id in plan.clips or one.media_id in plan.media)
    carried = _next_version(workspace, catalog) if plan.versions else Carried(None, None)
    for version in plan.versions:
        write_text(workspace.releases / version / NOTICE, _notice(workspace, plan))
    plan.model_copy(update={"done": True}).write(record)
    return carried


def _next_version(workspace: Workspace, catalog: Catalog) -> Carried:
    try:
        made = release(workspace, catalog)
    except SlateboardError as error:
        # What is left may be too little: a class of one group cannot be divided.
        return Carried(None, str(error))
    return Carried(made.version if made else workspace.versions()[-1], None)


def unfinished(workspace: Workspace) -> list[Takedown]:
    """Return takedowns that were interrupted."""
    return [one for one in workspace.taken_down() if not one.done]


def _made_again(workspace: Workspace) -> list[Path]:
    """Return folders that may show or name the sources and are made again at will, half-made versions included."""
    return [workspace.board, workspace.root / REBUILT, *workspace.releases.glob(".*.part")]


def _folders(workspace: Workspace) -> list[Path]:
    """Return the folders of versions and lists, those that are releases no more included."""
    return [
        path.parent for path in workspace.releases.glob(f"*/{tables.CLIPS}") if not path.parent.name.startswith(".")
    ]


def _holds(folder: Path, source_ids: set[str]) -> bool:
    found = tables.read_tables(folder)
    return bool(source_ids & {*found.clips["source_id"], *found.sources["source_id"], *found.former["source_id"]})


def _strip(workspace: Workspace, version: str, plan: Takedown) -> None:
    """Take the sources out of one version: its sums first, so that from then on it is no release; its tables last."""
    folder = workspace.releases / version
    (folder / SUMS).unlink(missing_ok=True)
    write_text(folder / NOTICE, _notice(workspace, plan))
    flush_folder(folder)
    clips = tables.read_tables(folder).clips
    gone = clips["clip_id"].isin(list(plan.clips)) | clips["source_id"].isin(list(plan.sources))
    for path in clips["path"][gone]:
        inside(folder, path).unlink(missing_ok=True)
    for name in _NAMES_MEDIA:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(workspace.stores / _key(folder), ignore_errors=True)
    _strip_tables(folder, plan, clip_ids={*plan.clips, *clips["clip_id"][gone]})
    tables.write_clips(folder, clips[~gone].reset_index(drop=True))


def _key(folder: Path) -> str:
    record = Release.read(folder / tables.RECIPE)
    return f"{record.name}-{record.version}"


def _strip_tables(folder: Path, plan: Takedown, *, clip_ids: set[str]) -> None:
    """Remove rows from every table but the one of the clips, which says what is left to do."""
    gone = {"clip_id": clip_ids, "source_id": {*plan.sources}, "media_id": {*plan.media}}
    gone["first"] = gone["second"] = gone["media_id"]
    for name in ("effects.csv", "sources.csv", "originals.csv", "duplicates.csv"):
        if (folder / name).is_file():
            table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
            write_text(folder / name, _kept(table, gone).to_csv(index=False, lineterminator="\n"))
    for name in (tables.ORIGINALS, tables.FORMER):
        if (folder / name).is_file():
            with whole(folder / name) as temporary:
                _kept(pd.read_parquet(folder / name), gone).to_parquet(temporary, index=False)
    if (folder / FINGERPRINTS).is_file():
        table = pq.read_table(folder / FINGERPRINTS)
        inside = pc.is_in(table["clip_id"], value_set=pa.array(sorted(clip_ids), pa.string()))
        with whole(folder / FINGERPRINTS) as temporary:
            pq.write_table(table.filter(pc.invert(inside)), temporary)


def _kept(table: pd.DataFrame, gone: dict[str, set[str]]) -> pd.DataFrame:
    for column in set(table.columns) & gone.keys():
        table = table[~table[column].isin(list(gone[column]))]
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
