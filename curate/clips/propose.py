"""Propose clips by the paper's rules (MEI paper 4.1.2): pure, from shots and times to pieces.

Intro and outro (still shots and cards at the ends) are left off. Videos under 20 s are kept whole inside their
shots; longer ones give 2-4 segments of 5-20 s. No piece holds frames of two shots. What is not proposed comes back
with its reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

from curate.analysis.camera import camera_of
from curate.analysis.quality import flags
from slateboard.records.clip import Clip, clip_id
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import Clips

VERSION = 2
"""Of the rules: a new version proposes anew what nobody has decided."""

# Times are floats: 10 frames of a tenth of a second each are to count as a second.
_ROUNDING = 1e-6

_UNEVEN = 8
"""Parts into which a shot is divided at most, as a multiple of those that even frame times would need."""

Seconds = Callable[[int, int], float]
"""Length of a run of frames, given its first and last."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Piece:
    """A run of frames and why it is no proposal (None: it is one)."""

    first: int
    last: int
    shot_id: str | None
    reason: str | None = None


def propose(source: Source, media: Media, shots: Sequence[Shot], times: Sequence[float], settings: Clips) -> list[Clip]:
    """Return the clips of one source: proposed ones, and rejected ones with the rule that rejected them.

    `times` are the seconds of every decoded frame; `shots` hold every frame once.
    """
    wanted = [
        index
        for index, seconds in enumerate(times)
        if seconds >= (source.start_s or 0) and (source.end_s is None or seconds < source.end_s)
    ]
    if not wanted:
        return []
    if settings.rule == "whole":
        inside = [shot for shot in shots if shot.first_frame <= wanted[0] and shot.last_frame >= wanted[-1]]
        pieces = [Piece(wanted[0], wanted[-1], inside[0].shot_id if inside else None)]
    else:
        pieces = _by_the_paper(_clipped(shots, wanted[0], wanted[-1]), times, settings, step=1 / media.fps)
    return [_clip(source, media, piece, times) for piece in pieces]


def described(clip: Clip, *, camera: Rows, quality: Rows) -> Clip:
    """Return a clip with what was observed of its frames; without observations the camera stays unknown."""
    seen = {
        "camera": camera_of(camera, clip.first_frame, clip.last_frame),
        "quality": flags(quality, clip.first_frame, clip.last_frame),
    }
    return clip.model_copy(update=seen)


def _clipped(shots: Sequence[Shot], first: int, last: int) -> list[Shot]:
    """Return the shots within a range of frames, cut at its ends."""
    return [
        shot.model_copy(update={"first_frame": max(first, shot.first_frame), "last_frame": min(last, shot.last_frame)})
        for shot in shots
        if shot.first_frame <= last and shot.last_frame >= first
    ]


def _by_the_paper(shots: list[Shot], times: Sequence[float], settings: Clips, *, step: float) -> list[Piece]:
    def seconds(first: int, last: int) -> float:
        return times[last] - times[first] + step

    content = [number for number, shot in enumerate(shots) if _empty(shot) is None]
    if not content:
        return [_left_out(shot, _empty(shot) or "") for shot in shots]
    start, end = content[0], content[-1]
    length = seconds(shots[start].first_frame, shots[end].last_frame)
    is_long = length >= settings.whole_under_seconds - _ROUNDING
    cuts = _cuts([shot for shot in shots[start : end + 1] if _empty(shot) is None], seconds, settings, is_long=is_long)
    least = settings.segment_min_seconds if is_long else settings.min_seconds
    pieces = []
    for number, shot in enumerate(shots):
        nothing = _empty(shot)
        if number < start or number > end:
            pieces.append(_left_out(shot, f"{'intro' if number < start else 'outro'}: {nothing}"))
        elif nothing is not None:
            pieces.append(_left_out(shot, nothing))
        elif cuts[shot.shot_id]:
            pieces += [Piece(first, last, shot.shot_id) for first, last in cuts[shot.shot_id]]
        elif (whole := seconds(shot.first_frame, shot.last_frame)) < least - _ROUNDING:
            pieces.append(_left_out(shot, f"{whole:.2f} s < {least:g} s"))
        else:
            pieces.append(_left_out(shot, f"no parts of up to {settings.segment_max_seconds:g} s: uneven frame times"))
    return _at_most(pieces, settings.segments_max)


