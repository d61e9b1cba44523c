"""Threshold: the mean falls to black and comes back."""

from scenedetect.detectors import ThresholdDetector

from curate.shots.pyscenedetect import LENGTH, PySceneDetectAdapter, to_frames
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="PySceneDetect threshold",
    source="PySceneDetect 0.7 ThresholdDetector and its defaults, least length as the others here",
    parameters={
        "threshold": Parameter(12.0, "0-255", "mean of red, green and blue under which a picture counts as black"),
        "fade_bias": Parameter(0.0, "-1 to 1", "where in the black a shot begins: at its start, middle (0) or end"),
        "ceiling": Parameter(False, "-", "fades to white: the mean rises above the threshold"),
        "min_out_seconds": Parameter(0.0, "seconds", "least time in black"),
        "add_final": Parameter(False, "-", "a fade out at the end begins a shot"),
        **LENGTH,
    },
)


def start(frame_rate_hz: float, parameters: Parameters) -> PySceneDetectAdapter:
    """Begin to watch one video."""
    detector = ThresholdDetector(
        threshold=parameters["threshold"],
        fade_bias=parameters["fade_bias"],
        method=ThresholdDetector.Method.CEILING if parameters["ceiling"] else ThresholdDetector.Method.FLOOR,
        min_out_length=float(parameters["min_out_seconds"]),
        add_final_scene=parameters["add_final"],
        min_scene_len=to_frames(parameters["min_seconds"], frame_rate_hz),
    )
    return PySceneDetectAdapter(detector, frame_rate_hz=frame_rate_hz)
