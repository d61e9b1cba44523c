"""Decide which source frame each frame of a clip shows: every frame once, or as a player would at a constant rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Literal

from slateboard.errors import SlateboardError
from slateboard.limits import current_limits
from slateboard.media.bounds import FASTEST_HZ, SLOWEST_HZ
from slateboard.settings import ClipSettings

Mode = Literal["frames", "time"]

_OFF_CLOCK = Fraction(1, 10)
"""In frame distances: a step that is further than this from a whole number is not on the clock."""

_LEAST_COVER = Fraction(3, 4)
"""Least share of clock ticks with a frame. JHMDB lost one frame in six (0.83); a still shown for seconds is no loss."""

_RATE_TOLERANCE = Fraction(3, 100)
_COMMON_RATES_HZ = tuple(
    Fraction(*rate)
    for rate in ((10, 1), (12, 1), (15, 1), (20, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1),
                 (50, 1), (60000, 1001), (60, 1), (120, 1))
)  # fmt: skip


@dataclass(frozen=True)
class FrameTimeline:
    """Presentation times of a media's frames, and how its clips are timed."""

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
    def is_exact(self) -> bool:
        """Whether every frame of the span is shown once, in order."""
        return len(self.shown) == self.shown[-1] - self.shown[0] + 1 and not self.dropped

    @property
    def doubled(self) -> int:
        """Frames of the clip that repeat the one before."""
        return len(self.shown) - len(set(self.shown))


def is_increasing(pts: Sequence[int]) -> bool:
    """Return whether times increase strictly from frame to frame (in AVI files with packed B-frames they do not)."""
    return all(later > earlier for earlier, later in pairwise(pts))


def has_variable_rate(pts: Sequence[int], time_base: Fraction, nominal_hz: Fraction) -> bool:
    """Return whether the frame rate is variable: frames off the clock of the nominal rate, or long gaps in it.

    A file whose frames are all on that clock is constant: missing ones were lost (every JHMDB clip lost one in six),
    and its users count frames. Times that do not increase say nothing.
    """
    # step_i = (pts_{i+1} - pts_i) * time_base * nominal_hz, in frame distances. On the clock: |step_i - round(step_i)|
    # <= max(1/10, one tick) for all i. Cover: (n - 1) / sum(step_i), at least 3/4. At 25 Hz, in ms: 0, 40, 80, 160 ->
    # steps 1, 1, 2, cover 3/4: constant, one frame lost. 0, 40, 95 -> steps 1, 1.375: variable. 0, 40, 80, 1080 ->
    # steps 1, 1, 25, cover 3/27: variable, a still is shown for a second.
    if len(pts) < 2 or not is_increasing(pts):
        return False
    # One tick of the file's time base is its own rounding (Matroska: 1 ms).
    slack = max(_OFF_CLOCK, time_base * nominal_hz)
    steps = [ticks * time_base * nominal_hz for ticks in {later - earlier for earlier, later in pairwise(pts)}]
    on_clock = all(round(step) >= 1 and abs(step - round(step)) <= slack for step in steps)
    return not on_clock or len(pts) - 1 < _LEAST_COVER * (pts[-1] - pts[0]) * time_base * nominal_hz


def nearest_common_rate(pts: Sequence[int], time_base: Fraction) -> Fraction:
    """Return the common frame rate nearest to the median rate in Hz, or the median itself if none is within 3 %."""
    # The median step is robust against lost frames: steps of 33, 34, 33, 67 ms -> 33.5 ms -> 29.85 Hz -> 30000/1001.
    rate_hz = 1 / (Fraction(median(later - earlier for earlier, later in pairwise(pts))) * time_base)
    nearest = min(_COMMON_RATES_HZ, key=lambda rate: abs(rate - rate_hz))
    return nearest if abs(nearest - rate_hz) <= _RATE_TOLERANCE * rate_hz else rate_hz.limit_denominator(1001)


