"""Rebuild a release from its recipe and tables: the same files, or a list of every difference.

Originals are found by content hash, else fetched anew; the same frames are cut with the same settings; every file is
compared with the SHA-256 sums of the release.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curate.analysis import observations
from curate.clips.timing import settings_as_cut
from curate.clips.trim import TrimJob, cut, failed_clips, group_for_passes
from curate.release.checked_release import CheckedRelease, check_target, read_checked_release
from curate.release.documents import write_documents
from curate.release.originals import LostOriginal, Originals, find_originals
from curate.release.tables import FILES, Tables
from slateboard import engine
from slateboard.catalog.lock import lock_workspace
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import atomic_write, csv_text, flush_folder, record_write, sha256_of, write_text
from slateboard.media import ffmpeg
from slateboard.media.frames import decode
from slateboard.media.frames_hash import frames_sha256
from slateboard.paths import inside
from slateboard.progress import progress, say
from slateboard.records.clip import Clip
from slateboard.records.media import NOT_PROBED, Media
from slateboard.records.observation import Observation
from slateboard.settings import ClipSettings
from slateboard.sums import SUMS, sums_of, write_sums
from slateboard.workspace import Workspace

REBUILT = "rebuilt"
"""Folder of a workspace for rebuilt releases."""
REPORT = "REBUILD.csv"
"""Written into a rebuilt folder that differs from the release; such a folder has no SHA256SUMS."""


@dataclass(frozen=True)
class Difference:
    """One difference between a rebuilt folder and the release."""

    what: Literal["source", "clip", "file"]
    item: str
    """Source id, or path in the release."""
    state: str
    """source: its state, or `changed`; clip: missing, failed, same_pictures, other_pictures; file: missing,
    other_bytes, extra."""
    reason: str


@dataclass(frozen=True)
class RebuildResult:
    """The rebuilt folder, and how it differs from the release."""

    folder: Path
    files: int
    """Number of files of the release."""
    differences: tuple[Difference, ...]
    """Empty: every file is the release's, byte for byte."""
    other_originals: int
    """Originals that were fetched with other bytes and the same decoded frames."""


def rebuild(
    workspace: Workspace, recipe: Path, *, into: Path | None = None, workers: int | None = None
) -> RebuildResult:
    """Rebuild the release of a recipe into the folder `into`; default: rebuilt/<name>-<version> of the workspace.

    A killed rebuild continues where it was. Raises BadInput before anything is written if the tables beside the recipe
    are not the released ones, if a name in them leads out of the folder, or if `into` holds another release.
    """
    released = read_checked_release(recipe)
    sums = released.sums
    into = inside(workspace.root / REBUILT, released.key) if into is None else into
    building, scratch = into.parent / f".{into.name}.part", into.parent / f".{into.name}.originals"
    for target in (into, building):
        check_target(released, into=target, scratch=scratch)
    if _is_complete(into, sums):
        # A kill between the last two steps of a rebuild leaves the downloaded originals behind.
        shutil.rmtree(scratch, ignore_errors=True)
        return RebuildResult(into, len(sums), (), 0)
    scratch.mkdir(parents=True, exist_ok=True)
    with lock_workspace(scratch / "rebuild.lock"):
        # Another process may have finished it while this one waited for the lock.
        if _is_complete(into, sums):
            return RebuildResult(into, len(sums), (), 0)
        return _rebuild(workspace, released, recipe, into=into, building=building, scratch=scratch, workers=workers)


def _is_complete(into: Path, sums: dict[str, str]) -> bool:
    """Return whether the folder is this release; BadInput where it is another one."""
    if not (into / SUMS).is_file():
        return False
    if sums_of(into) != sums:
        raise BadInput([Problem(str(into), "is there and is another release.", "Give another folder with --into.")])
    return True


