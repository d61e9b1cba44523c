"""Divide a video into shots: how each begins (cut, fade), flashes inside it, and whether it is still or a card."""

from collections.abc import Sequence

import numpy as np

from curate.analysis.ending import last_seconds
from curate.analysis.rows import ObservationRows
from curate.shots.boundaries import Boundary
from curate.shots.cards import Cards
from curate.shots.pictures import Picture
from curate.shots.tracking import DETECTORS, LEAST_LIKELIHOOD, SIZE, ShotTracker
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.media.frames import Frame
from slateboard.media.rates import in_order
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Shots",
    source="slateboard; candidates by a detector (`slateboard ls detectors`), judged the same way for all of them",
    parameters={
        "detector": Parameter("structure", "-", "who names the candidates: a file of curate/detectors"),
        "parameters": Parameter({}, "-", "of that detector: [analysers.shots.parameters]"),
        "least_likelihood": Parameter(LEAST_LIKELIHOOD, "0-1", "a candidate less likely than this to be a cut is none"),
        "still_change": Parameter(0.15, "grey levels", "a shot is still if 90 % of its frames change by less"),
    },
)
VERSION = 3
RATE = None

__all__ = ["CARD", "RATE", "SIZE", "VERSION", "settle", "start"]


def settle(overrides: Parameters, *, where: str) -> Parameters:
    """Return all parameters, those of the detector among them."""
    parameters = CARD.settle(overrides, where=where)
    name = parameters["detector"]
    if name not in DETECTORS.names():
        raise BadInput([Problem(where, f"unknown detector '{name}'.", did_you_mean(name, DETECTORS.names()))])
    of_detector = DETECTORS.load(name).CARD.settle(parameters["parameters"], where=f"{where.rstrip(']')}.parameters]")
    return {**parameters, "parameters": of_detector}


class Shots:
    """Tracks the shots of one video."""

    def __init__(self, media: Media, parameters: Parameters) -> None:
        self._media = media
        self._still = parameters["still_change"]
        self._tracker = ShotTracker(
            parameters["detector"],
            parameters["parameters"],
            frame_rate_hz=float(media.fps),
            least_likelihood=parameters["least_likelihood"],
        )
        self._cards = Cards()
        self._boundaries: list[Boundary] = []
        self._times: list[float] = []
        self._last: Frame | None = None
        self._changes: list[float] = []

    def see(self, frame: Frame) -> list[int]:
        """Look at one frame; return the first frames of shots that became certain, in order, some frames late."""
        picture = Picture(frame)
        boundaries = self._tracker.see(picture)
        self._cards.see(frame)
        self._changes.append(self._tracker.last_change)
        self._times.append(frame.seconds)
        self._last = frame
        self._boundaries += boundaries
        return [boundary.frame for boundary in boundaries if boundary.kind != "flash"]

    def rows(self, shots: Sequence[Shot]) -> ObservationRows:
        """Return the fields of Shot, in order; together they hold every frame once."""
        count = len(self._times)
        if self._last is None:
            return []
        self._times = in_order(self._times)
        after_last = self._times[-1] + last_seconds(self._media, self._times, self._last)
        self._boundaries += self._tracker.end()
        between = [boundary for boundary in self._boundaries if boundary.kind != "flash"]
        starts = [0, *(boundary.frame for boundary in between)]
        ends = [*starts[1:], count]
        return [
            self._shot(number, start, end, between[number - 1] if number else None, after_last).row()
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]

    def _shot(self, number: int, start: int, end: int, before: Boundary | None, after_last: float) -> Shot:
        # Changes inside the shot alone: change i is that from frame i - 1 to i, and the first one is the cut itself.
        # Still if the 90 % quantile is below 0.15 grey levels: one flash in ten frames does not make a title card move.
        inside = self._changes[start + 1 : end]
        flashes = (boundary.frame for boundary in self._boundaries if boundary.kind == "flash")
        return Shot(
            shot_id=f"{self._media.media_id[:12]}-s{number + 1}",
            first_frame=start,
            last_frame=end - 1,
            start_s=self._times[start],
            end_s=self._times[end] if end < len(self._times) else after_last,
            boundary="start" if before is None else "cut" if before.kind == "cut" else "fade",
            cut_score=0.0 if before is None else before.score,
            flashes=tuple(frame for frame in flashes if start <= frame < end),
            still=not inside or float(np.quantile(inside, 0.9)) < self._still,
            card=self._cards.is_card(start, end),
        )


def start(media: Media, parameters: Parameters) -> Shots:
    """Begin to watch one media."""
    return Shots(media, parameters)
