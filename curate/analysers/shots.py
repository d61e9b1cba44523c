"""Find shots: cuts by PySceneDetect's AdaptiveDetector, and whether anything moves between them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from slateboard.media.colour import rgb
from slateboard.media.frames import Frame
from slateboard.media.scale import scale
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameter

CARD = Card(
    title="Shots",
    source="PySceneDetect 0.7 AdaptiveDetector; defaults: the best of its sweep on short videos (SHOT)",
    parameters={
        "threshold": Parameter(3.5, "ratio", "change of a frame over the mean change of its neighbours"),
        "window_frames": Parameter(3, "frames", "neighbours on each side"),
        "min_content": Parameter(15.0, "0-255", "least change in hue, saturation and value that can be a cut"),
        "min_seconds": Parameter(0.4, "seconds", "least length of a shot"),
        "still_change": Parameter(0.15, "grey levels", "a shot is still if 90 % of its frames change by less"),
    },
)
VERSION = 1

# PySceneDetect's own working width; wider pictures cost time and change nothing it was tuned for.
_WIDTH = 256
_THUMB = (64, 36)


class Shots:
    """Feeds the detector by hand, frame by frame, and measures change on 64 x 36 thumbnails."""

    def __init__(self, media: Media, parameters: Mapping[str, Any]) -> None:
        self._media = media
        self._still = parameters["still_change"]
        self._rate = float(media.fps)
        self._detector = AdaptiveDetector(
            adaptive_threshold=parameters["threshold"],
            window_width=parameters["window_frames"],
            min_content_val=parameters["min_content"],
            min_scene_len=max(1, round(parameters["min_seconds"] * self._rate)),
        )
        self._cuts: list[int] = []
        self._times: list[float] = []
        self._changes: list[float] = []
        self._last: NDArray[np.float32] | None = None

    def see(self, frame: Frame) -> list[int]:
        """Look at one frame; return first frames of shots that this frame settled."""
        picture = rgb(frame)[..., ::-1]
        if picture.shape[1] > _WIDTH:
            picture = scale(picture, (_WIDTH, round(picture.shape[0] * _WIDTH / picture.shape[1])))
        thumb = scale(frame.y, _THUMB).astype(np.float32)
        self._changes.append(0.0 if self._last is None else float(np.abs(thumb - self._last).mean()))
        self._last = thumb
        self._times.append(frame.seconds)
        timecode = FrameTimecode(frame.index, self._rate)
        found = [cut.frame_num for cut in self._detector.process_frame(timecode, np.ascontiguousarray(picture))]
        self._cuts += found
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the fields of Shot, in order; together they hold every frame once."""
        count = len(self._times)
        if count == 0:
            return []
        self._cuts += [cut.frame_num for cut in self._detector.post_process(FrameTimecode(count - 1, self._rate))]
        starts = [0, *sorted({cut for cut in self._cuts if 0 < cut < count})]
        ends = [*starts[1:], count]
        after_last = self._times[-1] + 1 / self._rate
        shots = []
        for number, (first, end) in enumerate(zip(starts, ends, strict=True), 1):
            inside = self._changes[first + 1 : end]
            shots.append(
                Shot(
                    shot_id=f"{self._media.media_id[:12]}-s{number}",
                    first_frame=first,
                    last_frame=end - 1,
                    start_s=self._times[first],
                    end_s=self._times[end] if end < count else after_last,
                    boundary="cut" if first else "start",
                    cut_score=self._changes[first],
                    still=not inside or float(np.quantile(inside, 0.9)) < self._still,
                )
            )
        return [shot.row() for shot in shots]


def start(media: Media, parameters: Mapping[str, Any]) -> Shots:
    """Begin to watch one media."""
    return Shots(media, parameters)
