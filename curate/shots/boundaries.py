"""Boundaries: what a change of picture is - a cut, a fade or dissolve, a flash, or nothing - and where it lies.

A detector only names candidates. Each is judged here on thumbnails of the frames around it, the same way for all
detectors; fades, dissolves and flashes are found here alone. What is found is given out in order, some frames late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from curate.shots.cuts import AHEAD, likelihood
from curate.shots.gradual import Dissolves, Fades, Flashes, Span
from curate.shots.thumbs import Thumb
from curate.shots.window import Window

LATE = 48
"""Frames behind the newest at which what was found is given out: half the longest fade is known by then."""


@dataclass(frozen=True)
class Boundary:
    """A change of picture."""

    frame: int
    """First frame of the new shot; the middle of a fade or dissolve; the peak of a flash."""
    kind: Literal["cut", "fade", "dissolve", "flash"]
    score: float
    """How sure it is, 0-1."""
    first: int
    """First frame that is neither the old shot nor the new one; for a cut as `frame`."""
    last: int
    """Last such frame; for a cut the one before `frame`."""


class Judge:
    """Follows one video, thumbnail by thumbnail."""

    def __init__(self, *, least_likelihood: float) -> None:
        self._least = least_likelihood
        self.window = Window()
        self._waiting: list[int] = []
        self._cuts: list[Boundary] = []
        self._spans: list[Span] = []
        self._finders = (Fades(), Dissolves(), Flashes())
        self._told = 0
        self._past = 0

    def see(self, thumb: Thumb) -> list[Boundary]:
        """Take the next frame; return the boundaries that are certain now, in order."""
        self.window.add(thumb)
        for finder in self._finders:
            self._spans += finder.see(self.window)
        ripe = [frame for frame in self._waiting if frame + AHEAD < self.window.end]
        self._weigh(ripe)
        return self._certain(self.window.end - LATE)

    def suppose(self, candidates: Iterable[int]) -> None:
        """Take first frames of new shots, as a detector supposes them."""
        self._waiting += candidates

    def end(self) -> list[Boundary]:
        """Return the boundaries that are left when the video has ended."""
        if self.window.end == 0:
            return []
        for finder in self._finders:
            self._spans += finder.see(self.window, final=True)
        self._weigh(list(self._waiting))
        return self._certain(self.window.end)

    def _weigh(self, candidates: list[int]) -> None:
        for frame in candidates:
            self._waiting.remove(frame)
            if frame <= 0 or not self.window.has(frame - 1):
                continue
            score = likelihood(self.window, frame, least=self._least)
            if score >= self._least:
                self._cuts.append(Boundary(frame, "cut", score, frame, frame - 1))

    def _certain(self, end: int) -> list[Boundary]:
        """Give out what lies before a frame; gradual changes swallow the cuts inside them."""
        if not self._cuts and not self._spans:
            return []
        spans = self._settled()
        cuts = [cut for cut in self._cuts if not any(_swallows(span, cut) for span in spans)]
        # The same change seen once more, a little longer, after it was given out.
        fresh = [span for span in spans if span.frame > self._past]
        gradual = [Boundary(span.frame, span.kind, span.score, span.first, span.last) for span in fresh]
        told = sorted(
            (found for found in [*cuts, *gradual] if self._told < found.frame < end), key=lambda found: found.frame
        )
        if told:
            self._told = told[-1].frame
            self._past = max([self._past, *(found.last for found in told)])
        self._cuts = [cut for cut in self._cuts if cut.frame >= end]
        self._spans = [span for span in self._spans if span.last >= end - LATE]
        return told

    def _settled(self) -> list[Span]:
        """Return the spans that stand: of two that overlap fades stand before dissolves, then the surer one."""
        rank = {"fade": 0, "flash": 1, "dissolve": 2}
        kept: list[Span] = []
        for span in sorted(self._spans, key=lambda span: (rank[span.kind], -span.score, span.first)):
            crossed = any(other.first <= span.last and span.first <= other.last for other in kept)
            broken = span.kind == "dissolve" and any(span.first + 1 < cut.frame < span.last for cut in self._cuts)
            if not crossed and not broken:
                kept.append(span)
        return kept


def _swallows(span: Span, cut: Boundary) -> bool:
    """Tell whether a cut is only a part of a gradual change; a flash also makes its return look like a cut."""
    return span.first <= cut.frame <= span.last + (1 if span.kind == "flash" else 0)
