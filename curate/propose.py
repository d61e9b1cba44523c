"""Propose clips by the paper's rules (MEI paper 4.1.2): pure, from shots and times to pieces.

Title and end cards (still shots at the ends) are left off. Videos under 20 s are kept whole inside their
shots; longer ones give 2-4 segments of 5-20 s. What is not proposed comes back with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from slateboard.records.clip import Clip, clip_id
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import Clips

VERSION = 1
"""Of the rules: a new version proposes anew what nobody has decided."""

# Times are floats: 10 frames of a tenth of a second each are to count as a second.
_ROUNDING = 1e-6


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

    moving = [number for number, shot in enumerate(shots) if not shot.still]
    if not moving:
        return [Piece(shot.first_frame, shot.last_frame, shot.shot_id, "nothing moves") for shot in shots]
    content = shots[moving[0] : moving[-1] + 1]
    length = seconds(content[0].first_frame, content[-1].last_frame)
    least, most = settings.min_seconds, settings.segment_max_seconds
    if length >= settings.whole_under_seconds - _ROUNDING:
        least = settings.segment_min_seconds
    pieces = []
    for shot in content:
        span = seconds(shot.first_frame, shot.last_frame)
        if shot.still:
            pieces.append(Piece(shot.first_frame, shot.last_frame, shot.shot_id, "nothing moves"))
        elif span < least - _ROUNDING:
            reason = f"{span:.2f} s < {least:g} s"
            pieces.append(Piece(shot.first_frame, shot.last_frame, shot.shot_id, reason))
        else:
            pieces += _divided(shot, ceil(span / most - _ROUNDING))
    return _at_most(pieces, settings.segments_max)


def _divided(shot: Shot, parts: int) -> list[Piece]:
    """Divide a shot into parts that differ by one frame at most."""
    frames = shot.last_frame - shot.first_frame + 1
    edges = [shot.first_frame + frames * part // parts for part in range(parts + 1)]
    return [Piece(first, end - 1, shot.shot_id) for first, end in pairwise(edges)]


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
