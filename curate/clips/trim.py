"""Cut clips out of media, exact to the frame, and verify each by decoding the result.

Clips of one file that lie near each other are cut in one pass. Decoding begins at the key frame before the first, and
frames are found by their time stamps; a file whose time stamps cannot be trusted, and a clip that fails verification
that way, is cut by counting frames from the start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Literal

from curate.analysis import observations
from curate.analysis.clip_summary import PICTURE_FLAGS, picture_flags
from curate.clips.timing import FrameTimeline, Timing, clip_timing, frame_timeline
from curate.clips.verification import KeptField, verify_cut
from slateboard.errors import SlateboardError
from slateboard.files import sha256_of
from slateboard.limits import current_limits
from slateboard.media.bounds import check_pixels
from slateboard.media.ffmpeg import Cut, trim_all
from slateboard.media.fingerprints import fingerprint, frame_hash, spread_indices
from slateboard.media.frames import Frame, Plane, decode
from slateboard.media.identity import unchanged
from slateboard.media.luma import decode_with_luma, luma_by_counting, luma_by_seeking
from slateboard.media.probe import open_container
from slateboard.media.rates import in_order, is_increasing, ticks_of
from slateboard.paths import inside
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.stamp import Stamp
from slateboard.settings import ClipSettings, Limits

VERSION = 2
"""Of cutting and verification: with a new version, clips that failed before are tried again."""

MOST_TOGETHER = 8
"""Clips in one pass: with more, an interruption would cost more work than fewer passes save."""

FARTHEST_SECONDS = 10.0
"""Between two clips of one pass: what lies between is decoded in vain. Key frames are seldom farther apart."""


@dataclass(frozen=True)
class TrimJob:
    """Clips of one media to cut in one pass, in the order of their first frames."""

    clips: tuple[Clip, ...]
    media: Media
    root: Path
    """Workspace."""
    folder: Path
    """Where the clips go."""
    observations: Path
    settings: ClipSettings
    sha256: str | None = None
    """Expected hash of the original; None: it is identified by its decoded frames."""
    stamp: Stamp | None = None
    """Size and times of the original when it was last hashed."""
    limits: Limits = field(default_factory=current_limits)

    @property
    def source(self) -> Path:
        """The original."""
        return self.root / self.media.path

    def divide(self) -> "list[TrimJob]":
        """Return a job for each clip."""
        return [replace(self, clips=(clip,)) for clip in self.clips]

    def target(self, clip: Clip) -> Path:
        """Return where a clip goes."""
        return inside(self.folder, f"{clip.clip_id}.mp4")


@dataclass(frozen=True)
class _PlannedCut:
    clip: Clip
    target: Path
    timing: Timing
    cut: Cut


@dataclass(frozen=True)
class _Original:
    """What is known of the source's frames before any is cut."""

    pts: Sequence[int]
    """Of every decoded frame, as in the file: by these they are sought."""
    timeline: FrameTimeline
    sample: Frame
    """One of them, from which colour matrix and range are read."""


def group_for_passes(
    clips: Iterable[Clip], *, most_frames: Mapping[str, float] | None = None
) -> Iterator[tuple[Clip, ...]]:
    """Yield groups of clips of the same media that are cut in one pass, in the order of their first frames.

    `most_frames` maps a media id to the frames that a pass should hold, so that a long file keeps several workers busy;
    the cut files are the same however they are grouped.
    """
    ordered = sorted(clips, key=lambda clip: (clip.media_id, clip.first_frame, clip.last_frame))
    for media_id, of_media in groupby(ordered, key=lambda clip: clip.media_id):
        target_frames = (most_frames or {}).get(media_id, inf)
        group: list[Clip] = []
        for clip in of_media:
            is_far = bool(group) and clip.start_s - max(grouped.end_s for grouped in group) > FARTHEST_SECONDS
            # The group ends where it comes nearest to its target, half a clip over or under. Target 1,000: 800 frames
            # + a clip of 300 -> 1,100 (over by 100 beats under by 200); 900 + 300 would be over by 200, so it ends at
            # 900.
            is_full = sum(map(frame_span, group)) + frame_span(clip) / 2 > target_frames
            if group and (is_far or is_full or len(group) == MOST_TOGETHER):
                yield tuple(group)
                group = []
            group.append(clip)
        yield tuple(group)


