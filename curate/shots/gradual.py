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
    first_frame: int
    """First frame that is changed."""
    last_frame: int
    """Last frame that is changed."""
    frame: int
    """The middle of a fade or dissolve; the peak of a flash."""
    score: float
    """Confidence, 0-1."""


# A picture is one colour where the standard deviation of its grey levels is at most 4. A ramp of this contrast has at
# least three steps, none of them over 55 % of its height, and runs straight: |correlation with time| >= 0.9. Contrast
# 40, 30, 20, 10, 0: four steps of 25 %, correlation -1. 40, 40, 0, 0, 0 is a cut to black: a step of 100 %.
# Rules and values: 40 rendered fades.
_PLAIN = 4.0
_LEAST_CONTRAST = 12.0
_LEAST_STEPS, _GREATEST_STEP, _STRAIGHT = 3, 0.55, 0.9
# A ramp may pause or run back by this share of its contrast, as the scene under it moves.
_SLACK = 0.02
_LONGEST = 75


class Fades:
    """Finds ramps of contrast that begin or end in one colour."""

    def __init__(self) -> None:
        self._rising_from: int | None = None
        self._top = 0.0
        self._top_at = 0

    def see(self, window: Window, *, final: bool = False) -> list[Span]:
        """Look at the newest frame; `final` ends a fade in that is still rising."""
        now = window.end - 1
        contrast = window[now].contrast
        fades = []
        if not final and now > 0 and contrast <= _PLAIN < window[now - 1].contrast:
            fades += self._fade_out(window, now)
        if self._rising_from is not None:
            is_over = final or now - self._top_at >= 4 or now - self._rising_from > _LONGEST
            if contrast > self._top * (1 + _SLACK):
                self._top, self._top_at = contrast, now
            elif is_over:
                fades += _ramp(window, self._rising_from, self._top_at)
                self._rising_from = None
        if not final and now > 0 and window[now - 1].contrast <= _PLAIN < contrast:
            self._rising_from, self._top, self._top_at = now - 1, contrast, now
        return fades

    def _fade_out(self, window: Window, plain: int) -> list[Span]:
        """Return the fade that ends in a plain frame, walking back to where its contrast began to fall."""
        start = plain
        least = max(window.first, plain - _LONGEST, 0)
        while start > least and window[start - 1].contrast >= window[start].contrast * (1 + _SLACK):
            start -= 1
        return _ramp(window, start, plain)


def _ramp(window: Window, start: int, end: int) -> list[Span]:
    """Return the fade between a plain frame and one in full contrast, either way round, if it is one."""
    contrast = np.array([thumb.contrast for thumb in window.slice(start, end + 1)])
    height = float(contrast.max() - contrast.min())
    if len(contrast) <= _LEAST_STEPS or contrast.max() < _LEAST_CONTRAST:
        return []
    steps = np.abs(np.diff(contrast))
    straight = abs(float(np.corrcoef(np.arange(len(contrast)), contrast)[0, 1]))
    if steps.max() > _GREATEST_STEP * height or straight < _STRAIGHT:
        return []
    middle = start + int(np.argmin(np.abs(contrast - (contrast.max() + contrast.min()) / 2)))
    return [Span("fade", start + 1, end, middle, straight)]


# Lengths in frames at which a span is tried, every second frame.
_LENGTHS = (4, 6, 8, 11, 15, 20, 27, 36, 45)
_STRIDE = 2
# What remains beside the line of a mixture, as a share of the way to the nearer end; correlation of the two ends; and
# deviation of alpha from a straight course in time: above these it is no dissolve. Before `_stands_out` was asked,
# 0.30 found 20 of 27 dissolves between moving shots, and 1 that was none, in 70 made videos; 0.33 found 21 and 5.
_RESIDUE, _CORRELATED, _BENT = 0.30, 0.75, 0.25
_LEAST_WAY = 8.0
"""Grey levels by which the ends must differ."""
# Share of the picture that must go that way: a thing that crosses a plain ground changes less.
_LEAST_SHARE = 0.4
# With so small a share of its contrast left, one end is a colour (and a caption that stays): a fade, not a dissolve.
_FADED = 0.3
# A camera that moves over smooth ground looks like a mixture too, but it moves before and behind as well.
# Measured on 109 made videos and 160 clips seen by a moving camera: 64 of 74 kept, the 3 false ones dropped.
_BESIDE, _LEAST_DISSIMILARITY, _CALMER = 8, 0.4, 1.5
_HALFWAY = 0.85
_SMALL = (32, 18)


