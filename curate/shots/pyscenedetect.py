"""An adapter for PySceneDetect's detectors, which are fed frame by frame, and the parameters that several share."""

from typing import TypedDict

from scenedetect import FrameTimecode
from scenedetect.detector import SceneDetector
from scenedetect.detectors import ContentDetector

from curate.shots.pictures import Picture
from curate.shots.window import Window
from slateboard.registry import Parameter, Parameters

LENGTH = {"min_seconds": Parameter(0.4, "seconds", "least length of a shot; shorter ones are lost")}

WEIGHTS = {
    "weight_hue": Parameter(1.0, "factor", "of the change in hue"),
    "weight_saturation": Parameter(1.0, "factor", "of the change in saturation"),
    "weight_value": Parameter(1.0, "factor", "of the change in brightness; alone it serves black and white"),
    "weight_edges": Parameter(0.0, "factor", "of the change in edges; slow, and needs a higher threshold"),
    "kernel_pixels": Parameter(0, "pixels", "by which edges are widened, odd; 0: by the size of the picture"),
}


class ContentWeights(TypedDict):
    """Keyword arguments of ContentDetector and its kin."""

    weights: ContentDetector.Components
    kernel_size: int | None
    """Pixels by which edges are widened; None: by the size of the picture."""


def weights_of(parameters: Parameters) -> ContentWeights:
    """Return WEIGHTS as ContentDetector and its kin take them."""
    return {
        "weights": ContentDetector.Components(
            delta_hue=parameters["weight_hue"],
            delta_sat=parameters["weight_saturation"],
            delta_lum=parameters["weight_value"],
            delta_edges=parameters["weight_edges"],
        ),
        "kernel_size": parameters["kernel_pixels"] or None,
    }


class PySceneDetectAdapter:
    """Feeds one detector of PySceneDetect frame by frame, without its video reader."""

    def __init__(self, detector: SceneDetector, *, frame_rate_hz: float) -> None:
        self._detector = detector
        self._rate = frame_rate_hz
        self._last: FrameTimecode | None = None

    def see(self, picture: Picture, window: Window) -> list[int]:
        """Look at one frame; return first frames of shots."""
        self._last = FrameTimecode(picture.index, self._rate)
        return [cut.frame_num for cut in self._detector.process_frame(self._last, picture.bgr)]

    def end(self, window: Window) -> list[int]:
        """Return the first frames of shots that the detector held back."""
        return [] if self._last is None else [cut.frame_num for cut in self._detector.post_process(self._last)]


def to_frames(seconds: float, frame_rate_hz: float) -> int:
    """Return a time in frames, at least one."""
    # 0.4 s at 30 frames a second: 12; 0.01 s at 25: 1
    return max(1, round(seconds * frame_rate_hz))