def frame_span(clip: Clip) -> int:
    """Return the number of source frames that a clip spans."""
    return clip.last_frame - clip.first_frame + 1


def cut(job: TrimJob) -> tuple[Clip, ...]:
    """Cut and verify the clips of a job; return each as `trimmed`, or as `failed` with the reason."""
    try:
        with unchanged(job.source, name=job.media.path, sha256=job.sha256, recorded=job.stamp):
            return _cut(job)
    except SlateboardError as error:
        return failed_clips(job, str(error))


def _cut(job: TrimJob) -> tuple[Clip, ...]:
    original = _read_original(job)
    plans, clip_by_id = [], {}
    for clip in job.clips:
        try:
            plans.append(_plan_cut(job, clip, original))
        except SlateboardError as error:
            clip_by_id[clip.clip_id] = _failed(job, clip, str(error))
    if not job.media.decode_errors and is_increasing(original.pts):
        clip_by_id |= {
            clip.clip_id: clip for clip in _cut_and_verify(job, plans, seeking=original) if clip.state == "trimmed"
        }
    for plan in plans:
        if plan.clip.clip_id not in clip_by_id:
            clip_by_id[plan.clip.clip_id] = _cut_and_verify(job, [plan], seeking=None)[0]
    return tuple(clip_by_id[clip.clip_id] for clip in job.clips)


def failed_clips(job: TrimJob, reason: str) -> tuple[Clip, ...]:
    """Return the clips of a job that no worker could finish, as failed."""
    return tuple(_failed(job, clip, reason) for clip in job.clips)


def _failed(job: TrimJob, clip: Clip, reason: str) -> Clip:
    job.target(clip).unlink(missing_ok=True)
    return clip.model_copy(update={"state": "failed", "reason": reason, "path": None, "proof": None})


def _read_original(job: TrimJob) -> _Original:
    rows = observations.read(job.observations, job.media.media_id, "timeline")
    if not rows:
        raise SlateboardError(f"the analysis of {job.source.name} saw no frame. Run `slateboard curate analyse`.")
    with open_container(job.source, limits=job.limits, stream=job.media.stream) as (_, stream):
        time_base = stream.time_base or Fraction(1, 1000)
    sample = next(decode(job.source, on_error=lambda _: None, limits=job.limits, stream=job.media.stream))
    ticks = ticks_of(in_order([row["seconds"] for row in rows]), time_base)
    duration_s = job.media.duration_s
    last_s = duration_s - float(ticks[-1] * time_base) if duration_s is not None else 0.0
    timeline = frame_timeline(
        ticks,
        time_base,
        Fraction(job.media.fps).limit_denominator(1001),
        settings=job.settings,
        last_seconds=Fraction(last_s).limit_denominator(1_000_000) if last_s > 0 else None,
    )
    return _Original([row["pts"] for row in rows], timeline, sample)


def _plan_cut(job: TrimJob, clip: Clip, original: _Original) -> _PlannedCut:
    first_frame, last_frame, pts = clip.first_frame, clip.last_frame, original.pts
    if last_frame >= len(pts):
        raise SlateboardError(f"frame {last_frame} of {job.source.name} is not there: it has {len(pts)} frames.")
    when = clip_timing(original.timeline, first_frame, last_frame, most_frames=job.limits.max_frames)
    size = _size(job.media, job.settings.height)
    if size is not None:
        check_pixels("the clip", *size, job.limits)
    requested = Cut(
        first_frame=first_frame,
        last_frame=last_frame,
        frame_rate=when.rate_hz,
        size=size,
        matrix=original.sample.matrix,
        full_range=original.sample.full_range,
        crf=job.settings.crf,
        preset=job.settings.preset,
        spacing_hz=when.spacing_hz,
        own_times=when.mode == "time",
        frames=None if when.is_exact else len(when.shown),
        pts=(pts[first_frame], pts[last_frame]),
        deinterlace=_field_order(job),
        tone_map=job.settings.tone_map,
    )
    return _PlannedCut(clip, job.target(clip), when, requested)