def _rebuild(
    workspace: Workspace,
    released: CheckedRelease,
    recipe: Path,
    *,
    into: Path,
    building: Path,
    scratch: Path,
    workers: int | None,
) -> RebuildResult:
    tables, sums = released.tables, released.sums
    building.mkdir(parents=True, exist_ok=True)
    # Clips of an earlier, killed rebuild are kept where their bytes are the released ones; the others are cut, also
    # those that came out differently before: a newer ffmpeg may be installed by now.
    clips = [row for row in tables.clips.to_dict("records") if not _is_cut(building / row["path"], row)]
    originals = find_originals(
        tables,
        workspace=workspace,
        scratch=scratch,
        media_ids=frozenset(_media_of(tables, clips).values()),
    )
    cut_differences = _cut_all(
        released, clips, originals,
        building=building, scratch=scratch, workspace=workspace, workers=workers,
    )  # fmt: skip
    differences = [*_source_differences(originals.lost), *cut_differences]
    for name in FILES:
        if (recipe.parent / name).is_file():
            with atomic_write(building / name) as temporary:
                shutil.copyfile(inside(recipe.parent, name), temporary)
    every_clip = not any(difference.state in ("missing", "failed") for difference in differences)
    place = engine.Place(workers, budget=engine.Budget.of(workspace.settings.limits))
    write_documents(building, with_videos=every_clip, place=place)
    differences += _file_differences(building, sums, explained={difference.item for difference in differences})
    _finish(building, into, differences)
    if not differences:
        shutil.rmtree(scratch, ignore_errors=True)
    return RebuildResult(into, len(sums), tuple(differences), len(originals.other_bytes))


def _is_cut(path: Path, row: dict[Any, Any]) -> bool:
    return path.is_file() and sha256_of(path) == row["sha256"]


def _media_of(tables: Tables, clips: Sequence[dict[Any, Any]]) -> dict[str, str]:
    """Return clip id -> media id, through the source."""
    media_by_source = dict(zip(tables.sources["source_id"], tables.sources["media_id"], strict=True))
    return {str(row["clip_id"]): str(media_by_source.get(row["source_id"], "")) for row in clips}


def _source_differences(lost: dict[str, LostOriginal]) -> list[Difference]:
    return [Difference("source", original.source_id, original.state, original.reason) for original in lost.values()]


def _cut_all(
    released: CheckedRelease,
    clips: Sequence[dict[Any, Any]],
    originals: Originals,
    *,
    building: Path,
    scratch: Path,
    workspace: Workspace,
    workers: int | None,
) -> list[Difference]:
    """Cut every clip whose original was found; return the differences of those that are missing or differ.

    Clips are cut into `scratch` and moved into `building` under their released names.
    """
    tables, media = released.tables, released.media
    rows = {str(row["clip_id"]): row for row in clips}
    clips_to_cut, differences = [], []
    for clip_id, media_id in _media_of(tables, clips).items():
        row = rows[clip_id]
        if media_id in originals.paths and media_id in media:
            clips_to_cut.append(_clip(row, media_id))
        else:
            reason = originals.lost[media_id].state if media_id in originals.lost else "no row in originals.parquet"
            differences.append(Difference("clip", row["path"], "missing", f"its original: {reason}"))
    jobs = _jobs(clips_to_cut, media, originals, scratch=scratch, workspace=workspace, settings=released.settings)
    limits = engine.Budget.of(workspace.settings.limits)
    with progress("trim", len(clips_to_cut), unit="clips") as bar:
        for job, outcome in engine.run(_cut, jobs, workers=workers, budget=limits, divide=TrimJob.divide):
            cut_clips = failed_clips(job, outcome.reason) if isinstance(outcome, engine.Failure) else outcome
            for clip in cut_clips:
                row = rows[clip.clip_id]
                file = scratch / "clips" / f"{clip.clip_id}.mp4"
                differences += _clip_differences(clip, row, file, tables.release.tools)
                if clip.state == "trimmed":
                    target = inside(building, row["path"])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    file.replace(target)
                    record_write(target.parent)
            bar.step(len(cut_clips))
    return differences


