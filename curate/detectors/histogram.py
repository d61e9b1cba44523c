"""Histogram: grey levels of a frame against those of the frame before."""

from scenedetect.detectors import HistogramDetector

from curate.shots.pyscenedetect import LENGTH, PySceneDetectAdapter, to_frames
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="PySceneDetect histogram",
    source="PySceneDetect 0.7.2 HistogramDetector and its defaults, least length as the others here",
    parameters={
        "threshold": Parameter(0.2, "0-1", "one less the correlation of two histograms"),
        "bins": Parameter(128, "bins", "of the histogram"),
        **LENGTH,
    },
)


def start(frame_rate_hz: float, parameters: Parameters) -> PySceneDetectAdapter:
    """Begin to watch one video."""
    detector = HistogramDetector(
        threshold=parameters["threshold"],
        bins=parameters["bins"],
        min_scene_len=to_frames(parameters["min_seconds"], frame_rate_hz),
    )
    return PySceneDetectAdapter(detector, frame_rate_hz=frame_rate_hz)
