"""Cut clips out of media, frame by frame exact, and prove each by decoding the result.

Clips of one file that lie near each other are cut in one pass. Decoding begins at the key frame before the first, and
frames are found by their time stamps; a file whose stamps cannot be trusted, and a clip that was not proved that way,
is cut by counting frames from the start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby
from math import inf
from pathlib import Path

from curate.analysis import observations
from curate.clips.proof import proved
from curate.clips.timing import Pace, Timing, pace, rises, timing
from slateboard.errors import SlateboardError
from slateboard.files import sha256_of
from slateboard.limits import current_limits
from slateboard.media.bounds import check_pixels
from slateboard.media.ffmpeg import Cut, trim_all
from slateboard.media.fingerprints import fingerprint, frame_hash, sampled
from slateboard.media.frames import Frame, Plane, decode
from slateboard.media.identity import unchanged
from slateboard.media.pick import at_times, by_counting, read
from slateboard.media.probe import opened
from slateboard.paths import inside
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.stamp import Stamp
from slateboard.settings import Clips, Limits

VERSION = 1
"""Of the cuts and their proof: with a new one, clips that failed before are tried again."""

MOST_TOGETHER = 8
"""Clips in one pass: with more, a stop in the middle would cost more work than the passes save."""

FARTHEST_SECONDS = 10.0
"""Between two clips of one pass: what lies between is decoded for nothing. Key frames are seldom farther apart."""


@dataclass(frozen=True)
class Job:
    """Clips of one media to cut in one pass, in the order of their first frames."""

    clips: tuple[Clip, ...]
    media: Media
    root: Path
    """Workspace."""
    folder: Path
    """Where the clips go."""
    observations: Path
    settings: Clips
    sha256: str | None = None
    """Of the original, as it must be; None: it is known by its pictures alone."""
    stamp: Stamp | None = None
    """What the original looked like when it was last hashed."""
    limits: Limits = field(default_factory=current_limits)

    @property
    def source(self) -> Path:
        """The original."""
        return self.root / self.media.path

    def divide(self) -> "list[Job]":
        """Return a job for each clip."""
        return [replace(self, clips=(clip,)) for clip in self.clips]

    def target(self, clip: Clip) -> Path:
        """Return where a clip goes."""
        return inside(self.folder, f"{clip.clip_id}.mp4")


@dataclass(frozen=True)
class _Plan:
    clip: Clip
    target: Path
    timing: Timing
    cut: Cut


def together(clips: Iterable[Clip], *, most_frames: Mapping[str, float] | None = None) -> Iterator[tuple[Clip, ...]]:
    """Group clips of the same media that are best cut in one pass.

    `most_frames` says by media how many frames a pass is to hold, so that a long file keeps several workers busy;
    the clips come out the same however they are grouped.
    """
    ordered = sorted(clips, key=lambda clip: (clip.media_id, clip.first_frame, clip.last_frame))
    for media_id, of_media in groupby(ordered, key=lambda clip: clip.media_id):
        most = (most_frames or {}).get(media_id, inf)
        group: list[Clip] = []
        for clip in of_media:
            far = bool(group) and clip.start_s - max(one.end_s for one in group) > FARTHEST_SECONDS
            # Ends where it comes nearest to what it is to hold: half a clip over or under.
            full = sum(map(frames_of, group)) + frames_of(clip) / 2 > most
            if group and (far or full or len(group) == MOST_TOGETHER):
                yield tuple(group)
                group = []
            group.append(clip)
        yield tuple(group)


def frames_of(clip: Clip) -> int:
    """Return how many frames of the source a clip spans."""
    return clip.last_frame - clip.first_frame + 1


def cut(job: Job) -> tuple[Clip, ...]:
    """Trim and prove the clips of a job; returns each as `trimmed`, or as `failed` with the reason."""
    try:
        with unchanged(job.source, name=job.media.path, sha256=job.sha256, known=job.stamp):
            return _cut(job)
    except SlateboardError as error:
        return failed(job, str(error))


def _cut(job: Job) -> tuple[Clip, ...]:
    of, sample = _paced(job)
    plans, done = [], {}
    for clip in job.clips:
        try:
            plans.append(_plan(job, clip, of, sample))
        except SlateboardError as error:
            done[clip.clip_id] = _failed(job, clip, str(error))
    if not job.media.decode_errors and rises(of.pts):
        done |= {clip.clip_id: clip for clip in _made(job, plans, seeking=of) if clip.state == "trimmed"}
    for plan in plans:
        if plan.clip.clip_id not in done:
            done[plan.clip.clip_id] = _made(job, [plan], seeking=None)[0]
    return tuple(done[clip.clip_id] for clip in job.clips)


def failed(job: Job, reason: str) -> tuple[Clip, ...]:
    """Return the clips of a job that nobody could finish, as failed."""
    return tuple(_failed(job, clip, reason) for clip in job.clips)


def _failed(job: Job, clip: Clip, reason: str) -> Clip:
    job.target(clip).unlink(missing_ok=True)
    return clip.model_copy(update={"state": "failed", "reason": reason, "path": None, "proof": None})


def _paced(job: Job) -> tuple[Pace, Frame]:
    """Return when the frames of the media come, and one that shows their colours."""
    pts = [row["pts"] for row in observations.read(job.observations, job.media.media_id, "timeline")]
    with opened(job.source, limits=job.limits) as (_, stream):
        time_base = stream.time_base or Fraction(1, 1000)
    sample = next(decode(job.source, on_error=lambda _: None, limits=job.limits))
    return pace(pts, time_base, Fraction(job.media.fps).limit_denominator(1001), settings=job.settings), sample


def _plan(job: Job, clip: Clip, of: Pace, sample: Frame) -> _Plan:
    first, last = clip.first_frame, clip.last_frame
    if last >= len(of.pts):
        raise SlateboardError(f"frame {last} of {job.source.name} is not there: it has {len(of.pts)} frames.")
    when = timing(of, first, last, most_frames=job.limits.max_frames)
    size = _size(job.media, job.settings.height)
    if size is not None:
        check_pixels("the clip", *size, job.limits)
    wanted = Cut(
        first_frame=first,
        last_frame=last,
        frame_rate=when.rate_hz,
        size=size,
        matrix=sample.matrix,
        full_range=sample.full_range,
        crf=job.settings.crf,
        preset=job.settings.preset,
        spacing_hz=when.spacing_hz,
        own_times=when.mode == "time",
        frames=None if when.exact else len(when.shown),
        pts=(of.pts[first], of.pts[last]),
    )
    return _Plan(clip, job.target(clip), when, wanted)


def _size(media: Media, height: int | None) -> tuple[int, int] | None:
    """Return width and height upright, in square pixels, if pictures are to be scaled to them."""
    wide, high = media.width * media.sample_aspect, float(media.height)
    if media.rotation % 180:
        wide, high = high, wide
    if height is not None:
        return max(2, round(wide * height / high / 2) * 2), max(2, height // 2 * 2)
    if abs(media.sample_aspect - 1) < 0.01:
        return None
    return max(2, round(wide / 2) * 2), max(2, int(high) // 2 * 2)


def _made(job: Job, plans: Sequence[_Plan], *, seeking: Pace | None) -> list[Clip]:
    """Cut clips in one pass and prove each; by time stamps if they are given, else by counting."""
    if not plans:
        return []
    first = min(plan.clip.first_frame for plan in plans)
    start = None if seeking is None else float(seeking.pts[first] * seeking.time_base)
    wanted = {index for plan in plans for index in _ends(plan.timing)}
    try:
        trim_all(job.source, {plan.target: plan.cut for plan in plans}, from_seconds=start, limits=job.limits)
        if seeking is None:
            planes = by_counting(job.source, wanted, limits=job.limits)
        else:
            there = {index for index in wanted if index < len(seeking.pts)}
            planes = at_times(job.source, there, seeking.pts, limits=job.limits)
    except SlateboardError as error:
        return [_failed(job, plan.clip, str(error)) for plan in plans]
    made = []
    for plan in plans:
        try:
            made.append(_proved(job, plan, planes))
        except SlateboardError as error:
            made.append(_failed(job, plan.clip, str(error)))
    return made


def _ends(when: Timing) -> set[int]:
    """Return the source's frames at both ends of a clip, and their neighbours."""
    return {index + step for index in (when.shown[0], when.shown[-1]) for step in (-1, 0, 1) if index + step >= 0}


def _proved(job: Job, plan: _Plan, planes: dict[int, Plane]) -> Clip:
    count = len(plan.timing.shown)
    picks = sampled(count)
    found = read(plan.target, {0, count - 1, *picks}, limits=job.limits)
    proof = proved(found, plan.timing, planes, name=job.source.name)
    height, width = found.luma[0].shape
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
            "fingerprint": fingerprint([frame_hash(found.luma[index]) for index in picks]),
            "proof": proof,
        }
    )