def _jobs(
    clips: Sequence[Clip],
    media: dict[str, Media],
    originals: Originals,
    *,
    scratch: Path,
    workspace: Workspace,
    settings: ClipSettings,
) -> list[TrimJob]:
    """Return the cuts to make; frame times of the workspace are used only for the bytes that they were read from."""
    jobs = []
    observed, limits = workspace.observations, workspace.settings.limits
    for group in group_for_passes(clips):
        media_id = group[0].media_id
        original = media[media_id].model_copy(update={"path": str(originals.paths[media_id].resolve())})
        if media_id in originals.other_bytes:
            # The same pictures in another container may have another index there.
            original = original.model_copy(update={"stream": NOT_PROBED})
        reads_times = (
            media_id in originals.other_bytes or not observations.path_of(observed, media_id, "timeline").is_file()
        )
        times = scratch / "observations" if reads_times else observed
        as_cut = settings_as_cut(settings, group, nominal_hz=original.fps)
        sha256 = None if media_id in originals.other_bytes else media_id
        jobs.append(
            TrimJob(group, original, scratch, scratch / "clips", times, settings=as_cut, sha256=sha256, limits=limits)
        )
    return jobs


def _cut(job: TrimJob) -> tuple[Clip, ...]:
    """Cut the clips of one original; decode it first for the times of its frames where they are not known."""
    try:
        if not observations.path_of(job.observations, job.media.media_id, "timeline").is_file():
            rows = tuple(
                {"frame": frame.index, "pts": frame.pts, "seconds": frame.seconds}
                for frame in decode(job.source, on_error=lambda _: None, limits=job.limits, stream=job.media.stream)
            )
            observation = Observation(
                media_id=job.media.media_id, analyser="timeline", version=1, parameters={}, rows=rows
            )
            observations.write(job.observations, observation)
    except SlateboardError as error:
        return failed_clips(job, str(error))
    return cut(job)


def _clip(row: dict[Any, Any], media_id: str) -> Clip:
    """Return a released clip in the state that it had before it was trimmed."""
    names = ("clip_id", "source_id", "label", "group", "first_frame", "last_frame", "start_s", "end_s", "frames", "fps")
    fields = {name: row[name] for name in names}
    return Clip(**fields, media_id=media_id, shot_id=row["shot_id"] or None, state="accepted")


def _clip_differences(clip: Clip, row: dict[Any, Any], file: Path, tools: dict[str, str]) -> list[Difference]:
    # Same bytes: no difference. Other bytes, same decoded frames: another container or encoder version, same pictures.
    # Other frames: the encoder rounds differently, though both cuts were verified against the original.
    path = str(row["path"])
    if clip.state != "trimmed":
        return [Difference("clip", path, "failed", clip.reason or "")]
    if clip.sha256 == row["sha256"]:
        return []
    if row.get("frames_sha256") and frames_sha256(file) == row["frames_sha256"]:
        return [Difference("clip", path, "same_pictures", "other bytes; every decoded frame is the released one")]
    reason = (
        f"cut from the same frames and verified, encoded otherwise: ffmpeg {ffmpeg.version()}, "
        f"released with {tools.get('ffmpeg', 'an unknown one')}"
    )
    return [Difference("clip", path, "other_pictures", reason)]


def _file_differences(folder: Path, sums: dict[str, str], *, explained: set[str]) -> list[Difference]:
    """Compare every file with the sums of the release, but for clips whose difference is explained already."""
    # A clip that differs may change the fingerprints and the contact sheet as well: those are listed, while its video
    # is in `explained` already.
    sums_now = sums_of(folder)
    sums_now.pop(REPORT, None)
    states = {
        **dict.fromkeys(sums.keys() - sums_now.keys(), "missing"),
        **dict.fromkeys(sums_now.keys() - sums.keys(), "extra"),
        **{path: "other_bytes" for path in sums.keys() & sums_now.keys() if sums[path] != sums_now[path]},
    }
    return [Difference("file", path, state, "") for path, state in sorted(states.items()) if path not in explained]


def _finish(building: Path, into: Path, differences: Sequence[Difference]) -> None:
    """Give the folder SHA256SUMS and its name if it is the release; else write REBUILD.csv and leave it hidden."""
    if differences:
        columns = ("what", "item", "state", "reason")
        write_text(building / REPORT, csv_text([vars(difference) for difference in differences], columns))
        say(f"{building / REPORT} lists {len(differences)} differences; run the same command again to try them anew.")
        return
    (building / REPORT).unlink(missing_ok=True)
    write_sums(building)
    building.replace(into)
    flush_folder(into.parent)
