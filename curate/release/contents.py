"""Gather the contents of the next version from the catalog; writes nothing but the indices of its clips there."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from curate.clips.listed_effects import check_labelled, known_effects
from curate.duplicates.groups import group_names
from curate.listing.labels import class_name, class_names
from curate.release import naming, tables
from curate.release.clip_files import for_each_clip
from curate.release.datasheet_questions import check_answers
from curate.release.publishing import PublicForms
from slateboard import __version__
from slateboard.catalog.catalog import Catalog
from slateboard.dataset import dataset_sha256
from slateboard.engine import HERE, Place
from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.files import digest
from slateboard.media import ffmpeg
from slateboard.media.frames_hash import frames_sha256
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Duplicate
from slateboard.records.release import Release
from slateboard.records.source import Source, State
from slateboard.settings import Settings
from slateboard.workspace import Workspace

_FETCH = {"max_bytes", "max_seconds", "height", "format"}
"""Settings of [fetch] that determine the videos; the others depend on the machine or the person."""


@dataclass(frozen=True)
class ReleaseContents:
    """All that a version is made of, before anything of it is written."""

    release: Release
    clips: pd.DataFrame
    originals: pd.DataFrame
    texts: dict[str, str]
    """File name -> text of the other tables."""
    shortened: int
    """Number of addresses published without their login, signature or folder."""
    files: dict[str, Path]
    """Path in the release -> trimmed file."""

    def same_as(self, folder: Path) -> bool:
        """Return whether a version holds the same, but for its number and the version that it extends."""
        # The numbers of versions differ always, and what a version extends depends on its number: both are set equal
        # first.
        existing = tables.read_tables(folder)
        identity = {name: getattr(self.release, name) for name in ("version", "extends")}
        return (
            existing.release.model_copy(update=identity) == self.release
            and _rows(existing.clips) == _rows(self.clips)
            and _rows(existing.originals) == _rows(self.originals)
            and all((folder / name).is_file() for name in self.texts)
            and all((folder / name).read_text("utf-8") == text for name, text in self.texts.items())
        )


def _rows(table: pd.DataFrame) -> str:
    return digest(table.astype(object).where(table.notna(), None).to_dict("records"))


def gather_contents(
    workspace: Workspace, catalog: Catalog, *, version: str, style: naming.Naming, place: Place = HERE
) -> ReleaseContents:
    """Return the contents of a version: every trimmed clip, and the tables about clips and sources."""
    settings = workspace.settings
    check_answers(settings.release.answers)
    clips = catalog.clips("trimmed")
    if not clips:
        raise SlateboardError("No clip is trimmed yet. Run `slateboard curate trim` first.")
    listed = known_effects(map(_as_fetched, catalog.sources()), name=workspace.sources.name)
    sources = {source.source_id: source for source in listed}
    class_of = class_names({clip.label for clip in clips}, where="sources.csv")
    groups = group_names(clips, sources, catalog.duplicates())
    # The order in which new clips get their indices: by class, group, line of the source, and time.
    clips.sort(key=lambda c: (class_of[c.label], groups[c.clip_id], sources[c.source_id].line, c.first_frame))
    effects = [effect for effect in catalog.effects() if effect.clip_id in groups]
    check_labelled(effects)
    published_sources = [item for item in listed if item.state != State.TAKEN_DOWN]
    forms = PublicForms(published_sources, groups.values(), root=workspace.root)
    _restore_indices(workspace, catalog, forms)
    paths = naming.clip_paths(catalog, clips, class_of=class_of, groups=groups, naming=style)
    table = tables.clips_table(
        clips,
        paths=paths,
        groups=groups,
        frames_sha256=_frame_hashes(workspace, clips, place=place),
        classes=tuple(class_of.values()),
        class_of=class_of,
        sources=sources,
        effects=_by_clip(effects),
        forms=forms,
    )
    media_ids = {clip.media_id for clip in clips}
    return ReleaseContents(
        release=_record(catalog, listed, settings, class_of, table, version=version, style=style),
        clips=table,
        originals=tables.originals_table([media for media in catalog.media() if media.media_id in media_ids]),
        texts={
            "effects.csv": tables.effects_text(effects),
            "sources.csv": tables.sources_text(published_sources, forms),
            "duplicates.csv": tables.duplicates_text(_duplicates_among(catalog, media_ids)),
            "takedowns.csv": tables.takedowns_text(workspace.taken_down()),
        },
        shortened=forms.shortened,
        files={paths[clip.clip_id]: workspace.file(clip.path or "") for clip in clips},
    )


def _duplicates_among(catalog: Catalog, media_ids: Collection[str]) -> list[Duplicate]:
    return [pair for pair in catalog.duplicates() if {pair.first, pair.second} <= set(media_ids)]


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


def _restore_indices(workspace: Workspace, catalog: Catalog, published: PublicForms) -> None:
    """Record indices that versions assigned and that the catalog lacks because it was restored from an older backup.

    Usually only the names of the newest version are read: if the catalog has those, it has all.
    """
    versions = workspace.versions()
    if not versions:
        return
    # An example: v1 gave Squat_1 to Squat_9, the catalog was restored from before v1, and the next clip would be
    # Squat_1 again, under whose name another clip was published.
    newest = _assigned_indices(workspace.releases / versions[-1], published)
    if catalog.has_indices([item for item, _, _ in newest]):
        return
    # Lists and invalidated versions count, too: an index is never assigned twice.
    for path in sorted(workspace.releases.glob(f"v*/{tables.RECIPE}")):
        catalog.restore_indices(_assigned_indices(path.parent, published))


def _assigned_indices(folder: Path, published: PublicForms) -> list[tuple[str, str, int]]:
    style = Release.read(folder / tables.RECIPE).naming
    return naming.assigned_indices(tables.read_names(folder), style, group_of=published.original_group)


def _by_clip(effects: Sequence[Effect]) -> dict[str, list[Effect]]:
    effects_by_clip: dict[str, list[Effect]] = {}
    for effect in effects:
        effects_by_clip.setdefault(effect.clip_id, []).append(effect)
    return effects_by_clip


def _frame_hashes(workspace: Workspace, clips: Sequence[Clip], *, place: Place) -> dict[str, str]:
    """Return clip id -> hash of its decoded frames: from the proof, or by decoding where an old proof lacks it."""
    hash_by_clip = {clip.clip_id: str((clip.proof or {}).get("frames_sha256", "")) for clip in clips}
    missing = [clip for clip in clips if not hash_by_clip[clip.clip_id]]
    if not missing:
        return hash_by_clip
    files = {clip.clip_id: workspace.file(clip.path or "") for clip in missing}
    return hash_by_clip | for_each_clip(frames_sha256, files, place=place, title="hash", file_of=lambda file: file)


def _motion_pairs(settings: Settings, class_of: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(unicodedata.normalize("NFC", label) for label in pair) for pair in settings.release.motion_pairs]
    problems = [
        Problem("release.motion_pairs", f"no class {label!r}.", did_you_mean(label, class_of))
        for pair in pairs
        for label in pair
        if label not in class_of
    ]
    if problems:
        raise BadInput(problems)
    return tuple((class_name(label), class_name(opposite)) for label, opposite in pairs)


def _as_fetched(source: Source) -> Source:
    """Return a source as fetched if only its original is missing now: its clips are cut, and they are what counts."""
    if source.state != State.MISSING or source.media_id is None:
        return source
    return source.model_copy(update={"state": State.FETCHED, "reason": None, "again_at": None})


def _left_out(catalog: Catalog, listed: Sequence[Source]) -> dict[str, int]:
    sources = Counter(f"sources {source.state}" for source in listed if source.state != State.FETCHED)
    clips = {f"clips {state}": count for state, count in catalog.clip_counts().items() if state != "trimmed"}
    return dict(sorted({**sources, **clips}.items()))


def _recipe(settings: Settings) -> dict[str, Any]:
    """Return the settings that determine a release, without unset ones, as recipe.toml holds them."""
    sections = settings.model_dump(mode="json", include={"analysers", "clips", "release", "split"}, exclude_none=True)
    return {"fetch": settings.fetch.model_dump(mode="json", include=_FETCH), **sections}


def _tools() -> dict[str, str]:
    names = ("yt-dlp", "scenedetect-headless", "av", "ffmpeg-python")
    return {
        "slateboard": __version__,
        **{name: metadata.version(name) for name in names},
        "ffmpeg": ffmpeg.version(),
    }
