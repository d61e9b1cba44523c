"""The player's clock: seconds from the start of a container at which a player shows each picture.

Time stamps begin where a capture began, have holes, and begin anew where pieces were put together. A player counts from
the earliest start of any stream, sound included, and plays on where they break off; so does this clock.
"""

from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from slateboard.media import bounds

_ANEW_SECONDS = Fraction(1, 2)
"""Times that go back by more begin anew; by less they are out of order (AVI with packed B-frames: a frame or two)."""
_LEAP_SECONDS = Fraction(10)
"""Longest step in formats of broadcasts, whose times may leap anywhere: ffplay's `max_frame_duration` for them."""
_LEAD_SECONDS = Fraction(3600)
"""Longest time from the start of a container to its first picture: sound that begins earlier is of another clock."""

_NO_LIMIT = 2**63
_TS_DISCONT = 0x0200
"""AVFMT_TS_DISCONT, libavformat's flag of formats whose times may leap."""


class PlayerClock:
    """Places the pictures of one stream on the player's clock, in the order in which they are shown."""

    def __init__(self, *, start: Fraction | None, step: Fraction, leaps: bool = False) -> None:
        """Begin at the time stamp `start`, in seconds (None: at that of the first picture).

        `step` is the nominal distance of pictures in seconds; with `leaps` steps of over 10 s are no waiting.
        """
        self._start, self._step, self._leaps = start, step, leaps
        self._count = 0
        self._origin: Fraction | None = None
        """Time stamp in seconds at which the clock shows 0; None: no picture had one yet."""
        self._moment = Fraction(0)
        """When the picture before is shown."""
        self._pts = 0
        """Of the last picture that had one."""
        self._usual = step
        """Last step forward, in seconds."""
        self._left: Fraction | None = None
        """When the picture before the last long wait is shown; None: there was none."""
        self._back = self._most = 0
        """Least and greatest step that is none of a clock that begins anew, in ticks."""

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream) -> "PlayerClock":
        """Return the clock of an open file."""
        return cls(
            start=_container_start(container, stream),
            step=1 / bounds.nominal_rate_hz(stream),
            leaps=bool(container.format.flags & _TS_DISCONT),
        )

    def seconds(self, pts: int | None, time_base: Fraction) -> float:
        """Return when the next picture is shown, in seconds.

        `pts` is in units of `time_base` (seconds), the same for all pictures; None: the picture has no time stamp and
        is placed a nominal step behind the one before.
        """
        # 25 Hz in ticks of 1/90000 s, a TS of 4 s put behind itself: PTS 133200, 136800 ... 489600, then 133200 again
        # instead of 493200. That is 3.96 s back, so the origin moves from 1.48 s to 1.48 - (3.96 + 0.04) = -2.52 s, and
        # the picture is shown at 4 s.
        if pts is None:
            self._moment += self._step if self._count else 0
        else:
            time = pts * time_base
            if self._origin is None:
                self._begin(time, time_base)
            elif not self._back <= pts - self._pts <= self._most and not self._is_return(time):
                self._origin = time - self._moment - self._usual
            elif pts > self._pts:
                self._step_forward(pts, time_base)
            self._pts = pts
            self._moment = time - (self._origin or 0)
        self._count += 1
        return float(self._moment)

    def _step_forward(self, pts: int, time_base: Fraction) -> None:
        step = (pts - self._pts) * time_base
        if step > _LEAP_SECONDS:
            self._left = self._moment
        else:
            self._usual = step

    def _is_return(self, time: Fraction) -> bool:
        """Return whether a time resumes the clock from before a long wait, which was a stray time stamp then."""
        # 0, 40 ms, 3 h, 120 ms: the third is astray, and the fourth goes on from the second.
        if self._left is None or self._origin is None:
            return False
        return 0 < time - self._origin - self._left <= _LEAP_SECONDS

    def _begin(self, time: Fraction, time_base: Fraction) -> None:
        """Set the clock by the first picture with a time stamp, `time` in seconds."""
        lead = _LEAP_SECONDS if self._leaps else _LEAD_SECONDS
        if self._count:
            # Those before had none: it follows them.
            self._origin = time - self._moment - self._step
        elif self._start is not None and 0 <= time - self._start <= lead:
            self._origin = self._start
        else:
            self._origin = time
        self._back = -int(_ANEW_SECONDS / time_base)
        self._most = int(_LEAP_SECONDS / time_base) if self._leaps else _NO_LIMIT


def _container_start(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return the earliest start of a container's streams in seconds; None where it states none."""
    if container.start_time is None:
        return None
    # FFmpeg rounds it to microseconds: 1024 of 1/15360 s to 0.066667 s, which lies behind that picture. Taken is the
    # start of the stream that it was rounded from.
    rounded = Fraction(container.start_time, av.time_base)
    starts = [
        track.start_time * track.time_base
        for track in (stream, *container.streams)
        if track.start_time is not None and track.time_base is not None
    ]
    return next((start for start in starts if abs(start - rounded) * av.time_base <= 1), rounded)
