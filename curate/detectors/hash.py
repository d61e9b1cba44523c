"""Hash: a perceptual hash of the grey picture, compared from frame to frame."""

from scenedetect.detectors import HashDetector

from curate.shots.pyscenedetect import LENGTH, PySceneDetectAdapter, to_frames
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="PySceneDetect hash",
    source="PySceneDetect 0.7.2 HashDetector and its defaults, least length as the others here",
    parameters={
        "threshold": Parameter(0.35, "share", "bits of the hash that differ"),
        "size": Parameter(8, "bits", "side of the square of low frequencies"),
        "lowpass": Parameter(2, "factor", "part of the frequencies left out: 2 keeps the lower half"),
        **LENGTH,
    },
)


def start(frame_rate_hz: float, parameters: Parameters) -> PySceneDetectAdapter:
    """Begin to watch one video."""
    detector = HashDetector(
        threshold=parameters["threshold"],
        size=parameters["size"],
        lowpass=parameters["lowpass"],
        min_scene_len=to_frames(parameters["min_seconds"], frame_rate_hz),
    )
    return PySceneDetectAdapter(detector, frame_rate_hz=frame_rate_hz)
