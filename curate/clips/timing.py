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
from slateboard.media.rates import steady_rate, usual_rate
from slateboard.records.clip import Clip
from slateboard.settings import ClipSettings

Mode = Literal["frames", "time"]

_TOLERANCE_SHARE = Fraction(1, 200)


@dataclass(frozen=True)
class FrameTimeline:
    """When a player shows a media's frames, and how its clips are timed."""

    ticks: Sequence[int]
    """Times of all decoded frames on the player's clock, in order, in units of `time_base`."""
    time_base: Fraction
    """Seconds of one tick."""
    spacing_hz: Fraction
    """Rate at which frames follow each other: the one that their times have; where they have none, the header's."""
    mode: Mode
    rate_hz: Fraction
    """Of the clips."""
    last_seconds: Fraction
    """How long the file's last frame is shown."""
    by_setting: bool
    """The mode is the settings', whatever the times are."""


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
    """How long a player shows the span, by the source's own times: to where the next frame begins."""
    by_setting: bool
    """The mode is the settings', whatever the times are."""

    @property
    def is_exact(self) -> bool:
        """Whether every frame of the span is shown once, in order."""
        return len(self.shown) == self.shown[-1] - self.shown[0] + 1 and not self.dropped

    @property
    def doubled(self) -> int:
        """Frames of the clip that repeat the one before."""
        return len(self.shown) - len(set(self.shown))


def tolerance_seconds(seconds: float, rate_hz: Fraction | float) -> float:
    """Return by how much a clip may be longer or shorter than what a player shows: a frame and 0.5 %."""
    # 10 s at 25 Hz: 0.04 + 0.05 = 0.09 s. A clip of whole frames is off by half a frame at most; the share allows for
    # clocks that differ slightly, as 29.97 for 30.
    return float(1 / rate_hz) + float(_TOLERANCE_SHARE) * seconds


def frame_timeline(
    ticks: Sequence[int],
    time_base: Fraction,
    nominal_hz: Fraction,
    *,
    settings: ClipSettings,
    last_seconds: Fraction | None = None,
) -> FrameTimeline:
    """Decide how clips of a media are timed; raise SlateboardError where no clip can have its rate.

    `ticks` must not fall from frame to frame; `last_seconds` is how long the last frame is shown, None: a usual step.
    """
    # Where all steps are the same, each frame once is what a player shows, at the rate of the steps. A file that lost
    # frames (JHMDB one in six: 40 frames over 48 places of a 30 Hz clock) lasts 1.6 s to a player and 1.33 s to whoever
    # counts its frames: the settings say so where these are wanted.
    _check_rate(nominal_hz)
    steady_hz = steady_rate(ticks, time_base, nominal_hz)
    by_time = settings.timing == "time" or (settings.timing == "auto" and steady_hz is None)
    has_steps = ticks[-1] > ticks[0]
    if settings.frame_rate_hz is not None:
        rate_hz = Fraction(settings.frame_rate_hz).limit_denominator(1001)
    elif steady_hz is not None or not by_time or not has_steps:
        rate_hz = steady_hz or nominal_hz
    else:
        rate_hz = usual_rate(ticks, time_base)
    _check_rate(rate_hz)
    usual_step = median(later - earlier for earlier, later in pairwise(ticks)) if has_steps else 0
    return FrameTimeline(
        ticks=ticks,
        time_base=time_base,
        spacing_hz=steady_hz or nominal_hz,
        mode="time" if by_time else "frames",
        rate_hz=rate_hz,
        last_seconds=1 / steady_hz if steady_hz else last_seconds or Fraction(usual_step) * time_base or 1 / nominal_hz,
        by_setting=settings.timing != "auto",
    )


def settings_as_cut(settings: ClipSettings, clips: Sequence[Clip], *, nominal_hz: float) -> ClipSettings:
    """Return the settings under which released clips of one media, whose frames and rate are known, come out again."""
    # Until rates were read off the times, `auto` counted the frames of files that lost some: 40 of 40 at the header's
    # 30 Hz, where 48 are cut today. Clips of steady files come out the same either way.
    is_counted = all(
        clip.frames == clip.last_frame - clip.first_frame + 1 and abs((clip.fps or 0) - nominal_hz) < 1e-6
        for clip in clips
    )
    if settings.timing != "auto" or settings.frame_rate_hz is not None or not is_counted:
        return settings
    return settings.model_copy(update={"timing": "frames"})


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
    # To a player the span ends where the next frame begins; after the file's last frame, when that has been shown.
    # Ticks 0, 40, 80, 120 in ms at 25 Hz: frames 1..2 last from 40 to 120 ms, frames 1..3 from 40 to 160 ms.
    ticks, count = timeline.ticks, last_frame - first_frame + 1
    if last_frame + 1 == len(ticks):
        span = (ticks[last_frame] - ticks[first_frame]) * timeline.time_base + timeline.last_seconds
    else:
        span = (ticks[last_frame + 1] - ticks[first_frame]) * timeline.time_base
    length = span if timeline.mode == "time" else count / timeline.spacing_hz
    most_frames = most_frames or current_limits().max_frames
    if length * timeline.rate_hz > most_frames:
        rate = f"{float(timeline.rate_hz):.3g} frames a second"
        raise SlateboardError(f"{float(length):.0f} s at {rate} are over max_frames = {most_frames}.")
    if timeline.mode == "time":
        starts = [(tick - ticks[first_frame]) * timeline.time_base for tick in ticks[first_frame : last_frame + 1]]
        shown = _frames_on_show(starts, length, timeline.rate_hz)
    elif timeline.rate_hz != timeline.spacing_hz:
        shown = _frames_on_show([index / timeline.spacing_hz for index in range(count)], length, timeline.rate_hz)
    else:
        shown = list(range(count))
    return Timing(
        mode=timeline.mode,
        rate_hz=timeline.rate_hz,
        spacing_hz=timeline.spacing_hz,
        shown=tuple(first_frame + index for index in shown),
        dropped=count - len(set(shown)),
        source_seconds=float(span),
        by_setting=timeline.by_setting,
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
