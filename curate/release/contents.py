"""Gather what the next version holds from the catalog: nothing is written but the numbers of clips."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from curate.duplicates.groups import group_names
from curate.listing.labels import class_name, class_names
from curate.release import naming, tables
from curate.release.clip_files import for_each_clip
from curate.release.datasheet_questions import check_answers
from curate.release.publishing import Published
from slateboard import __version__
from slateboard.catalog.catalog import Catalog
from slateboard.dataset import dataset_sha256
from slateboard.engine import HERE, Place
from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.files import digest
from slateboard.media import ffmpeg
from slateboard.media.frames_hash import frames_sha256
from slateboard.records.clip import Clip, Effect
from slateboard.records.release import Release
from slateboard.records.source import Source, State
from slateboard.settings import Settings
from slateboard.workspace import Workspace

_FETCH = {"max_bytes", "max_seconds", "height", "format"}
"""Settings of fetching that decide which videos there are; the others are of a machine or a person."""


@dataclass(frozen=True)
class Contents:
    """All that a version is made of, before anything of it is written."""

    release: Release
    clips: pd.DataFrame
    originals: pd.DataFrame
    texts: dict[str, str]
    """File name -> text of the other tables."""
    shortened: int
    """Addresses that are given without login, signature or folder."""
    files: dict[str, Path]
    """Path in the release -> trimmed file."""

    def same_as(self, folder: Path) -> bool:
        """Does a version hold exactly this, but for its number and what it extends?"""
        stands = tables.read_tables(folder)
        here = {name: getattr(self.release, name) for name in ("version", "extends")}
        return (
            stands.release.model_copy(update=here) == self.release
            and _rows(stands.clips) == _rows(self.clips)
            and _rows(stands.originals) == _rows(self.originals)
            and all((folder / name).is_file() for name in self.texts)
            and all((folder / name).read_text("utf-8") == text for name, text in self.texts.items())
        )


def _rows(table: pd.DataFrame) -> str:
    return digest(table.astype(object).where(table.notna(), None).to_dict("records"))


def gather(
    workspace: Workspace, catalog: Catalog, *, version: str, style: naming.Naming, place: Place = HERE
) -> Contents:
    """Return the contents of a version: every trimmed clip, and the tables about them."""
    settings = workspace.settings
    check_answers(settings.release.answers)
    clips = catalog.clips("trimmed")
    if not clips:
        raise SlateboardError("No clip is trimmed yet. Run `slateboard curate trim` first.")
    listed = [_as_fetched(source) for source in catalog.sources()]
    sources = {source.source_id: source for source in listed}
    class_of = class_names({clip.label for clip in clips}, where="sources.csv")
    media_ids = {clip.media_id for clip in clips}
    duplicates = catalog.duplicates()
    groups = group_names(clips, sources, duplicates)
    clips.sort(
        key=lambda clip: (class_of[clip.label], groups[clip.clip_id], sources[clip.source_id].line, clip.first_frame)
    )
    effects = [effect for effect in catalog.effects() if effect.clip_id in groups]
    shown = [one for one in listed if one.state != State.TAKEN_DOWN]
    published = Published(shown, groups.values(), root=workspace.root)
    _restore_indices(workspace, catalog, published)
    paths = naming.paths(catalog, clips, class_of=class_of, groups=groups, naming=style)
    table = tables.clips_table(
        clips,
        paths=paths,
        groups=groups,
        frames_sha256=_pictures(workspace, clips, place=place),
        classes=tuple(class_of.values()),
        class_of=class_of,
        sources=sources,
        effects=_by_clip(effects),
        published=published,
    )
    duplicates = [pair for pair in duplicates if {pair.first, pair.second} <= media_ids]
    return Contents(
        release=_record(catalog, listed, settings, class_of, table, version=version, style=style),
        clips=table,
        originals=tables.originals_table([one for one in catalog.media() if one.media_id in media_ids]),
        texts={
            "effects.csv": tables.effects_text(effects),
            "sources.csv": tables.sources_text(shown, published),
            "duplicates.csv": tables.duplicates_text(duplicates),
            "takedowns.csv": tables.takedowns_text(workspace.taken_down()),
        },
        shortened=published.shortened,
        files={paths[clip.clip_id]: workspace.file(clip.path or "") for clip in clips},
    )


def _record(
    catalog: Catalog,
    listed: Sequence[Source],
    settings: Settings,
    class_of: Mapping[str, str],
    table: pd.DataFrame,
    *,
    version: str,
    style: naming.Naming,
) -> Release:
    classes = tuple(class_of.values())
    return Release(
        name=settings.name,
        version=version,
        title=settings.title,
        licence=settings.licence,
        naming=style,
        protocol=settings.release.protocol,
        classes=classes,
        labels=tuple(class_of),
        motion_pairs=_motion_pairs(settings, class_of),
        clips=len(table),
        left_out=_left_out(catalog, listed),
        dataset_sha256=dataset_sha256(classes, table),
        settings=_recipe(settings),
        tools=_tools(),
    )


def _restore_indices(workspace: Workspace, catalog: Catalog, published: Published) -> None:
    """Record the indices that versions assigned and that a catalog restored from a backup before them lacks.

    Costs the names in the newest version where the catalog has them, which is always but after such a restoration.
    """
    versions = workspace.versions()
    if not versions:
        return
    newest = _assigned_indices(workspace.releases / versions[-1], published)
    if catalog.has_indices([item for item, _, _ in newest]):
        return
    # Lists, and versions of which only their list is left, count too: an index is never assigned twice.
    for path in sorted(workspace.releases.glob(f"v*/{tables.RECIPE}")):
        catalog.restore_indices(_assigned_indices(path.parent, published))


def _assigned_indices(folder: Path, published: Published) -> list[tuple[str, str, int]]:
    style = Release.read(folder / tables.RECIPE).naming
    return naming.assigned_indices(tables.read_names(folder), style, group_of=published.original_group)


def _by_clip(effects: Sequence[Effect]) -> dict[str, list[Effect]]:
    found: dict[str, list[Effect]] = {}
    for effect in effects:
        found.setdefault(effect.clip_id, []).append(effect)
    return found


def _pictures(workspace: Workspace, clips: Sequence[Clip], *, place: Place) -> dict[str, str]:
    """Return clip id -> hash of decoded frames, from the proof; clips proved before it was part of that are decoded."""
    found = {clip.clip_id: str((clip.proof or {}).get("frames_sha256", "")) for clip in clips}
    missing = [clip for clip in clips if not found[clip.clip_id]]
    if not missing:
        return found
    files = {clip.clip_id: workspace.file(clip.path or "") for clip in missing}
    return found | for_each_clip(frames_sha256, files, place=place, title="hash", file_of=lambda file: file)


def _motion_pairs(settings: Settings, class_of: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    problems = [
        Problem("release.motion_pairs", f"no class {label!r}.", did_you_mean(label, class_of))
        for pair in settings.release.motion_pairs
        for label in pair
        if label not in class_of
    ]
    if problems:
        raise BadInput(problems)
    return tuple((class_name(one), class_name(other)) for one, other in settings.release.motion_pairs)


def _as_fetched(source: Source) -> Source:
    """Return a source as it counts for a release: an original that is away now was fetched, and its clips are cut."""
    if source.state != State.MISSING or source.media_id is None:
        return source
    return source.model_copy(update={"state": State.FETCHED, "reason": None, "again_at": None})


def _left_out(catalog: Catalog, listed: Sequence[Source]) -> dict[str, int]:
    sources = Counter(f"sources {source.state}" for source in listed if source.state != State.FETCHED)
    clips = {f"clips {state}": count for state, count in catalog.clip_counts().items() if state != "trimmed"}
    return dict(sorted({**sources, **clips}.items()))


def _recipe(settings: Settings) -> dict[str, Any]:
    """Return the settings that decide what a release holds; what is unset is left out, as in the file."""
    whole = settings.model_dump(mode="json", include={"analysers", "clips", "release", "split"}, exclude_none=True)
    return {"fetch": settings.fetch.model_dump(mode="json", include=_FETCH), **whole}


def _tools() -> dict[str, str]:
    names = ("yt-dlp", "scenedetect-headless", "av", "ffmpeg-python")
    return {
        "slateboard": __version__,
        **{name: metadata.version(name) for name in names},
        "ffmpeg": ffmpeg.version(),
    }
