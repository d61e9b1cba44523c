"""When a video ends: how long its last frame is shown, and whether that is where it was to end."""

from collections.abc import Sequence
from fractions import Fraction

from slateboard.media.frames import Frame
from slateboard.media.rates import last_step, ticks_of
from slateboard.records.media import Media
from slateboard.records.source import State

COMPLETE_SHARE = 0.9
"""A file that decodes to less than this share of the announced duration is truncated."""

_LEAST_BELIEVED_S = 10.0
"""A last frame that is said to be held for so long is believed even where no header says how long the video is."""


def last_seconds(media: Media, times: Sequence[float], last: Frame) -> float:
    """Return for how many seconds the last frame of a media is shown; `times` are the seconds of all, in order."""
    return last_step(
        ticks_of(times, last.time_base),
        last.time_base,
        Fraction(media.fps).limit_denominator(1001),
        claimed=last.duration,
        most_s=max(media.header_duration_s or 0.0, _LEAST_BELIEVED_S),
    )


def final_state(media: Media, errors: list[str], announced_s: float | None) -> tuple[State, str | None]:
    """Distinguish truncated files from files with isolated decode errors; return (state, reason).

    Headers are off by a few frames (in every JHMDB clip), so the header's duration counts only together with an error;
    the duration that the host announced counts alone.
    """
    # Of 10 s that the host announced 8.9 s decode: truncated, 9.1 s: fetched. Of 10 s in the header 8.9 s decode:
    # truncated if there was a decode error, else fetched. A host announces the whole: of 6 s, 4 s of pictures that
    # begin 2 s after the sound are all.
    seconds = media.duration_s or 0.0
    if announced_s is not None and media.start_s + seconds < COMPLETE_SHARE * announced_s:
        what = f"decodes {media.start_s + seconds:.2f} s of {announced_s:.2f} s that its host announced"
        return State.TRUNCATED, what
    if not errors:
        return State.FETCHED, None
    header = media.header_duration_s
    if header and seconds < COMPLETE_SHARE * header:
        return State.TRUNCATED, f"decodes {seconds:.2f} s of {header:.2f} s announced: {errors[0]}"
    return State.FETCHED, f"{len(errors)} decoding errors, frames there: {errors[0]}"
