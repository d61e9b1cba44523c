"""The rate at which frames really follow each other, read off their times; what a header claims is one candidate."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from statistics import median

_OFF_STEP = Fraction(1, 10)
"""In frame distances: what one step may differ from the steady one. Matroska's whole milliseconds at 120 Hz: 0.08."""

_OFF_CLOCK = Fraction(1, 4)
"""In frame distances: what any frame may be off the clock of the whole file; a clip is then right to half a frame."""

_NEAR_RATE = Fraction(1, 200)
"""A claimed rate this close to that of the times is believed: steps of cameras jitter."""

_STRAY_SECONDS = 0.5
"""A picture that claims to be shown by so much later than one behind it has a stray time stamp."""

_COMMON_TOLERANCE = Fraction(3, 100)
_COMMON_RATES_HZ = tuple(
    Fraction(*rate)
    for rate in ((10, 1), (12, 1), (15, 1), (20, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1),
                 (50, 1), (60000, 1001), (60, 1), (120000, 1001), (120, 1))
)  # fmt: skip
_FINEST = 1001
"""Largest denominator of a rate: that of 30000/1001."""


def is_increasing(ticks: Sequence[int]) -> bool:
    """Return whether times increase strictly from frame to frame (in AVI files with packed B-frames they do not)."""
    return all(later > earlier for earlier, later in pairwise(ticks))


def steady_rate(ticks: Sequence[int], time_base: Fraction, nominal_hz: Fraction) -> Fraction | None:
    """Return the rate in Hz at which all frames follow each other; None where they follow no clock, or some are lost.

    `ticks` are the times of all frames in units of `time_base` (seconds). One frame has the nominal rate.
    """
    if len(ticks) < 2:
        return nominal_hz
    if not is_increasing(ticks):
        return None
    # Mean rate of n frames that span T ticks: (n - 1) / T. Each end may be rounded by half a tick, so that the rate
    # lies between (n - 1) / (T + 1) and (n - 1) / (T - 1). MPEG cut by time, claimed as 26 Hz, 77 frames 640 ticks of
    # 1/16000 s apart: 24.9995 to 25.0005 -> 26 is not among them, 25 is. Delays of 2 and 3 hundredths in a GIF fit
    # 40 Hz in the mean, and each step is a fifth off: no clock.
    low, mean, high = _mean_rates(ticks, time_base)
    candidates = [nominal_hz] if low <= nominal_hz <= high or abs(nominal_hz - mean) <= _NEAR_RATE * mean else []
    candidates += sorted((rate for rate in _COMMON_RATES_HZ if low <= rate <= high), key=lambda rate: abs(rate - mean))
    candidates.append(_simplest(low, mean, high))
    return next((rate for rate in candidates if _is_on_clock(ticks, time_base * rate)), None)


def usual_rate(ticks: Sequence[int], time_base: Fraction) -> Fraction:
    """Return the common frame rate nearest to the usual rate of the times in Hz, or that if none is within 3 %.

    At least one time must be greater than the one before.
    """
    # Steps of two ticks or more that differ by one are one step, rounded: the mean counts. 3, 3, 4 hundredths -> 30 Hz;
    # 2, 3, 2, 3 -> 40 Hz, which is no common rate. Else the median counts, which is robust against lost frames: steps
    # of 33, 34, 33, 67, 51 ms -> 34 ms -> 29.4 Hz -> 30000/1001; of 1, 1, 2, 1 thirtieths (JHMDB) -> 30 Hz.
    # Frames of one time are one to a player.
    ticks = [ticks[0], *(later for earlier, later in pairwise(ticks) if later > earlier)]
    steps = [later - earlier for earlier, later in pairwise(ticks)]
    if min(steps) >= 2 and max(steps) - min(steps) <= 1:
        low, mean, high = _mean_rates(ticks, time_base)
        rate_hz = _simplest(low, mean, high)
    else:
        rate_hz = 1 / (Fraction(median(steps)) * time_base)
    nearest = min(_COMMON_RATES_HZ, key=lambda rate: abs(rate - rate_hz))
    is_common = abs(nearest - rate_hz) <= _COMMON_TOLERANCE * rate_hz
    return nearest if is_common else rate_hz.limit_denominator(_FINEST)


