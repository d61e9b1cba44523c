"""Trim the accepted clips: exact to the frame, verified by decoding, several at a time.

Example: slateboard curate trim --workers 2
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from curate.analysis.probing import probe_again
from curate.clips.failures import clips_to_cut, write_clips
from curate.clips.files import changed_clips, keep_stamps
from curate.clips.trim import TrimJob, cut, failed_clips, frame_span, group_for_passes
from curate.fetching.presence import look_for_originals
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.files import PART
from slateboard.json_output import JsonOutput
from slateboard.options import Processes, RayAddress, RetryFailures
from slateboard.progress import progress, say
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    workers: Processes = None,
    engine: Annotated[engines.Engine, typer.Option(help="Where to work.")] = engines.Engine.LOCAL,
    address: RayAddress = None,
    retry: RetryFailures = False,
) -> JsonOutput:
    """Cut what is accepted and not cut yet, and clips whose file is gone or changed."""
    with open_catalog(workspace.catalog) as catalog:
        _clear(workspace.clips)
        limits = engines.Budget.of(workspace.settings.limits)
        place = engines.Place(workers, engine, address, limits, shared=(workspace.root,))
        for line in probe_again(workspace, catalog, place):
            say(line)
        changed = changed_clips(catalog, workspace.root)
        clips_due = [*clips_to_cut(catalog, workspace.root, workspace.settings, retry=retry), *changed]
        presence = look_for_originals(catalog, workspace.root, media_ids={clip.media_id for clip in clips_due})
        clips_due = _analysed(catalog, clips_due)
        passes = trim_jobs(workspace, catalog, clips_due, workers=workers or engines.cores())
        outcomes = place.run(cut, passes, divide=TrimJob.divide)
        total = sum(len(job.clips) for job in passes)
        lost = _recorded(workspace, catalog, outcomes, total=total)
        # Originals of failed cuts are hashed again, so that `curate fetch` knows which to download anew.
        doubtful_media = {clip.media_id for clip in lost}
        presence_after = look_for_originals(catalog, workspace.root, media_ids=doubtful_media, doubted=doubtful_media)
        counts = catalog.clip_counts()
    # Failed in all, minus those of this run: they failed before and were not due now.
    trimmed, failed_before = counts.get("trimmed", 0), counts.get("failed", 0) - len(lost)
    _tell([*presence.lines(), *presence_after.lines()], changed, lost, trimmed=trimmed, failed_before=failed_before)
    return {
        "cut": total,
        "trimmed": trimmed,
        "failed": [{"clip_id": clip.clip_id, "reason": clip.reason} for clip in lost],
        "failed_before": failed_before,
    }


def _recorded(
    workspace: Workspace,
    catalog: Catalog,
    outcomes: Iterable[tuple[TrimJob, tuple[Clip, ...] | engines.Failure]],
    *,
    total: int,
) -> list[Clip]:
    """Record clips as their passes finish; return those that failed."""
    cut_well: list[Clip] = []
    lost: list[Clip] = []
    with progress("trim", total, unit="clips") as bar:
        for job, outcome in outcomes:
            clips = failed_clips(job, outcome.reason) if isinstance(outcome, engines.Failure) else outcome
            code = outcome.code if isinstance(outcome, engines.Failure) else engines.Code.EXCEPTION
            write_clips(catalog, workspace.root, workspace.settings, clips, code=code)
            cut_well += [clip for clip in clips if clip.state == "trimmed"]
            lost += [clip for clip in clips if clip.state == "failed"]
            bar.step(len(clips))
    keep_stamps(catalog, workspace.root, cut_well)
    return lost


def _analysed(catalog: Catalog, clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips whose media is analysed; say how many wait."""
    frames = {name: item.frames for name, item in catalog.media_of({clip.media_id for clip in clips}).items()}
    ready = [clip for clip in clips if frames.get(clip.media_id) is not None]
    if len(ready) < len(clips):
        say(f"{len(clips) - len(ready)} clips wait until `slateboard curate analyse` has seen their videos anew")
    return ready


def _tell(
    originals: Sequence[str], changed: Sequence[Clip], lost: Sequence[Clip], *, trimmed: int, failed_before: int
) -> None:
    for line in originals:
        say(line)
    if changed:
        names = ", ".join(clip.path or clip.clip_id for clip in changed[:_SHOWN])
        say(f"{len(changed)} clips were gone or changed and are cut again: {names}")
    say(f"{trimmed} clips are trimmed and verified, {len(lost)} failed")
    for clip in lost:
        say(f"  {clip.clip_id} ({clip.label}): {clip.reason}")
    if failed_before:
        say(f"{failed_before} more failed before and nothing has changed since: --retry cuts them again")


def _clear(folder: Path) -> None:
    """Delete temporary files of a killed run; this process holds the catalog's lock, so nobody writes them now."""
    for temporary in folder.glob(f".*{PART}"):
        temporary.unlink(missing_ok=True)


_SHOWN = 10
"""Most clips named in one line."""

PASSES_EACH = 2
"""Passes for each worker, where there are clips enough: with one each, all would wait for the slowest."""


def trim_jobs(workspace: Workspace, catalog: Catalog, clips: Sequence[Clip], *, workers: int) -> list[TrimJob]:
    """Return the passes to make, longest first, so that no worker is left with a long one at the end."""
    # Weight of a clip: frames * pixels. 40 clips of 200 frames at 1280 x 720 on 4 workers: 7.4e9 / (4 * 2) -> passes of
    # about 1,000 frames, five clips each.
    media = {original.media_id: original for original in catalog.media()} if clips else {}
    stamps = catalog.stamps({original.path for original in media.values()})
    weight_per_pass = sum(frame_span(clip) * _pixels(media[clip.media_id]) for clip in clips) / (workers * PASSES_EACH)
    most_frames = {name: weight_per_pass / _pixels(item) for name, item in media.items()} if workers > 1 else None
    passes = [
        TrimJob(
            clips=group,
            media=media[group[0].media_id],
            root=workspace.root,
            folder=workspace.clips,
            observations=workspace.observations,
            settings=workspace.settings.clips,
            limits=workspace.settings.limits,
            sha256=group[0].media_id,
            stamp=stamps.get(media[group[0].media_id].path),
        )
        for group in group_for_passes(clips, most_frames=most_frames)
    ]
    return sorted(passes, key=_weight, reverse=True)


def _weight(job: TrimJob) -> float:
    return sum(map(frame_span, job.clips)) * _pixels(job.media)


def _pixels(media: Media) -> int:
    return media.width * media.height
