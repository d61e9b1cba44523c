"""Decide when each frame of a clip is shown: every decoded frame once, or as a player would, at a constant rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Literal

from slateboard.errors import SlateboardError
from slateboard.limits import current_limits
from slateboard.media.bounds import FASTEST_HZ, SLOWEST_HZ
from slateboard.settings import Clips

Mode = Literal["frames", "time"]

_OFF_CLOCK = Fraction(1, 10)
"""Of a frame's distance: more than this beside a whole number of distances, and the frame was not on the clock."""

_LEAST_COVER = Fraction(3, 4)
"""JHMDB lost one frame in six and is a clip all the same; a still shown for seconds is not a lost frame."""

_NEAR = Fraction(3, 100)
_USUAL = tuple(
    Fraction(*rate)
    for rate in ((10, 1), (12, 1), (15, 1), (20, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1),
                 (50, 1), (60000, 1001), (60, 1), (120, 1))
)  # fmt: skip


@dataclass(frozen=True)
class Pace:
    """When the frames of a media come, and how its clips are to be timed."""

    pts: Sequence[int]
    """Of every decoded frame."""
    time_base: Fraction
    """Seconds of one tick of `pts`."""
    nominal_hz: Fraction
    mode: Mode
    rate_hz: Fraction
    """Of the clips."""


@dataclass(frozen=True)
class Timing:
    """Which frame of the source each frame of a clip shows."""

    mode: Mode
    """frames: the source's frames follow each other at `spacing_hz`; time: they come at their own times."""
    rate_hz: Fraction
    """Of the clip."""
    spacing_hz: Fraction
    shown: tuple[int, ...]
    """0-based index in the source, for each frame of the clip."""
    dropped: int
    """Frames of the source that are never shown."""
    source_seconds: float
    """From the first frame's time to the end of the last one's, by the source's own clock."""

    @property
    def exact(self) -> bool:
        """Is every frame shown once, in order?"""
        return len(self.shown) == self.shown[-1] - self.shown[0] + 1 and not self.dropped

    @property
    def doubled(self) -> int:
        """Frames of the clip that repeat the one before."""
        return len(self.shown) - len(set(self.shown))


def rises(pts: Sequence[int]) -> bool:
    """Does time go forward from frame to frame? (In AVI files with packed B-frames it does not.)"""
    return all(later > earlier for earlier, later in pairwise(pts))


def varies(pts: Sequence[int], time_base: Fraction, nominal_hz: Fraction) -> bool:
    """Were the frames taken when they came, and not by a clock of the nominal rate?

    A file whose frames all stand on that clock is constant: if a few are missing, they were lost (every JHMDB clip
    lost one in six), and its users count frames. Only where a quarter of the time or more has no frame, or a frame
    stands beside the clock, are the times themselves the content. Times that do not rise say nothing.
    """
    if len(pts) < 2 or not rises(pts):
        return False
    # One tick of the clock of the file is its own rounding (Matroska: 1 ms).
    slack = max(_OFF_CLOCK, time_base * nominal_hz)
    steps = [ticks * time_base * nominal_hz for ticks in {later - earlier for earlier, later in pairwise(pts)}]
    on_clock = all(round(step) >= 1 and abs(step - round(step)) <= slack for step in steps)
    return not on_clock or len(pts) - 1 < _LEAST_COVER * (pts[-1] - pts[0]) * time_base * nominal_hz


def usual_rate(pts: Sequence[int], time_base: Fraction) -> Fraction:
    """Return the usual rate nearest to the one of most frames, or that one itself if none is within 3 %."""
    found = 1 / (Fraction(median(later - earlier for earlier, later in pairwise(pts))) * time_base)
    nearest = min(_USUAL, key=lambda rate: abs(rate - found))
    return nearest if abs(nearest - found) <= _NEAR * found else found.limit_denominator(1001)


def pace(pts: Sequence[int], time_base: Fraction, nominal_hz: Fraction, *, settings: Clips) -> Pace:
    """Decide how clips of a media are timed; raise SlateboardError if its times cannot serve as the settings want."""
    if settings.timing == "time" and not rises(pts):
        raise SlateboardError('the times of its frames do not rise. Set [clips] timing = "frames" or "auto".')
    by_time = settings.timing == "time" or (settings.timing == "auto" and varies(pts, time_base, nominal_hz))
    _check_rate(nominal_hz)
    if settings.frame_rate_hz is not None:
        rate = Fraction(settings.frame_rate_hz).limit_denominator(1001)
    else:
        rate = usual_rate(pts, time_base) if by_time and len(pts) > 1 else nominal_hz
        _check_rate(rate)
    return Pace(pts, time_base, nominal_hz, "time" if by_time else "frames", rate)


def _check_rate(rate_hz: Fraction) -> None:
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise SlateboardError(
            f"it claims {float(rate_hz):.3g} frames a second, which no clip can have. Leave it out, or write the "
            "original anew with a usual rate."
        )


def timing(of: Pace, first_frame: int, last_frame: int, *, most_frames: int | None = None) -> Timing:
    """Return what a clip of frames first..last shows; raise SlateboardError where it would have more than may be."""
    pts, count = of.pts, last_frame - first_frame + 1
    is_last = last_frame + 1 == len(pts)
    end = pts[last_frame] * of.time_base + 1 / of.nominal_hz if is_last else pts[last_frame + 1] * of.time_base
    span = end - pts[first_frame] * of.time_base
    length = span if of.mode == "time" else count / of.nominal_hz
    most_frames = most_frames or current_limits().max_frames
    if length * of.rate_hz > most_frames:
        raise SlateboardError(
            f"{float(length):.0f} s at {float(of.rate_hz):.3g} frames a second are over max_frames = {most_frames}."
        )
    if of.mode == "time":
        starts = [(tick - pts[first_frame]) * of.time_base for tick in pts[first_frame : last_frame + 1]]
        shown = _shown(starts, length, of.rate_hz)
    elif of.rate_hz != of.nominal_hz:
        shown = _shown([index / of.nominal_hz for index in range(count)], length, of.rate_hz)
    else:
        shown = list(range(count))
    return Timing(
        mode=of.mode,
        rate_hz=of.rate_hz,
        spacing_hz=of.nominal_hz,
        shown=tuple(first_frame + index for index in shown),
        dropped=count - len(set(shown)),
        source_seconds=float(span),
    )


def _shown(starts: Sequence[Fraction], length: Fraction, rate_hz: Fraction) -> list[int]:
    """Return the frame on show in the middle of each frame of the clip.

    In the middle and not at its start: a time that was rounded by a tick then moves nothing.
    """
    slots = [_half_up(start * rate_hz) for start in starts]
    shown, index = [], 0
    for slot in range(max(1, _half_up(length * rate_hz))):
        while index + 1 < len(slots) and slots[index + 1] <= slot:
            index += 1
        shown.append(index)
    return shown


def _half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