class Dissolves:
    """Finds runs of frames that are mixtures of the frames at their ends."""

    def __init__(self) -> None:
        # A buffer of small pictures, the newest in row `_end` - 1. When it is full its last 45 rows go to the front.
        self._small = np.zeros((4 * _LENGTHS[-1], _SMALL[0] * _SMALL[1]), np.float32)
        self._end = 0
        self._best: tuple[float, Span] | None = None

    def see(self, window: Window, *, final: bool = False) -> list[Span]:
        """Look at the newest frame; a dissolve is returned when no better one around it has come for _BESIDE frames."""
        if not final:
            self._add(window)
            self._try_lengths(window)
        if self._best is None or not (final or window.end - 2 - self._best[1].last_frame >= _BESIDE):
            return []
        span = self._best[1]
        self._best = None
        return [span] if _stands_out(window, span) else []

    def _add(self, window: Window) -> None:
        picture = cv2.resize(window[window.end - 1].y, _SMALL, interpolation=cv2.INTER_AREA)
        if self._end == len(self._small):
            self._small[: _LENGTHS[-1]] = self._small[-_LENGTHS[-1] :]
            self._end = _LENGTHS[-1]
        self._small[self._end] = picture.ravel()
        self._end += 1

    def _try_lengths(self, window: Window) -> None:
        """Keep the best dissolve that ends in the newest frame, if it is better than the best so far."""
        newest = window.end - 1
        if newest % _STRIDE:
            return
        pictures = self._small[: self._end]
        lengths = [length for length in _LENGTHS if length < len(pictures)]
        # Grey levels are whole numbers, and so are these sums.
        totals = np.abs(pictures[[-length - 1 for length in lengths]] - pictures[-1]).sum(axis=1).tolist()
        for length, total in zip(lengths, totals, strict=True):
            if not self._may_be_dissolve(window, length, total / pictures.shape[1]):
                continue
            score = mixture(pictures[-length - 1 :])
            if score is None or (self._best is not None and score <= self._best[0]):
                continue
            ends = sorted((window[newest - length].contrast, window[newest].contrast))
            kind: Literal["fade", "dissolve"] = "fade" if ends[0] <= _FADED * ends[1] else "dissolve"
            middle = newest - length // 2
            self._best = (score, Span(kind, newest - length + 1, newest - 1, middle, min(1.0, score)))

    def _may_be_dissolve(self, window: Window, length: int, way: float) -> bool:
        """Return, by a cheap test, whether the ends of a span differ by far and no single step makes the way."""
        if way < _LEAST_WAY:
            return False
        # A straight dissolve of n frames steps by 1 / n of the way. Three times that is too much (4 frames: 75 %), or
        # 45 % in a long one, where movement of the shots adds to small steps.
        if max(window.changes(window.end - length, window.end)) > max(0.45, 3.0 / length) * way:
            return False
        start, middle, end = (self._small[self._end + at] for at in (-length - 1, (-length - 1) // 2, -1))
        # With m = s + a (e - s): |m - s|^2 + |e - m|^2 = (a^2 + (1 - a)^2) |e - s|^2, which is half at a = 0.5, 0.58
        # at 0.3, 0.85 at 0.08; whatever lies off the line adds to it.
        halves = cv2.norm(start, middle, cv2.NORM_L2SQR) + cv2.norm(middle, end, cv2.NORM_L2SQR)
        return bool(halves <= _HALFWAY * cv2.norm(start, end, cv2.NORM_L2SQR))


def _stands_out(window: Window, span: Span) -> bool:
    """Return whether its ends differ, and by more than one of its sides changes in the frames next to it."""
    start, end = max(span.first_frame - 1, window.first), min(span.last_frame + 1, window.end - 1)
    reach = min(_BESIDE, end - start)
    before = window.dissimilarity(max(start - reach, window.first), start)
    after = window.dissimilarity(end, min(end + reach, window.end - 1))
    return window.dissimilarity(start, end) >= max(_LEAST_DISSIMILARITY, _CALMER * min(before, after))


# A dissolve from picture s to e shows p_t = s + alpha_t (e - s): a straight line in the space of all pixels. For each
# p_t, alpha_t = (p_t - s) . (e - s) / |e - s|^2 is its foot on that line, and what remains beside it is
# b_t = |p_t - s - alpha_t (e - s)|. It is a dissolve where alpha climbs from 0 to 1 about evenly and b_t is small
# against the way to the nearer end, n_t = min(alpha_t, 1 - alpha_t) |e - s|: residue = b / (n + b) < 0.30.
# Halfway between two stills 40 levels apart n = 20; with noise of 2 levels b = 2 and the residue is 2 / 22 = 0.09.
def mixture(pictures: NDArray[np.float32]) -> float | None:
    """Return how surely pictures [n + 1, pixels] are mixtures of the first and the last, 0-1; None: they are not."""
    steps = len(pictures) - 1
    start, way = pictures[0], pictures[-1] - pictures[0]
    length = float(way @ way)
    if length == 0:
        return None
    offset = pictures - start
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
    correlation = float(np.corrcoef(pictures[0], pictures[-1])[0, 1]) if min(pictures[[0, -1]].std(axis=1)) > 1 else 0.0
    if correlation > _CORRELATED:
        return None
    # Medians over pixels: what moves in either shot leaves the line, what stands still follows it.
    along = way[changed]
    beside = np.median(np.abs(offset[inner][:, changed] - alpha[inner, None] * along), axis=1)
    near = np.minimum(alpha[inner], 1 - alpha[inner]) * np.median(np.abs(along))
    residue = float(np.median(beside / (near + beside)))
    return None if residue >= _RESIDUE else 1 - correlation / 2 - residue


# A flash: the mean rises by over 12 grey levels in a frame, falls back below 35 % of the whole rise within 15 frames
# (half a second), and the picture behind it is the one before: their dissimilarity is at most 0.45. Means 100, 180,
# 200, 130: a rise of 100 with 30 % left, so it has come back. Rules were measured on 40 rendered flashes.
_RISE, _BACK, _LONGEST_FLASH = 12.0, 0.35, 15
_SAME = 0.45
# Under a flash the picture is still there, or hardly anything is: it correlates by at least the first, or keeps at most
# the second of its contrast.
_CORRELATED_UNDER, _WASHED_OUT = 0.5, 0.4
_WHITE = 235.0
"""Luma of white in video of limited range."""


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
    """Return whether the newest picture is the one before the rise, and the peak that picture under white."""
    base = window[before].mean
    height = window[peak].mean - base
    if now == peak or window[now].mean - base > _BACK * height:
        return False
    if window[peak].contrast > _WASHED_OUT * window[before].contrast:
        correlation = np.corrcoef(window[before].y.ravel(), window[peak].y.ravel())[0, 1]
        if correlation < _CORRELATED_UNDER:
            return False
    return window.dissimilarity(before, now) <= _SAME
