"""Boundaries: classify changes of picture as cut, fade, dissolve, flash or nothing, and locate them.

A detector only names candidates. Each is classified here on thumbnails of the frames around it, the same way for all
detectors; fades, dissolves and flashes are found here alone. Boundaries are returned in order, some frames late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from curate.shots.cuts import AHEAD, likelihood
from curate.shots.gradual import Dissolves, Fades, Flashes, Span
from curate.shots.thumbs import Thumb
from curate.shots.window import Window

DELAY = 48
"""Frames behind the newest at which boundaries are returned: half the longest fade (75) has been seen by then."""


@dataclass(frozen=True)
class Boundary:
    """A change of picture."""

    frame: int
    """First frame of the new shot; the middle of a fade or dissolve; the peak of a flash."""
    kind: Literal["cut", "fade", "dissolve", "flash"]
    score: float
    """Confidence, 0-1."""
    first_frame: int
    """First frame that is neither the old shot nor the new one; for a cut as `frame`."""
    last_frame: int
    """Last such frame; for a cut the one before `frame`."""


class BoundaryClassifier:
    """Classifies the candidates of one video, and finds its gradual changes, thumbnail by thumbnail."""

    def __init__(self, *, least_likelihood: float) -> None:
        self._least = least_likelihood
        self.window = Window()
        self._pending: list[int] = []
        self._cuts: list[Boundary] = []
        self._spans: list[Span] = []
        self._finders = (Fades(), Dissolves(), Flashes())
        self._returned = 0
        """Frame of the last boundary returned."""
        self._covered = 0
        """Last frame of the boundaries returned."""

    def see(self, thumb: Thumb) -> list[Boundary]:
        """Take the next frame; return the boundaries that are certain now, in order."""
        self.window.add(thumb)
        for finder in self._finders:
            self._spans += finder.see(self.window)
        ready = [frame for frame in self._pending if frame + AHEAD < self.window.end]
        self._classify(ready)
        return self._take_certain(self.window.end - DELAY)

    def add_candidates(self, candidates: Iterable[int]) -> None:
        """Add frames at which a detector sees a shot begin, to be classified once AHEAD later frames are there."""
        self._pending += candidates

    def end(self) -> list[Boundary]:
        """Return the boundaries not returned yet, when the video has ended."""
        if self.window.end == 0:
            return []
        for finder in self._finders:
            self._spans += finder.see(self.window, final=True)
        self._classify(list(self._pending))
        return self._take_certain(self.window.end)

    def _classify(self, candidates: list[int]) -> None:
        for frame in candidates:
            self._pending.remove(frame)
            if frame <= 0 or not self.window.has(frame - 1):
                continue
            score = likelihood(self.window, frame, least=self._least)
            if score >= self._least:
                self._cuts.append(Boundary(frame, "cut", score, frame, frame - 1))

    def _take_certain(self, end: int) -> list[Boundary]:
        """Remove and return the boundaries before a frame, in order; cuts inside gradual changes are dropped."""
        if not self._cuts and not self._spans:
            return []
        # A boundary is returned DELAY frames late: until then a fade that contains it may still be found. A cut at
        # frame 100 and a fade over 96 to 110 are one change, and only the fade, at its middle, is returned.
        spans = self._without_overlaps()
        cuts = [cut for cut in self._cuts if not any(_contains(span, cut) for span in spans)]
        # A span whose middle was covered already is the same change seen once more, a little longer.
        fresh = [span for span in spans if span.frame > self._covered]
        gradual = [Boundary(span.frame, span.kind, span.score, span.first_frame, span.last_frame) for span in fresh]
        certain = sorted(
            (boundary for boundary in [*cuts, *gradual] if self._returned < boundary.frame < end),
            key=lambda boundary: boundary.frame,
        )
        if certain:
            self._returned = certain[-1].frame
            self._covered = max([self._covered, *(boundary.last_frame for boundary in certain)])
        self._cuts = [cut for cut in self._cuts if cut.frame >= end]
        self._spans = [span for span in self._spans if span.last_frame >= end - DELAY]
        return certain

    def _without_overlaps(self) -> list[Span]:
        """Return spans that do not overlap: fades win over flashes, these over dissolves, then the higher score wins.

        A dissolve with a cut inside it is no dissolve.
        """
        # Accepted greedily in that order. A dissolve may begin or end with a jump, so that cuts at its first two frames
        # and its last do not break it.
        rank = {"fade": 0, "flash": 1, "dissolve": 2}
        accepted: list[Span] = []
        for span in sorted(self._spans, key=lambda span: (rank[span.kind], -span.score, span.first_frame)):
            overlaps = any(
                better.first_frame <= span.last_frame and span.first_frame <= better.last_frame for better in accepted
            )
            inside = range(span.first_frame + 2, span.last_frame)
            is_broken = span.kind == "dissolve" and any(cut.frame in inside for cut in self._cuts)
            if not overlaps and not is_broken:
                accepted.append(span)
        return accepted


def _contains(span: Span, cut: Boundary) -> bool:
    """Return whether a cut is only a part of a gradual change; a flash also makes its return look like a cut."""
    return span.first_frame <= cut.frame <= span.last_frame + (1 if span.kind == "flash" else 0)
