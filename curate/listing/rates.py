"""Frame rates of the videos of an annotation file, where it counts frames: one for all of them, or one for each."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from curate.listing.annotations import frame_rate
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.registry import Parameter, Parameters

VIDEO_RATES_HZ = Parameter(
    "", "frames per second", "of single videos: a.mp4=25,b.mp4=30000/1001, or a JSON object of names and rates"
)
SLOWEST_HZ, FASTEST_HZ = 0.01, 10_000.0
"""Bounds of a rate in a file: a time lapse of one picture in 100 s, a high-speed camera."""


@dataclass(frozen=True)
class Rates:
    """The rates that were given with the command, in Hz."""

    for_all: float | None
    by_video: Mapping[str, float]
    """Name of a video, with or without its folders -> its rate; goes before `for_all`."""

    def of(self, video: str) -> float | None:
        """Return the rate of a video, None where none was given."""
        return self.by_video.get(video, self.by_video.get(video.rpartition("/")[2], self.for_all))


def read_rate(value: object) -> float | None:
    """Return a frame rate in Hz that is written as 25, "29.97" or "30000/1001"; None where it is none."""
    numerator, _, denominator = str(value).partition("/") if isinstance(value, int | float | str) else ("", "", "")
    try:
        rate = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if SLOWEST_HZ <= rate <= FASTEST_HZ else None


def given_rates(parameters: Parameters, *, videos: Collection[str], name: str) -> Rates:
    """Return the rates of `frame_rate_hz` and `video_rates_hz`; raises BadInput for one that is none or of no video."""
    for_all = frame_rate(parameters["frame_rate_hz"], name=name) if parameters["frame_rate_hz"] else None
    names = {*videos, *(video.rpartition("/")[2] for video in videos)}
    by_video, problems = {}, []
    for video, value in _pairs(str(parameters["video_rates_hz"]), name=name).items():
        rate = read_rate(value)
        if rate is None:
            what = f"video_rates_hz has {value!r} for {video!r}, which is no rate."
            problems.append(Problem(name, what, "Write frames per second, such as 25 or 30000/1001."))
        elif video not in names:
            problems.append(Problem(name, f"has no video {video!r}.", did_you_mean(video, sorted(names))))
        else:
            by_video[video] = rate
    if problems:
        raise BadInput(problems)
    return Rates(for_all, by_video)


def _pairs(text: str, *, name: str) -> Mapping[str, object]:
    """Return video -> rate, both as written."""
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise BadInput([Problem(name, "video_rates_hz is no JSON object.", 'Write {"a.mp4": 25, "b.mp4": 30}.')])
        return content
    # The last `=` divides, since a name may hold one: `a=b.mp4=25` is the video a=b.mp4 at 25 Hz.
    pairs = [pair.strip().rpartition("=") for pair in text.split(",") if pair.strip()]
    for video, sign, rate in pairs:
        if not sign or not video.strip():
            raise BadInput([Problem(name, f"video_rates_hz names no video for {rate!r}.", "Write a.mp4=25,b.mp4=30.")])
    return {video.strip(): rate.strip() for video, _, rate in pairs}
