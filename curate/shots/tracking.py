"""Track the shots of a running video: a detector names candidates, a classifier turns them into boundaries in order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from curate.shots.boundaries import Boundary, BoundaryClassifier
from curate.shots.pictures import Picture
from curate.shots.window import Window
from slateboard.media.frames import decode
from slateboard.media.probe import read_claims
from slateboard.media.pyramid import Pyramid
from slateboard.registry import Extension, Parameters, Registry


class ShotDetector(Protocol):
    """Looks at the frames of one video and names candidates, the first frames of shots that may begin there."""

    def see(self, picture: Picture, window: Window) -> Sequence[int]:
        """Look at the next frame; return candidates, which may be some frames late."""

    def end(self, window: Window) -> Sequence[int]:
        """Return the candidates that were held back, when the video has ended."""


class DetectorModule(Extension, Protocol):
    """What a file of curate/detectors defines."""

    def start(self, frame_rate_hz: float, parameters: Parameters) -> ShotDetector:
        """Begin to watch one video; `parameters` are all of the CARD's."""


DETECTORS = Registry("curate.detectors", DetectorModule)

SIZE = 144
"""Shorter side of the pictures that detectors see, in pixels: 256 wide at 16:9, PySceneDetect's own working width."""

LEAST_LIKELIHOOD = 0.5
"""Cut probability from which a candidate is called a cut, unless the settings say otherwise."""


class ShotTracker:
    """One detector and the classifier of its candidates, over one video."""

    def __init__(self, detector: str, parameters: Parameters, *, frame_rate_hz: float, least_likelihood: float) -> None:
        self._detector = DETECTORS.load(detector).start(frame_rate_hz, parameters)
        self._classifier = BoundaryClassifier(least_likelihood=least_likelihood)

    def see(self, picture: Picture) -> list[Boundary]:
        """Look at the next frame; return the boundaries that became certain, in order."""
        boundaries = self._classifier.see(picture.thumb)
        self._classifier.add_candidates(self._detector.see(picture, self._classifier.window))
        return boundaries

    def end(self) -> list[Boundary]:
        """Return the boundaries not returned yet, when the video has ended."""
        self._classifier.add_candidates(self._detector.end(self._classifier.window))
        return self._classifier.end()

    @property
    def last_change(self) -> float:
        """Change of the newest frame from the one before, in grey levels; 0 for the first."""
        return self._classifier.window.change(self._classifier.window.end - 1)


def boundaries_in(path: Path, detectors: Sequence[str]) -> dict[str, list[Boundary]]:
    """Decode a file once; return detector -> boundaries, by the defaults of the detector and the analyser."""
    rate = read_claims(path).fps
    trackers = {
        name: ShotTracker(
            name,
            DETECTORS.load(name).CARD.settle({}, where=name),
            frame_rate_hz=rate,
            least_likelihood=LEAST_LIKELIHOOD,
        )
        for name in detectors
    }
    boundaries: dict[str, list[Boundary]] = {name: [] for name in detectors}
    for frame in decode(path):
        picture = Picture(Pyramid(frame).at(SIZE))
        for name, tracker in trackers.items():
            boundaries[name] += tracker.see(picture)
    for name, tracker in trackers.items():
        boundaries[name] += tracker.end()
    return boundaries