def frame_timeline(
    pts: Sequence[int], time_base: Fraction, nominal_hz: Fraction, *, settings: ClipSettings
) -> FrameTimeline:
    """Decide how clips of a media are timed; raise SlateboardError where the settings ask for times that it lacks."""
    if settings.timing == "time" and not is_increasing(pts):
        raise SlateboardError('the times of its frames do not rise. Set [clips] timing = "frames" or "auto".')
    by_time = settings.timing == "time" or (settings.timing == "auto" and has_variable_rate(pts, time_base, nominal_hz))
    _check_rate(nominal_hz)
    if settings.frame_rate_hz is not None:
        rate_hz = Fraction(settings.frame_rate_hz).limit_denominator(1001)
    else:
        rate_hz = nearest_common_rate(pts, time_base) if by_time and len(pts) > 1 else nominal_hz
        _check_rate(rate_hz)
    return FrameTimeline(pts, time_base, nominal_hz, "time" if by_time else "frames", rate_hz)


def _check_rate(rate_hz: Fraction) -> None:
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise SlateboardError(
            f"it claims {float(rate_hz):.3g} frames a second, which no clip can have. Leave it out, or write the "
            "original anew with a usual rate."
        )


def clip_timing(
    timeline: FrameTimeline, first_frame: int, last_frame: int, *, most_frames: int | None = None
) -> Timing:
    """Return what a clip of frames first_frame..last_frame shows; raise SlateboardError if it exceeds `most_frames`."""
    # By the source's clock the span ends where the next frame begins; after the file's last frame, one nominal distance
    # later. pts 0, 40, 80, 120 in ms at 25 Hz: frames 1..2 last from 40 to 120 ms, frames 1..3 from 40 to 160 ms.
    pts, count = timeline.pts, last_frame - first_frame + 1
    is_last = last_frame + 1 == len(pts)
    end = (
        pts[last_frame] * timeline.time_base + 1 / timeline.nominal_hz
        if is_last
        else pts[last_frame + 1] * timeline.time_base
    )
    span = end - pts[first_frame] * timeline.time_base
    length = span if timeline.mode == "time" else count / timeline.nominal_hz
    most_frames = most_frames or current_limits().max_frames
    if length * timeline.rate_hz > most_frames:
        rate = f"{float(timeline.rate_hz):.3g} frames a second"
        raise SlateboardError(f"{float(length):.0f} s at {rate} are over max_frames = {most_frames}.")
    if timeline.mode == "time":
        starts = [(tick - pts[first_frame]) * timeline.time_base for tick in pts[first_frame : last_frame + 1]]
        shown = _frames_on_show(starts, length, timeline.rate_hz)
    elif timeline.rate_hz != timeline.nominal_hz:
        shown = _frames_on_show([index / timeline.nominal_hz for index in range(count)], length, timeline.rate_hz)
    else:
        shown = list(range(count))
    return Timing(
        mode=timeline.mode,
        rate_hz=timeline.rate_hz,
        spacing_hz=timeline.nominal_hz,
        shown=tuple(first_frame + index for index in shown),
        dropped=count - len(set(shown)),
        source_seconds=float(span),
    )


def _frames_on_show(starts: Sequence[Fraction], length: Fraction, rate_hz: Fraction) -> list[int]:
    """Return for each frame of the clip the source frame on show in its middle, as index from the first."""
    # Frame k of a clip at rate r lasts over [k/r, (k+1)/r), its middle is (k + 1/2)/r. Source frame i, on show from
    # s_i, is seen in the middles of all k >= s_i * r - 1/2, so from k = floor(s_i * r + 1/2) on. In the middle and not
    # at the start, since there a time that was rounded by one tick would move a frame. 25 to 30 Hz: s * r = 0, 1.2,
    # 2.4, 3.6 -> slots 0, 1, 2, 4; length 0.16 s -> 5 frames, showing 0, 1, 2, 2, 3.
    slots = [_half_up(start * rate_hz) for start in starts]
    shown, index = [], 0
    for slot in range(max(1, _half_up(length * rate_hz))):
        while index + 1 < len(slots) and slots[index + 1] <= slot:
            index += 1
        shown.append(index)
    return shown


def _half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