def _field_order(job: TrimJob) -> Literal["top_first", "bottom_first"] | None:
    """Return which field the clips keep; None: they are not deinterlaced."""
    order = job.media.field_order
    return order if job.settings.deinterlace and order in ("top_first", "bottom_first") else None


def _size(media: Media, height: int | None) -> tuple[int, int] | None:
    """Return the (width, height) to scale to, upright and with square pixels; None: frames are kept as they are."""
    # 720 x 576 with a sample aspect of 16/15 -> 768 x 576; rotated by 90 degrees -> 576 x 768; with height = 240 ->
    # 320 x 240. Both are even, since 4:2:0 chroma has half the size: 853.3 -> 854.
    wide, high = media.width * media.sample_aspect, float(media.height)
    if media.rotation % 180:
        wide, high = high, wide
    if height is not None:
        return max(2, round(wide * height / high / 2) * 2), max(2, height // 2 * 2)
    if abs(media.sample_aspect - 1) < 0.01:
        return None
    return max(2, round(wide / 2) * 2), max(2, int(high) // 2 * 2)


def _cut_and_verify(job: TrimJob, plans: Sequence[_PlannedCut], *, seeking: _Original | None) -> list[Clip]:
    """Cut clips in one pass and verify each; frames are found by the PTS of `seeking`; None: by counting."""
    if not plans:
        return []
    first_frame = min(plan.clip.first_frame for plan in plans)
    start = None if seeking is None else float(seeking.pts[first_frame] * seeking.timeline.time_base)
    checked = {index for plan in plans for index in _ends(plan.timing)}
    try:
        cuts = {plan.target: plan.cut for plan in plans}
        trim_all(job.source, cuts, from_seconds=start, limits=job.limits, stream=job.media.stream)
        if seeking is None:
            planes = luma_by_counting(job.source, checked, limits=job.limits, stream=job.media.stream)
        else:
            present = {index for index in checked if index < len(seeking.pts)}
            planes = luma_by_seeking(job.source, present, seeking.pts, limits=job.limits, stream=job.media.stream)
    except SlateboardError as error:
        return [_failed(job, plan.clip, str(error)) for plan in plans]
    verified = []
    for plan in plans:
        try:
            verified.append(_verify(job, plan, planes))
        except SlateboardError as error:
            verified.append(_failed(job, plan.clip, str(error)))
    return verified


def _ends(when: Timing) -> set[int]:
    """Return the indices of the source frames at both ends of a clip, and of their neighbours."""
    return {index + step for index in (when.shown[0], when.shown[-1]) for step in (-1, 0, 1) if index + step >= 0}


def _verify(job: TrimJob, plan: _PlannedCut, planes: dict[int, Plane]) -> Clip:
    count = len(plan.timing.shown)
    picks = spread_indices(count)
    decoded = decode_with_luma(plan.target, {0, count - 1, *picks}, limits=job.limits)
    field = None if plan.cut.deinterlace is None else KeptField.of_media(job.media)
    proof = verify_cut(decoded, plan.timing, planes, name=job.source.name, field=field)
    recorded = picture_flags(job.media)
    if field is not None:
        proof["mended"] = ["interlaced"]
    quality = [flag for flag in plan.clip.quality if flag not in PICTURE_FLAGS]
    quality += [flag for flag in recorded if flag not in proof.get("mended", ())]
    height, width = decoded.luma[0].shape
    return plan.clip.model_copy(
        update={
            "state": "trimmed",
            "reason": None,
            "path": plan.target.relative_to(job.root).as_posix(),
            "frames": count,
            "fps": float(plan.timing.rate_hz),
            "width": width,
            "height": height,
            "duration_s": float(count / plan.timing.rate_hz),
            "sha256": sha256_of(plan.target),
            "fingerprint": fingerprint([frame_hash(decoded.luma[index]) for index in picks]),
            "proof": proof,
            "quality": tuple(quality),
        }
    )
