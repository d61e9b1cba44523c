"""Make a release again from its recipe and tables: the same files, or every difference by name.

Originals are taken by content hash, else fetched anew; the same frames are cut by the same settings; every file is
compared with the sums of the release.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curate.analysis import observations
from curate.clips.trim import TrimJob, cut, failed_clips, group_for_passes
from curate.release.documents import write_documents
from curate.release.originals import Lost, Originals, find_originals
from curate.release.released import Released, check_target, read_released
from curate.release.tables import FILES, Tables
from slateboard import engine
from slateboard.catalog.lock import held
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import csv_text, flush_folder, note_write, sha256_of, whole, write_text
from slateboard.media import ffmpeg
from slateboard.media.frames import decode
from slateboard.media.frames_hash import frames_sha256
from slateboard.paths import inside
from slateboard.progress import progress, say
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.observation import Observation
from slateboard.settings import Clips
from slateboard.sums import SUMS, sums_of, write_sums
from slateboard.workspace import Workspace

REBUILT = "rebuilt"
"""Folder of a workspace for releases that were made again there."""
REPORT = "REBUILD.csv"
"""Written into a rebuilt folder that is not the release; such a folder has no SHA256SUMS."""


@dataclass(frozen=True)
class Difference:
    """One thing in which a rebuilt folder is not the release."""

    what: Literal["source", "clip", "file"]
    item: str
    """Source id, or path in the release."""
    state: str
    """source: its state, or `changed`; clip: missing, failed, same_pictures, other_pictures; file: missing,
    other_bytes, extra."""
    reason: str


@dataclass(frozen=True)
class Rebuilt:
    """What came out."""

    folder: Path
    files: int
    """In the release."""
    differences: tuple[Difference, ...]
    """Empty: every file is the release's, byte for byte."""
    other_originals: int
    """Originals that were fetched with other bytes and the same pictures."""


def rebuild(workspace: Workspace, recipe: Path, *, into: Path | None = None, workers: int | None = None) -> Rebuilt:
    """Make the release of a recipe again as the folder `into`, rebuilt/<name>-<version> of the workspace unless named.

    A killed rebuild goes on where it was. Raises BadInput before anything is written if the tables beside the recipe
    are not the released ones, if a name in them would lead out of the folder, or if `into` is something else.
    """
    released = read_released(recipe)
    sums = released.sums
    into = inside(workspace.root / REBUILT, released.key) if into is None else into
    building, scratch = into.parent / f".{into.name}.part", into.parent / f".{into.name}.originals"
    for target in (into, building):
        check_target(released, into=target, scratch=scratch)
    if _is_there(into, sums):
        # A kill between the last two steps of a rebuild leaves what nobody needs any more.
        shutil.rmtree(scratch, ignore_errors=True)
        return Rebuilt(into, len(sums), (), 0)
    scratch.mkdir(parents=True, exist_ok=True)
    with held(scratch / "rebuild.lock"):
        # Another process may have made it while this one came here.
        if _is_there(into, sums):
            return Rebuilt(into, len(sums), (), 0)
        return _made(workspace, released, recipe, into=into, building=building, scratch=scratch, workers=workers)


def _is_there(into: Path, sums: dict[str, str]) -> bool:
    """Return whether the folder is this release; BadInput where it is another one."""
    if not (into / SUMS).is_file():
        return False
    if sums_of(into) != sums:
        raise BadInput([Problem(str(into), "is there and is another release.", "Give another folder with --into.")])
    return True


def _made(
    workspace: Workspace,
    released: Released,
    recipe: Path,
    *,
    into: Path,
    building: Path,
    scratch: Path,
    workers: int | None,
) -> Rebuilt:
    tables, sums = released.tables, released.sums
    building.mkdir(parents=True, exist_ok=True)
    clips = [row for row in tables.clips.to_dict("records") if not _stands(building / row["path"], row)]
    originals = find_originals(
        tables,
        workspace=workspace,
        scratch=scratch,
        down=frozenset(name for one in workspace.taken_down() for name in one.sources),
        wanted=frozenset(_media_of(tables, clips).values()),
    )
    cuts = _cut_all(
        released, clips, originals,
        building=building, scratch=scratch, workspace=workspace, workers=workers,
    )  # fmt: skip
    differences = [*_sources(originals.lost), *cuts]
    for name in FILES:
        if (recipe.parent / name).is_file():
            with whole(building / name) as temporary:
                shutil.copyfile(inside(recipe.parent, name), temporary)
    every_clip = not any(one.state in ("missing", "failed") for one in differences)
    place = engine.Place(workers, budget=engine.Budget.of(workspace.settings.limits))
    write_documents(building, with_videos=every_clip, place=place)
    differences += _compared(building, sums, known={one.item for one in differences})
    _finish(building, into, differences)
    if not differences:
        shutil.rmtree(scratch, ignore_errors=True)
    return Rebuilt(into, len(sums), tuple(differences), len(originals.other_bytes))


def _stands(path: Path, row: dict[Any, Any]) -> bool:
    return path.is_file() and sha256_of(path) == row["sha256"]


def _media_of(tables: Tables, clips: Sequence[dict[Any, Any]]) -> dict[str, str]:
    """Return clip id -> media id, through the source."""
    of_source = dict(zip(tables.sources["source_id"], tables.sources["media_id"], strict=True))
    return {str(row["clip_id"]): str(of_source.get(row["source_id"], "")) for row in clips}


def _sources(gone: dict[str, Lost]) -> list[Difference]:
    return [Difference("source", one.source_id, one.state, one.reason) for one in gone.values()]


