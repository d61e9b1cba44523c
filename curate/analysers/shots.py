"""Find shots: where they begin and how (cut, fade), flashes inside them, and whether they are still or a card."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curate.shots.boundaries import Boundary
from curate.shots.cards import Cards
from curate.shots.following import DETECTORS, LEAST_LIKELIHOOD, SIZE, Follower
from curate.shots.pictures import Picture
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.media.frames import Frame
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameter

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
VERSION = 2
RATE = None

__all__ = ["CARD", "RATE", "SIZE", "VERSION", "settle", "start"]


def settle(given: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return all parameters, those of the detector among them."""
    settled = CARD.settle(given, where=where)
    name = settled["detector"]
    if name not in DETECTORS.names():
        raise BadInput([Problem(where, f"unknown detector '{name}'.", did_you_mean(name, DETECTORS.names()))])
    inner = DETECTORS.load(name).CARD.settle(settled["parameters"], where=f"{where.rstrip(']')}.parameters]")
    return {**settled, "parameters": inner}


class Shots:
    """Follows a video and divides it."""

    def __init__(self, media: Media, parameters: Mapping[str, Any]) -> None:
        self._media = media
        self._still = parameters["still_change"]
        self._follower = Follower(
            parameters["detector"],
            parameters["parameters"],
            frame_rate_hz=float(media.fps),
            least_likelihood=parameters["least_likelihood"],
        )
        self._cards = Cards()
        self._found: list[Boundary] = []
        self._times: list[float] = []
        self._changes: list[float] = []

    def see(self, frame: Frame) -> list[int]:
        """Look at one frame; return the first frames of shots that became certain, in order, some frames late."""
        picture = Picture(frame)
        found = self._follower.see(picture)
        self._cards.see(frame)
        self._changes.append(self._follower.last_change)
        self._times.append(frame.seconds)
        self._found += found
        return [boundary.frame for boundary in found if boundary.kind != "flash"]

    def rows(self, shots: Sequence[Shot]) -> list[dict[str, Any]]:
        """Return the fields of Shot, in order; together they hold every frame once."""
        count = len(self._times)
        if count == 0:
            return []
        self._found += self._follower.end()
        begun = [boundary for boundary in self._found if boundary.kind != "flash"]
        starts = [0, *(boundary.frame for boundary in begun)]
        ends = [*starts[1:], count]
        return [
            self._shot(number, first, end, begun[number - 1] if number else None).row()
            for number, (first, end) in enumerate(zip(starts, ends, strict=True))
        ]

    def _shot(self, number: int, first: int, end: int, before: Boundary | None) -> Shot:
        inside = self._changes[first + 1 : end]
        after_last = self._times[-1] + 1 / float(self._media.fps)
        return Shot(
            shot_id=f"{self._media.media_id[:12]}-s{number + 1}",
            first_frame=first,
            last_frame=end - 1,
            start_s=self._times[first],
            end_s=self._times[end] if end < len(self._times) else after_last,
            boundary="start" if before is None else "cut" if before.kind == "cut" else "fade",
            cut_score=0.0 if before is None else before.score,
            flashes=tuple(found.frame for found in self._found if found.kind == "flash" and first <= found.frame < end),
            still=not inside or float(np.quantile(inside, 0.9)) < self._still,
            card=self._cards.holds(first, end),
        )


def start(media: Media, parameters: Mapping[str, Any]) -> Shots:
    """Begin to watch one media."""
    return Shots(media, parameters)
