"""Following a video with a shot detector: its candidates, judged, give boundaries in order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.shots.boundaries import Boundary, Judge
from curate.shots.pictures import Picture
from slateboard.media.frames import decode
from slateboard.media.probe import claims
from slateboard.media.pyramid import Pyramid
from slateboard.registry import Registry

DETECTORS = Registry("curate.detectors", ("CARD", "start"))

SIZE = 144
"""Shorter side of the pictures that detectors see, in pixels: 256 wide at 16:9, PySceneDetect's own working width."""

LEAST_LIKELIHOOD = 0.5
"""Of a candidate that is called a cut, unless the settings say otherwise."""


class Follower:
    """One detector and the judge of what it supposes, over one video."""

    def __init__(
        self, detector: str, parameters: Mapping[str, Any], *, frame_rate_hz: float, least_likelihood: float
    ) -> None:
        self._detector = DETECTORS.load(detector).start(frame_rate_hz, parameters)
        self._judge = Judge(least_likelihood=least_likelihood)

    def see(self, picture: Picture) -> list[Boundary]:
        """Look at the next frame; return the boundaries that became certain, in order."""
        found = self._judge.see(picture.thumb)
        self._judge.suppose(self._detector.see(picture, self._judge.window))
        return found

    def end(self) -> list[Boundary]:
        """Return the boundaries that are left."""
        self._judge.suppose(self._detector.end(self._judge.window))
        return self._judge.end()

    @property
    def last_change(self) -> float:
        """Change of the newest frame from the one before, in grey levels; 0 for the first."""
        return self._judge.window.change(self._judge.window.end - 1)


def boundaries_in(path: Path, detectors: Sequence[str]) -> dict[str, list[Boundary]]:
    """Decode a file once and return what each detector finds in it, with its defaults and those of the analyser."""
    rate = claims(path).fps
    followers = {
        name: Follower(
            name,
            DETECTORS.load(name).CARD.settle({}, where=name),
            frame_rate_hz=rate,
            least_likelihood=LEAST_LIKELIHOOD,
        )
        for name in detectors
    }
    found: dict[str, list[Boundary]] = {name: [] for name in detectors}
    for frame in decode(path):
        picture = Picture(Pyramid(frame).at(SIZE))
        for name, follower in followers.items():
            found[name] += follower.see(picture)
    for name, follower in followers.items():
        found[name] += follower.end()
    return found