def _cut_all(
    released: Released,
    clips: Sequence[dict[Any, Any]],
    originals: Originals,
    *,
    building: Path,
    scratch: Path,
    workspace: Workspace,
    workers: int | None,
) -> list[Difference]:
    """Cut every clip whose original is there; return those that are missing or not the released ones.

    Clips are cut into `scratch` and moved into `building` by their released names.
    """
    tables, media = released.tables, released.media
    media_of = _media_of(tables, clips)
    rows = {str(row["clip_id"]): row for row in clips}
    wanted, found = [], []
    for clip_id, row in rows.items():
        media_id = media_of[clip_id]
        if media_id in originals.paths and media_id in media:
            wanted.append(_clip(row, media_id))
        else:
            why = originals.lost[media_id].state if media_id in originals.lost else "no row in originals.parquet"
            found.append(Difference("clip", row["path"], "missing", f"its original: {why}"))
    jobs = _jobs(wanted, media, originals, scratch=scratch, workspace=workspace, settings=released.settings)
    limits = engine.Budget.of(workspace.settings.limits)
    with progress("trim", len(wanted), unit="clips") as bar:
        for job, outcome in engine.run(_cut, jobs, workers=workers, budget=limits, divide=TrimJob.divide):
            done = failed_clips(job, outcome.reason) if isinstance(outcome, engine.Failure) else outcome
            for clip in done:
                row = rows[clip.clip_id]
                found += _difference(clip, row, scratch / "clips" / f"{clip.clip_id}.mp4", tables.release.tools)
                if clip.state == "trimmed":
                    target = inside(building, row["path"])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    (scratch / "clips" / f"{clip.clip_id}.mp4").replace(target)
                    note_write(target.parent)
            bar.step(len(done))
    return found


def _jobs(
    clips: Sequence[Clip],
    media: dict[str, Media],
    originals: Originals,
    *,
    scratch: Path,
    workspace: Workspace,
    settings: Clips,
) -> list[TrimJob]:
    """Return the cuts to make; times that a decode pass saw are used for the very bytes that it saw."""
    jobs = []
    observed, limits = workspace.observations, workspace.settings.limits
    for group in group_for_passes(clips):
        media_id = group[0].media_id
        file = media[media_id].model_copy(update={"path": str(originals.paths[media_id].resolve())})
        own = media_id in originals.other_bytes or not observations.path_of(observed, media_id, "timeline").is_file()
        seen = scratch / "observations" if own else observed
        sha256 = None if media_id in originals.other_bytes else media_id
        jobs.append(
            TrimJob(group, file, scratch, scratch / "clips", seen, settings=settings, sha256=sha256, limits=limits)
        )
    return jobs


def _cut(job: TrimJob) -> tuple[Clip, ...]:
    """Cut the clips of one original; the times of its frames are read first where no decode pass has done so."""
    try:
        if not observations.path_of(job.observations, job.media.media_id, "timeline").is_file():
            rows = tuple(
                {"frame": frame.index, "pts": frame.pts, "seconds": frame.seconds}
                for frame in decode(job.source, on_error=lambda _: None, limits=job.limits)
            )
            seen = Observation(media_id=job.media.media_id, analyser="timeline", version=1, parameters={}, rows=rows)
            observations.write(job.observations, seen)
    except SlateboardError as error:
        return failed_clips(job, str(error))
    return cut(job)


def _clip(row: dict[Any, Any], media_id: str) -> Clip:
    """Return a released clip as it was accepted."""
    names = ("clip_id", "source_id", "label", "group", "first_frame", "last_frame", "start_s", "end_s")
    known = {name: row[name] for name in names}
    return Clip(**known, media_id=media_id, shot_id=row["shot_id"] or None, state="accepted")


def _difference(clip: Clip, row: dict[Any, Any], file: Path, tools: dict[str, str]) -> list[Difference]:
    path = str(row["path"])
    if clip.state != "trimmed":
        return [Difference("clip", path, "failed", clip.reason or "")]
    if clip.sha256 == row["sha256"]:
        return []
    if row.get("frames_sha256") and frames_sha256(file) == row["frames_sha256"]:
        return [Difference("clip", path, "same_pictures", "other bytes; every decoded frame is the released one")]
    reason = (
        f"cut from the same frames and proved, encoded otherwise: ffmpeg {ffmpeg.version()}, "
        f"released with {tools.get('ffmpeg', 'an unknown one')}"
    )
    return [Difference("clip", path, "other_pictures", reason)]


def _compared(folder: Path, sums: dict[str, str], *, known: set[str]) -> list[Difference]:
    """Compare every file with the sums of the release; clips that are explained already are left out."""
    found = sums_of(folder)
    found.pop(REPORT, None)
    states = {
        **dict.fromkeys(sums.keys() - found.keys(), "missing"),
        **dict.fromkeys(found.keys() - sums.keys(), "extra"),
        **{path: "other_bytes" for path in sums.keys() & found.keys() if sums[path] != found[path]},
    }
    return [Difference("file", path, state, "") for path, state in sorted(states.items()) if path not in known]


def _finish(building: Path, into: Path, differences: Sequence[Difference]) -> None:
    """Give the folder its name: with SHA256SUMS if it is the release, else with a report of what is not."""
    if differences:
        columns = ("what", "item", "state", "reason")
        write_text(building / REPORT, csv_text([vars(one) for one in differences], columns))
        say(f"{building / REPORT} lists {len(differences)} differences; run the same command again to try them anew.")
        return
    (building / REPORT).unlink(missing_ok=True)
    write_sums(building)
    building.replace(into)
    flush_folder(into.parent)
