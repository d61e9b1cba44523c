"""Gradual changes: fades to and from one colour, dissolves between two shots, and flashes that come and go."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from curate.shots.window import Window


@dataclass(frozen=True)
class Span:
    """A gradual change over frames."""

    kind: Literal["fade", "dissolve", "flash"]
    first: int
    """First frame that is changed."""
    last: int
    """Last frame that is changed."""
    frame: int
    """The middle of a fade or dissolve; the peak of a flash."""
    score: float
    """0-1."""


# A picture is one colour where its grey levels deviate by no more than this; a ramp has at least three steps, none of
# them over 55 % of the whole, and runs straight (correlation with time). Rules and values: 40 rendered fades.
_PLAIN = 4.0
_LEAST_CONTRAST = 12.0
_LEAST_STEPS, _GREATEST_STEP, _STRAIGHT = 3, 0.55, 0.9
# A ramp may pause or run back by this part of its height, as the scene under it moves.
_SLACK = 0.02
_LONGEST = 75


class Fades:
    """Finds ramps of contrast that begin or end in one colour."""

    def __init__(self) -> None:
        self._rising_from: int | None = None
        self._top = 0.0
        self._top_at = 0

    def see(self, window: Window, *, final: bool = False) -> list[Span]:
        """Look at the newest frame; `final` closes what is under way."""
        now = window.end - 1
        contrast = window[now].contrast
        found = []
        if not final and now > 0 and contrast <= _PLAIN < window[now - 1].contrast:
            found += self._out(window, now)
        if self._rising_from is not None:
            over = final or now - self._top_at >= 4 or now - self._rising_from > _LONGEST
            if contrast > self._top * (1 + _SLACK):
                self._top, self._top_at = contrast, now
            elif over:
                found += _ramp(window, self._rising_from, self._top_at)
                self._rising_from = None
        if not final and now > 0 and window[now - 1].contrast <= _PLAIN < contrast:
            self._rising_from, self._top, self._top_at = now - 1, contrast, now
        return found

    def _out(self, window: Window, plain: int) -> list[Span]:
        """Walk back from a plain frame to where the contrast began to fall."""
        start = plain
        least = max(window.first, plain - _LONGEST, 0)
        while start > least and window[start - 1].contrast >= window[start].contrast * (1 + _SLACK):
            start -= 1
        return _ramp(window, start, plain)


def _ramp(window: Window, first: int, last: int) -> list[Span]:
    """Return the fade between a plain frame and one in full contrast, either way round, if it is one."""
    contrast = np.array([thumb.contrast for thumb in window.slice(first, last + 1)])
    height = float(contrast.max() - contrast.min())
    if len(contrast) <= _LEAST_STEPS or contrast.max() < _LEAST_CONTRAST:
        return []
    steps = np.abs(np.diff(contrast))
    straight = abs(float(np.corrcoef(np.arange(len(contrast)), contrast)[0, 1]))
    if steps.max() > _GREATEST_STEP * height or straight < _STRAIGHT:
        return []
    middle = first + int(np.argmin(np.abs(contrast - (contrast.max() + contrast.min()) / 2)))
    return [Span("fade", first + 1, last, middle, straight)]


# A dissolve is a straight line between its two ends, in the space of all pixels: what remains beside that line is a
# small part of the way to the nearer end. Before the sides were asked (below), 0.30 found 20 of 27 dissolves between
# moving shots and 1 that was none in the same 70 made videos; 0.33 found 21 and 5.
_LENGTHS = (4, 6, 8, 11, 15, 20, 27, 36, 45)
_STRIDE = 2
_RESIDUE, _ALIKE, _BENT = 0.30, 0.75, 0.25
_LEAST_WAY = 8.0
# The part of the picture that must go that way: a thing that crosses a plain ground changes less.
_LEAST_SHARE = 0.4
# With so small a part of its contrast left, one end is a colour (and a caption that stays): a fade, not a dissolve.
_FADED = 0.3
# A camera that moves over smooth ground looks like a mixture too, but it moves before and behind as well.
# Judged on 109 made videos and 160 clips seen by a moving camera: 64 of 74 kept, the 3 false ones dropped.
_BESIDE, _LEAST_UNLIKE, _CALMER = 8, 0.4, 1.5
_HALFWAY = 0.85
_SMALL = (32, 18)


class Dissolves:
    """Finds runs of frames that are mixtures of the frames at their ends."""

    def __init__(self) -> None:
        # The newest in the row before `_end`; filled to its end, it begins anew with the last of its rows.
        self._small = np.zeros((4 * _LENGTHS[-1], _SMALL[0] * _SMALL[1]), np.float32)
        self._end = 0
        self._best: tuple[float, Span] | None = None

    def see(self, window: Window, *, final: bool = False) -> list[Span]:
        """Look at the newest frame; a dissolve is given out when no better one around it has come for a while."""
        if not final:
            self._add(window)
            self._look(window)
        if self._best is None or not (final or window.end - 2 - self._best[1].last >= _BESIDE):
            return []
        span = self._best[1]
        self._best = None
        return [span] if _calm(window, span) else []

    def _add(self, window: Window) -> None:
        picture = cv2.resize(window[window.end - 1].y, _SMALL, interpolation=cv2.INTER_AREA)
        if self._end == len(self._small):
            self._small[: _LENGTHS[-1]] = self._small[-_LENGTHS[-1] :]
            self._end = _LENGTHS[-1]
        self._small[self._end] = picture.ravel()
        self._end += 1

    def _look(self, window: Window) -> None:
        newest = window.end - 1
        if newest % _STRIDE:
            return
        known = self._small[: self._end]
        lengths = [length for length in _LENGTHS if length < len(known)]
        # Grey levels are whole numbers, and so are these sums.
        totals = np.abs(known[[-length - 1 for length in lengths]] - known[-1]).sum(axis=1).tolist()
        for length, total in zip(lengths, totals, strict=True):
            if not self._may(window, length, total / known.shape[1]):
                continue
            score = mixture(known[-length - 1 :])
            if score is None or (self._best is not None and score <= self._best[0]):
                continue
            ends = sorted((window[newest - length].contrast, window[newest].contrast))
            kind: Literal["fade", "dissolve"] = "fade" if ends[0] <= _FADED * ends[1] else "dissolve"
            middle = newest - length // 2
            self._best = (score, Span(kind, newest - length + 1, newest - 1, middle, min(1.0, score)))

    def _may(self, window: Window, length: int, way: float) -> bool:
        """Tell cheaply whether a span can be a dissolve: its ends differ by far, and no one step makes the way."""
        if way < _LEAST_WAY:
            return False
        if max(window.changes(window.end - length, window.end)) > max(0.45, 3.0 / length) * way:
            return False
        start, middle, end = (self._small[self._end + at] for at in (-length - 1, (-length - 1) // 2, -1))
        # Halfway between the ends the two squares add up to half of the whole; off the line, or early, to more.
        halves = cv2.norm(start, middle, cv2.NORM_L2SQR) + cv2.norm(middle, end, cv2.NORM_L2SQR)
        return bool(halves <= _HALFWAY * cv2.norm(start, end, cv2.NORM_L2SQR))


def _calm(window: Window, span: Span) -> bool:
    """Tell whether its ends differ, and by more than one of its sides changes in the frames next to it."""
    start, end = max(span.first - 1, window.first), min(span.last + 1, window.end - 1)
    reach = min(_BESIDE, end - start)
    before = window.unlikeness(max(start - reach, window.first), start)
    after = window.unlikeness(end, min(end + reach, window.end - 1))
    return window.unlikeness(start, end) >= max(_LEAST_UNLIKE, _CALMER * min(before, after))


def mixture(pictures: NDArray[np.float32]) -> float | None:
    """Return how surely pictures [n + 1, pixels] are mixtures of the first and the last, 0-1; None: they are not."""
    steps = len(pictures) - 1
    first, way = pictures[0], pictures[-1] - pictures[0]
    length = float(way @ way)
    if length == 0:
        return None
    offset = pictures - first
    alpha = offset @ way / length
    step = np.diff(alpha)
    if step.min() < -0.02 or step.max() > max(0.3, 2.2 / steps):
        return None
    if np.abs(alpha - np.linspace(0, 1, steps + 1)).max() > _BENT:
        return None
    inner = (alpha > 0.2) & (alpha < 0.8)
    changed = np.abs(way) >= _LEAST_WAY
    if np.count_nonzero(inner) < 2 or np.count_nonzero(changed) < _LEAST_SHARE * changed.size:
        return None
    alike = float(np.corrcoef(pictures[0], pictures[-1])[0, 1]) if min(pictures[[0, -1]].std(axis=1)) > 1 else 0.0
    if alike > _ALIKE:
        return None
    # Medians over pixels: what moves in either shot leaves the line, what stands still follows it.
    along = way[changed]
    beside = np.median(np.abs(offset[inner][:, changed] - alpha[inner, None] * along), axis=1)
    near = np.minimum(alpha[inner], 1 - alpha[inner]) * np.median(np.abs(along))
    residue = float(np.median(beside / (near + beside)))
    return None if residue >= _RESIDUE else 1 - alike / 2 - residue


# A flash: the mean rises by over 12 grey levels, falls back below 35 % of that within 15 frames (half a second), and
# the picture behind it is the one before. After rules measured on 40 rendered flashes.
_RISE, _BACK, _LONGEST_FLASH = 12.0, 0.35, 15
_SAME = 0.45
# Under a flash the picture is still there, or next to nothing is: it correlates by this, or keeps this contrast.
_STILL_THERE, _WASHED_OUT = 0.5, 0.4
_WHITE = 235.0


class Flashes:
    """Finds the picture going bright and coming back."""

    def __init__(self) -> None:
        self._rises: list[tuple[int, int]] = []

    def see(self, window: Window, *, final: bool = False) -> list[Span]:
        """Look at the newest frame."""
        now = window.end - 1
        if final or now == 0:
            return []
        mean = window[now].mean
        rises = [(before, now if mean > window[peak].mean else peak) for before, peak in self._rises]
        for before, peak in rises:
            if _came_back(window, before, peak, now):
                base = window[before].mean
                score = min(1.0, (window[peak].mean - base) / max(1.0, _WHITE - base))
                self._rises = []
                return [Span("flash", before + 1, now - 1, peak, score)]
        if mean - window[now - 1].mean > _RISE:
            rises.append((now - 1, now))
        self._rises = [(before, peak) for before, peak in rises if now - before <= _LONGEST_FLASH]
        return []


def _came_back(window: Window, before: int, peak: int, now: int) -> bool:
    """Tell whether the newest picture is the one before the rise, and the peak that one under white."""
    base = window[before].mean
    height = window[peak].mean - base
    if now == peak or window[now].mean - base > _BACK * height:
        return False
    if window[peak].contrast > _WASHED_OUT * window[before].contrast:
        alike = np.corrcoef(window[before].y.ravel(), window[peak].y.ravel())[0, 1]
        if alike < _STILL_THERE:
            return False
    return window.unlikeness(before, now) <= _SAME
