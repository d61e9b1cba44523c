"""Put a version together in a hidden folder and give it its name when it is whole."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Literal

import pandas as pd

from curate.labels import class_name, class_names
from curate.release import croissant, datasheet, figures, tables
from slateboard import __version__
from slateboard.catalog.catalog import Catalog
from slateboard.dataset import dataset_of, dataset_sha256
from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.files import csv_text, flush_folder, sha256_of, whole, write_json, write_text
from slateboard.media import ffmpeg
from slateboard.progress import track
from slateboard.records.clip import Clip, Effect
from slateboard.records.release import Release
from slateboard.records.source import State
from slateboard.settings import Settings
from slateboard.workspace import Workspace
from splits.audit import audit, audit_line
from splits.division import divide
from splits.folder import root_lists, write_split

Naming = Literal["seags", "ucf101"]


def release(workspace: Workspace, catalog: Catalog, *, version: str | None) -> tuple[Release, str] | None:
    """Freeze all trimmed clips as the next version; return it with its audit line, or None if nothing has changed."""
    settings = workspace.settings
    clips = catalog.clips("trimmed")
    if not clips:
        raise SlateboardError("No clip is trimmed yet. Run `slateboard curate trim` first.")
    sources = {source.source_id: source for source in catalog.sources()}
    class_of = class_names({clip.label for clip in clips}, where="sources.csv")
    classes = tuple(class_of.values())
    clips.sort(key=lambda clip: (class_of[clip.label], clip.group, sources[clip.source_id].line, clip.first_frame))
    effects = catalog.effects()
    by_clip: dict[str, list[Effect]] = {}
    for effect in effects:
        by_clip.setdefault(effect.clip_id, []).append(effect)
    paths = _paths(catalog, clips, class_of, settings.release.naming)
    table = tables.clips_table(clips, paths=paths, classes=classes, class_of=class_of, sources=sources, effects=by_clip)
    record = Release(
        name=settings.name,
        version=version or _next_version(workspace),
        title=settings.title,
        licence=settings.licence,
        naming=settings.release.naming,
        protocol=settings.release.protocol,
        classes=classes,
        labels=tuple(class_of),
        motion_pairs=_motion_pairs(settings, class_of),
        clips=len(clips),
        left_out=_left_out(catalog),
        dataset_sha256=dataset_sha256(classes, table),
        settings=_recipe(settings),
        tools=_tools(),
    )
    folder = workspace.releases / record.version
    if _stands(workspace, record, table):
        return None
    if folder.exists():
        raise BadInput([Problem(str(folder), "is there; a version is never overwritten.", "Leave --version out.")])
    building = workspace.releases / f".{record.version}.part"
    shutil.rmtree(building, ignore_errors=True)
    for clip in track(clips, "release", total=len(clips), unit="clips"):
        with whole(building / paths[clip.clip_id]) as temporary:
            shutil.copyfile(workspace.root / (clip.path or ""), temporary)
    line = _write_documents(building, record, table, catalog, effects, settings)
    _write_sums(building)
    building.replace(folder)
    flush_folder(workspace.releases)
    return record, line


def _paths(catalog: Catalog, clips: Sequence[Clip], class_of: Mapping[str, str], naming: Naming) -> dict[str, str]:
    """Return clip id -> videos/<Class>/<name>.mp4; numbers are given once and for all versions."""
    if naming == "seags":
        numbers = catalog.number([(f"seags {clip.clip_id}", class_of[clip.label]) for clip in clips])
        names = {clip.clip_id: f"{numbers[f'seags {clip.clip_id}']}" for clip in clips}
    else:
        key = {clip.clip_id: f"ucf101 group {class_of[clip.label]} {clip.group}" for clip in clips}
        groups = catalog.number([(key[clip.clip_id], f"{class_of[clip.label]} groups") for clip in clips])
        scope = {clip.clip_id: f"{class_of[clip.label]}_g{groups[key[clip.clip_id]]:02d}" for clip in clips}
        numbers = catalog.number([(f"ucf101 {clip.clip_id}", scope[clip.clip_id]) for clip in clips])
        names = {
            clip.clip_id: f"g{groups[key[clip.clip_id]]:02d}_c{numbers[f'ucf101 {clip.clip_id}']:02d}" for clip in clips
        }
    return {
        clip.clip_id: f"videos/{class_of[clip.label]}/v_{class_of[clip.label]}_{names[clip.clip_id]}.mp4"
        for clip in clips
    }


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


def _left_out(catalog: Catalog) -> dict[str, int]:
    sources = Counter(f"sources {source.state}" for source in catalog.sources() if source.state != State.FETCHED)
    clips = Counter(f"clips {clip.state}" for clip in catalog.clips() if clip.state != "trimmed")
    return dict(sorted((sources + clips).items()))


def _recipe(settings: Settings) -> dict[str, object]:
    """Return the settings that decide what a release holds; where weights lie on a machine is not one of them."""
    return settings.model_dump(mode="json", include={"fetch", "analysers", "clips", "release", "split"})


def _tools() -> dict[str, str]:
    names = ("yt-dlp", "scenedetect-headless", "av", "ffmpeg-python")
    return {
        "slateboard": __version__,
        **{name: metadata.version(name) for name in names},
        "ffmpeg": ffmpeg.version(),
    }


def _next_version(workspace: Workspace) -> str:
    versions = workspace.versions()
    return f"v{int(versions[-1].removeprefix('v')) + 1}" if versions else "v1"


def _stands(workspace: Workspace, record: Release, table: pd.DataFrame) -> bool:
    """Is the newest version already exactly this, but for its number?"""
    versions = workspace.versions()
    if not versions:
        return False
    folder = workspace.releases / versions[-1]
    stands = Release.read(folder / "recipe.toml").model_copy(update={"version": record.version})
    return stands == record and pd.read_parquet(folder / "clips.parquet").equals(table)


def _write_documents(
    folder: Path,
    record: Release,
    table: pd.DataFrame,
    catalog: Catalog,
    effects: Sequence[Effect],
    settings: Settings,
) -> str:
    """Write everything but the videos and the sums; return the audit line of the frozen split."""
    record.write(folder / "recipe.toml")
    clips_csv = csv_text(table.to_dict("records"), list(table.columns))
    write_text(folder / "clips.csv", clips_csv)
    with whole(folder / "clips.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    write_text(folder / "effects.csv", csv_text(tables.effect_rows(effects), tables.EFFECT_COLUMNS))
    write_text(folder / "sources.csv", csv_text(tables.source_rows(catalog.sources()), tables.SOURCE_COLUMNS))
    dataset = dataset_of(record, table, root=folder)
    frozen = divide(dataset, protocol=record.protocol, settings=settings.split)
    for split in frozen:
        write_split(folder / "splits" / split.protocol / str(split.number), split, dataset)
    for name, text in root_lists(dataset, frozen[0]).items():
        write_text(folder / name, text)
    line = audit_line(audit(dataset, frozen[0]))
    write_text(folder / "DATASHEET.md", datasheet.datasheet(record, table, audit=line))
    write_text(folder / "LICENSE-NOTES.md", datasheet.licence_notes(record, table))
    write_json(folder / "croissant.json", croissant.croissant(record, clips_sha256=sha256_of(folder / "clips.csv")))
    figures.draw(folder / "figures", table, folder)
    return line


def _write_sums(folder: Path) -> None:
    """Write SHA256SUMS, last: its presence means that the release is whole. `sha256sum -c` checks it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}" for path in files]
    write_text(folder / "SHA256SUMS", "\n".join(lines) + "\n")
