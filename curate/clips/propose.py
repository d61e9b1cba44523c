"""Propose clips by the rules of the MEI paper (4.1.2): a pure function from shots and frame times to segments.

Intro and outro (still shots and cards at the ends) are left off. Videos under 20 s are kept whole inside their
shots; longer ones give 2-4 segments of 5-20 s. No segment holds frames of two shots. What is not proposed is returned
with its reason.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from curate.analysis.clip_summary import camera_of, picture_flags, quality_flags
from curate.analysis.rows import CameraRow, QualityRow
from slateboard.records.clip import Clip, clip_id
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import ClipSettings

VERSION = 3
"""Of the rules: with a new version, clips that nobody has decided on are proposed anew."""

# Times are floats: ten times 0.1 s gives 0.9999999999999999 s, which must count as a second.
_ROUNDING = 1e-6

_UNEVEN = 8
"""Most parts of a shot, as a multiple of those that even frame times would need."""

Frames = tuple[int, int]
"""First and last frame of a segment, both inclusive."""


@dataclass(frozen=True)
class Segment:
    """A run of frames and why it is not proposed (None: it is)."""

    first_frame: int
    last_frame: int
    shot_id: str | None
    reason: str | None = None


def propose(
    source: Source, media: Media, shots: Sequence[Shot], times: Sequence[float], settings: ClipSettings
) -> list[Clip]:
    """Return the clips of one source: proposed ones, and rejected ones with the rule that rejected them.

    `times` are the seconds of every decoded frame on the player's clock, in order; `shots` hold every frame once.
    """
    first_frame, last_frame = frames_within(times, source.start_s, source.end_s)
    if last_frame < first_frame:
        return []
    # A frame is shown until the next begins; the file's last one to the end that the analysis found.
    seconds_in_all = media.duration_s
    end = times[-1] + 1 / media.fps if seconds_in_all is None else max(times[0] + seconds_in_all, times[-1])
    ends = [*times[1:], end]
    if settings.rule == "whole":
        around = [shot for shot in shots if shot.first_frame <= first_frame and shot.last_frame >= last_frame]
        segments = [Segment(first_frame, last_frame, around[0].shot_id if around else None)]
    else:
        segments = _by_paper_rules(_clipped(shots, first_frame, last_frame), _Clock(times, ends), settings)
    return [_clip(source, media, segment, times, ends) for segment in segments]


def frames_within(times: Sequence[float], start_s: float | None, end_s: float | None) -> Frames:
    """Return the first and last frame that begin in [start_s, end_s), seconds of the player's clock; None: no limit.

    `times` must not fall. Where no frame begins there, last is less than first.
    """
    # Half-open: at 10 Hz, start 1 and end 2 are frames 10 to 19.
    first = 0 if start_s is None else bisect_left(times, start_s - _ROUNDING)
    after = len(times) if end_s is None else bisect_left(times, end_s - _ROUNDING)
    return first, after - 1


@dataclass(frozen=True)
class _Clock:
    """When the frames of a media are shown, in seconds."""

    times: Sequence[float]
    ends: Sequence[float]

    def seconds(self, first_frame: int, last_frame: int) -> float:
        """Return how long a player shows these frames."""
        # Frames 0 to 9 at 10 Hz: ends[9] - times[0] = 1 s. A frame that is held for a minute counts as a minute.
        return self.ends[last_frame] - self.times[first_frame]

    def divide(self, shot: Shot, count: int) -> list[Frames]:
        """Return (first, last) frames of `count` parts of a shot of like length; fewer where frames are held."""
        # Edges at k / count of the shot's time, down to the frame on show there. Frames 100 to 349 at 25 Hz in 3 parts:
        # 4 s + 10 s * k / 3 -> frames 100, 183, 266 and 350: 83, 83 and 84 frames. A frame that is on show at two edges
        # leaves no frame between them.
        first, length = shot.first_frame, self.seconds(shot.first_frame, shot.last_frame)
        moments = [self.times[first] + length * number / count + _ROUNDING for number in range(1, count)]
        inner = [bisect_right(self.times, moment, first, shot.last_frame + 1) - 1 for moment in moments]
        edges = [first, *inner, shot.last_frame + 1]
        return [(start, end - 1) for start, end in pairwise(edges) if end > start]


def with_summary(clip: Clip, media: Media, *, camera: Sequence[CameraRow], quality: Sequence[QualityRow]) -> Clip:
    """Return a clip with the camera and quality of its frames; without observations the camera stays unknown."""
    summary = {
        "camera": camera_of(camera, clip.first_frame, clip.last_frame),
        "quality": (*quality_flags(quality, clip.first_frame, clip.last_frame), *picture_flags(media)),
    }
    return clip.model_copy(update=summary)


def _clipped(shots: Sequence[Shot], first_frame: int, last_frame: int) -> list[Shot]:
    """Return the shots within a range of frames, cut at its ends."""
    return [
        shot.model_copy(
            update={
                "first_frame": max(first_frame, shot.first_frame),
                "last_frame": min(last_frame, shot.last_frame),
            }
        )
        for shot in shots
        if shot.first_frame <= last_frame and shot.last_frame >= first_frame
    ]


def _by_paper_rules(shots: list[Shot], clock: _Clock, settings: ClipSettings) -> list[Segment]:
    seconds = clock.seconds
    content = [number for number, shot in enumerate(shots) if _no_action(shot) is None]
    if not content:
        return [_rejected(shot, _no_action(shot) or "") for shot in shots]
    start, end = content[0], content[-1]
    content_seconds = seconds(shots[start].first_frame, shots[end].last_frame)
    is_long = content_seconds >= settings.whole_under_seconds - _ROUNDING
    shown = [shot for shot in shots[start : end + 1] if _no_action(shot) is None]
    ranges_by_shot = _divide_shots(shown, clock, settings, is_long=is_long)
    least_seconds = settings.segment_min_seconds if is_long else settings.min_seconds
    segments = []
    for number, shot in enumerate(shots):
        no_action = _no_action(shot)
        if number < start or number > end:
            segments.append(_rejected(shot, f"{'intro' if number < start else 'outro'}: {no_action}"))
        elif no_action is not None:
            segments.append(_rejected(shot, no_action))
        elif ranges_by_shot[shot.shot_id]:
            segments += [
                Segment(*frames, shot.shot_id, _too_short(seconds(*frames), least_seconds))
                for frames in ranges_by_shot[shot.shot_id]
            ]
        elif (too_short := _too_short(seconds(shot.first_frame, shot.last_frame), least_seconds)) is not None:
            segments.append(_rejected(shot, too_short))
        else:
            reason = f"no parts of up to {settings.segment_max_seconds:g} s: uneven frame times"
            segments.append(_rejected(shot, reason))
    return _keep_evenly_spread(segments, settings.segments_max)


def _no_action(shot: Shot) -> str | None:
    """Return why a shot shows no action; None if it may show some."""
    if shot.still:
        return "nothing moves"
    return "a title or end card" if shot.card else None


def _too_short(seconds: float, least_seconds: float) -> str | None:
    return f"{seconds:.2f} s < {least_seconds:g} s" if seconds < least_seconds - _ROUNDING else None


def _rejected(shot: Shot, reason: str) -> Segment:
    return Segment(shot.first_frame, shot.last_frame, shot.shot_id, reason)


def _divide_shots(
    shots: list[Shot], clock: _Clock, settings: ClipSettings, *, is_long: bool
) -> dict[str, list[Frames]]:
    """Return shot id -> its segments: none for a short shot; at least `segments_min` in all where the video is long."""
    least_seconds = settings.segment_min_seconds if is_long else settings.min_seconds
    ranges: dict[str, list[Frames]] = {}
    for shot in shots:
        too_short = _too_short(clock.seconds(shot.first_frame, shot.last_frame), least_seconds)
        ranges[shot.shot_id] = _fewest_segments(shot, clock, settings) if too_short is None else []
    # Too few segments: divide the shot whose pieces stay longest, until there are enough or the pieces would be too
    # short. Shots of 12 s and 9 s, one segment each, with segments_min = 3: two of 6 s beat two of 4.5 s.
    while is_long and sum(map(len, ranges.values())) < settings.segments_min:
        finer = {s.shot_id: clock.divide(s, len(ranges[s.shot_id]) + 1) for s in shots if ranges[s.shot_id]}
        shortest = {
            name: min(clock.seconds(*frames) for frames in divided)
            for name, divided in finer.items()
            if len(divided) > len(ranges[name])
        }
        best = max(shortest, key=lambda name: shortest[name], default=None)
        if best is None or shortest[best] < least_seconds - _ROUNDING:
            break
        ranges[best] = finer[best]
    return ranges


def _fewest_segments(shot: Shot, clock: _Clock, settings: ClipSettings) -> list[Frames]:
    """Return the fewest parts of like length of a shot that are all short enough; [] where held frames prevent it."""
    # Even frame times need ceil(t / max) parts: 45 s with at most 20 s -> 3 of 15 s. Uneven ones may need more, up to
    # _UNEVEN times as many; a frame that is held for longer stays too long however finely its shot is divided.
    longest_seconds = settings.segment_max_seconds + _ROUNDING
    if any(clock.seconds(frame, frame) > longest_seconds for frame in range(shot.first_frame, shot.last_frame + 1)):
        return []
    frames = shot.last_frame - shot.first_frame + 1
    most = _UNEVEN * ceil(max(1.0, clock.seconds(shot.first_frame, shot.last_frame) / longest_seconds))
    for count in range(1, min(frames, most) + 1):
        divided = clock.divide(shot, count)
        if all(clock.seconds(*segment) <= longest_seconds for segment in divided):
            return divided
    return []


def _keep_evenly_spread(segments: list[Segment], most: int) -> list[Segment]:
    """Keep `most` proposals, spread evenly over the video; the others are rejected by that rule."""
    proposed = [number for number, segment in enumerate(segments) if segment.reason is None]
    if len(proposed) <= most:
        return segments
    # Of n proposals the ones at round(k * (n - 1) / (most - 1)): n = 7, most = 4 -> 0, 2, 4 and 6.
    kept_numbers = {proposed[round(position * (len(proposed) - 1) / max(most - 1, 1))] for position in range(most)}
    return [
        segment
        if segment.reason is not None or number in kept_numbers
        else replace(segment, reason=f"beyond {most} segments")
        for number, segment in enumerate(segments)
    ]


def _clip(source: Source, media: Media, segment: Segment, times: Sequence[float], ends: Sequence[float]) -> Clip:
    return Clip(
        clip_id=clip_id(media.media_id, segment.first_frame, segment.last_frame),
        source_id=source.source_id,
        media_id=media.media_id,
        shot_id=segment.shot_id,
        label=source.label,
        # A source without a group is a group of its own file: its clips still never part.
        group=source.group or f"media-{media.media_id[:12]}",
        first_frame=segment.first_frame,
        last_frame=segment.last_frame,
        start_s=times[segment.first_frame],
        end_s=ends[segment.last_frame],
        state="proposed" if segment.reason is None else "rejected",
        decided_by=None if segment.reason is None else "rule",
        reason=segment.reason,
    )
