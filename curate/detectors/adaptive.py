"""Adaptive: change of content against the mean of its neighbours, which tolerates camera motion."""

from scenedetect.detectors import AdaptiveDetector

from curate.shots.pyscenedetect import LENGTH, WEIGHTS, PySceneDetectAdapter, to_frames, weights_of
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="PySceneDetect adaptive",
    source="PySceneDetect 0.7 AdaptiveDetector; defaults: the best of its sweep on short videos (SHOT)",
    parameters={
        "threshold": Parameter(3.5, "ratio", "change of a frame over the mean change of its neighbours"),
        "window_frames": Parameter(3, "frames", "neighbours on each side"),
        "min_content": Parameter(15.0, "0-255", "least change in hue, saturation and value that can be a cut"),
        **WEIGHTS,
        **LENGTH,
    },
)


def start(frame_rate_hz: float, parameters: Parameters) -> PySceneDetectAdapter:
    """Begin to watch one video."""
    detector = AdaptiveDetector(
        adaptive_threshold=parameters["threshold"],
        window_width=parameters["window_frames"],
        min_content_val=parameters["min_content"],
        min_scene_len=to_frames(parameters["min_seconds"], frame_rate_hz),
        **weights_of(parameters),
    )
    return PySceneDetectAdapter(detector, frame_rate_hz=frame_rate_hz)
