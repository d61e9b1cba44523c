"""Limits on what a file may make a decoder do; the claims of its header are checked before anything is decoded.

Headers are written by anybody. A picture of 30000 x 30000, 2,000 streams, a frame every three years: what is over a
limit ends in a state before anything is allocated for it, and a rate or an aspect that no video has counts as unknown.
"""

from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from slateboard.media.errors import Unreadable
from slateboard.records.source import State
from slateboard.settings import Limits

SLOWEST_HZ, FASTEST_HZ = Fraction(1, 100), Fraction(1000)
"""Rates that a video can have; a time lapse has the least of them."""
_USUAL_HZ = Fraction(25)
_WIDEST_PIXEL = 16
"""Width of a pixel over its height, or the inverse; anamorphic film has 2, a wrong header 65535."""
_PADDING = Fraction(9, 8)
"""Decoders pad sides to whole blocks: 1080 lines are 1088 for them."""


def demuxer_options(limits: Limits) -> dict[str, str]:
    """Return options of libavformat: one stream over the limit is opened at most, so that it is seen to be over."""
    return {"max_streams": str(limits.max_streams + 1)}


def decoder_options(limits: Limits) -> dict[str, str]:
    """Return options of libavcodec: a larger picture is an error before memory is taken for it."""
    return {"max_pixels": str(int(limits.max_pixels * _PADDING))}


def check_streams(name: str, count: int, limits: Limits) -> None:
    """Raise Unreadable where a file holds more streams (sound, subtitles and attachments too) than it may."""
    if count > limits.max_streams:
        raise Unreadable(f"{name} has more than max_streams = {limits.max_streams} streams.", State.TOO_LARGE)


def check_pixels(name: str, width: int, height: int, limits: Limits) -> None:
    """Raise Unreadable where a picture is larger than it may be."""
    if width * height > limits.max_pixels:
        what = f"{name}: pictures of {width} x {height} are over max_pixels = {limits.max_pixels}."
        raise Unreadable(what, State.TOO_LARGE)


def check_frames(name: str, count: int, limits: Limits) -> None:
    """Raise Unreadable where more frames decode than may."""
    if count > limits.max_frames:
        raise Unreadable(f"{name} has more than max_frames = {limits.max_frames} frames.", State.TOO_LONG)


def check_seconds(name: str, seconds: float, limits: Limits) -> None:
    """Raise Unreadable where a file claims to be longer, or a frame to come later, than may be."""
    if not abs(seconds) <= limits.max_duration_seconds:
        what = f"{name} claims to last {seconds:.0f} s: over max_duration_seconds = {limits.max_duration_seconds:g}."
        raise Unreadable(what, State.TOO_LONG)


def nominal_rate_hz(stream: VideoStream) -> Fraction:
    """Return the frames per second that a header states; 25 where it states none that a video can have."""
    # FFmpeg's avg_frame_rate, av_guess_frame_rate (which asks the codec too) and r_frame_rate, the lowest rate that can
    # express every time stamp: the first that a video can have.
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and SLOWEST_HZ <= rate <= FASTEST_HZ:
            return Fraction(rate)
    return _USUAL_HZ


def pixel_aspect(stream: VideoStream) -> float:
    """Return the width of a pixel over its height; 1 where the file states none that a pixel can have."""
    aspect = stream.sample_aspect_ratio
    if not aspect or not Fraction(1, _WIDEST_PIXEL) <= aspect <= _WIDEST_PIXEL:
        return 1.0
    return float(aspect)


def checked_picture(path: Path, picture: VideoFrame, number: int, limits: Limits) -> VideoFrame:
    """Return the picture of this 0-based number if it is within the limits; raise Unreadable otherwise."""
    check_frames(path.name, number + 1, limits)
    check_pixels(path.name, picture.width, picture.height, limits)
    return picture