def _empty(shot: Shot) -> str | None:
    """Return why a shot shows no action, if it shows none."""
    if shot.still:
        return "nothing moves"
    return "a title or end card" if shot.card else None


def _left_out(shot: Shot, reason: str) -> Piece:
    return Piece(shot.first_frame, shot.last_frame, shot.shot_id, reason)


def _cuts(shots: list[Shot], seconds: Seconds, settings: Clips, *, is_long: bool) -> dict[str, list[tuple[int, int]]]:
    """Return the segments of each shot: none for a short one; enough of them where the video is long."""
    least = settings.segment_min_seconds if is_long else settings.min_seconds
    cuts: dict[str, list[tuple[int, int]]] = {}
    for shot in shots:
        whole = seconds(shot.first_frame, shot.last_frame)
        cuts[shot.shot_id] = _short_enough(shot, seconds, settings) if whole >= least - _ROUNDING else []
    while is_long and sum(map(len, cuts.values())) < settings.segments_min:
        finer = {shot.shot_id: _divided(shot, len(cuts[shot.shot_id]) + 1) for shot in shots if cuts[shot.shot_id]}
        shortest = {name: min(seconds(*part) for part in parts) for name, parts in finer.items()}
        best = max(shortest, key=lambda name: shortest[name], default=None)
        if best is None or shortest[best] < least - _ROUNDING:
            break
        cuts[best] = finer[best]
    return cuts


def _short_enough(shot: Shot, seconds: Seconds, settings: Clips) -> list[tuple[int, int]]:
    """Return the fewest parts of a shot that are all short enough; none where its frames come too unevenly for that.

    A frame every three years is one part however finely it is divided.
    """
    longest = settings.segment_max_seconds + _ROUNDING
    frames = shot.last_frame - shot.first_frame + 1
    most = _UNEVEN * ceil(max(1.0, seconds(shot.first_frame, shot.last_frame) / longest))
    for parts in range(1, min(frames, most) + 1):
        divided = _divided(shot, parts)
        if all(seconds(*part) <= longest for part in divided):
            return divided
    return []


def _divided(shot: Shot, parts: int) -> list[tuple[int, int]]:
    """Divide a shot into parts, first to last frame, that differ by one frame at most."""
    frames = shot.last_frame - shot.first_frame + 1
    edges = [shot.first_frame + frames * part // parts for part in range(parts + 1)]
    return [(first, end - 1) for first, end in pairwise(edges)]


def _at_most(pieces: list[Piece], most: int) -> list[Piece]:
    """Keep `most` proposals, spread evenly over the video; the others are rejected by that rule."""
    proposed = [number for number, piece in enumerate(pieces) if piece.reason is None]
    if len(proposed) <= most:
        return pieces
    kept = {proposed[round(position * (len(proposed) - 1) / max(most - 1, 1))] for position in range(most)}
    return [
        piece
        if piece.reason is not None or number in kept
        else Piece(piece.first, piece.last, piece.shot_id, f"beyond {most} segments")
        for number, piece in enumerate(pieces)
    ]


def _clip(source: Source, media: Media, piece: Piece, times: Sequence[float]) -> Clip:
    end = times[piece.last + 1] if piece.last + 1 < len(times) else times[piece.last] + 1 / media.fps
    return Clip(
        clip_id=clip_id(media.media_id, piece.first, piece.last),
        source_id=source.source_id,
        media_id=media.media_id,
        shot_id=piece.shot_id,
        label=source.label,
        # A source without a group is a group of its own file: its clips still never part.
        group=source.group or f"media-{media.media_id[:12]}",
        first_frame=piece.first,
        last_frame=piece.last,
        start_s=times[piece.first],
        end_s=end,
        state="proposed" if piece.reason is None else "rejected",
        decided_by=None if piece.reason is None else "rule",
        reason=piece.reason,
    )
