"""Content: change in hue, saturation and value from frame to frame."""

from scenedetect.detector import FlashFilter
from scenedetect.detectors import ContentDetector

from curate.shots.pyscenedetect import LENGTH, WEIGHTS, PySceneDetectAdapter, to_frames, weights_of
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="PySceneDetect content",
    source="PySceneDetect 0.7 ContentDetector; defaults: the best of its sweep on short videos (SHOT)",
    parameters={
        "threshold": Parameter(29.0, "0-255", "mean change in hue, saturation and value"),
        "suppress": Parameter(False, "-", "cuts too close are dropped until calm; else merged into one"),
        **WEIGHTS,
        **LENGTH,
    },
)


def start(frame_rate_hz: float, parameters: Parameters) -> PySceneDetectAdapter:
    """Begin to watch one video."""
    detector = ContentDetector(
        threshold=parameters["threshold"],
        filter_mode=FlashFilter.Mode.SUPPRESS if parameters["suppress"] else FlashFilter.Mode.MERGE,
        min_scene_len=to_frames(parameters["min_seconds"], frame_rate_hz),
        **weights_of(parameters),
    )
    return PySceneDetectAdapter(detector, frame_rate_hz=frame_rate_hz)