def in_order(seconds: Sequence[float]) -> list[float]:
    """Return times that do not fall, of pictures that are shown in this order whatever their time stamps say."""
    # Two kinds of disorder. A picture or two out of place (packed B-frames): 0, 80, 40, 120 ms are shown at 0, 40, 80
    # and 120 ms. A stray one, half a second or more after those that follow: 0, 40 ms, 3 h, 120 ms are shown at 0, 40,
    # 80 and 120 ms, it in the middle between its neighbours.
    if all(later >= earlier for earlier, later in pairwise(seconds)):
        return list(seconds)
    followed = [*accumulate(reversed(seconds), min)][::-1]
    placed: list[float] = []
    for moment, least in zip(seconds, [*followed[1:], seconds[-1]], strict=True):
        is_stray = moment - least > _STRAY_SECONDS
        placed.append((placed[-1] + least) / 2 if is_stray and placed else min(moment, least) if is_stray else moment)
    return sorted(placed)


def ticks_of(seconds: Sequence[float], time_base: Fraction) -> list[int]:
    """Return times that do not fall as whole ticks after the first; they were ticks times `time_base` once."""
    # 0.0333667 s over 1/30000 s: 1001.0001 -> 1001.
    return [round((moment - seconds[0]) / float(time_base)) for moment in seconds]


def last_step(ticks: Sequence[int], time_base: Fraction, nominal_hz: Fraction, *, claimed: int, most_s: float) -> float:
    """Return for how many seconds the last frame is shown.

    `claimed` is what the file says of it, in ticks (0: nothing); it is believed up to `most_s` seconds.
    """
    # A steady file goes on as it came. Else the file's own word: the delay of a GIF, the last sample of an mp4; else a
    # usual step.
    steady_hz = steady_rate(ticks, time_base, nominal_hz)
    if steady_hz is not None:
        return float(1 / steady_hz)
    if 0 < claimed * time_base <= most_s:
        return float(claimed * time_base)
    usual = median(later - earlier for earlier, later in pairwise(ticks))
    return float(usual * time_base) if usual > 0 else float(1 / nominal_hz)


def _mean_rates(ticks: Sequence[int], time_base: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Return (least, likeliest, greatest) mean rate in Hz that the rounding of the first and last time leaves open."""
    count, span = len(ticks) - 1, ticks[-1] - ticks[0]
    least_span = max(Fraction(span - 1), Fraction(1, 2))
    return count / ((span + 1) * time_base), count / (span * time_base), count / (least_span * time_base)


def _simplest(low: Fraction, mean: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the least denominator near the mean that lies between low and high."""
    # 39.7 to 41.1, mean 40.35 -> 40; 29.9695 to 29.9705, mean 29.97 -> 989/33.
    for denominator in range(1, _FINEST + 1):
        rate = mean.limit_denominator(denominator)
        if low <= rate <= high:
            return rate
    return mean


def _is_on_clock(ticks: Sequence[int], distance_per_tick: Fraction) -> bool:
    """Return whether every frame is where a clock of this many frame distances a tick has it."""
    # place_i = (ticks_i - ticks_0) * d. Steps: |place_{i+1} - place_i - 1| <= 1/10; places: |place_i - i| <= 1/4. At
    # 25 Hz, in ms (d = 1/40): 0, 40, 81, 120 -> steps 1, 1.025, 0.975: on the clock. 0, 40, 80, 160 -> a step of 2: one
    # frame lost. Steps of 41 ms for ever: place 10 is 10.25, place 11 is 11.275: another rate.
    if any(abs(step * distance_per_tick - 1) > _OFF_STEP for step in {b - a for a, b in pairwise(ticks)}):
        return False
    over, under = distance_per_tick.numerator, distance_per_tick.denominator
    # In whole numbers: |(ticks_i - ticks_0) * over / under - i| <= 1/4.
    start, most = ticks[0], _OFF_CLOCK.numerator * under
    return all(
        _OFF_CLOCK.denominator * abs((tick - start) * over - index * under) <= most for index, tick in enumerate(ticks)
    )
