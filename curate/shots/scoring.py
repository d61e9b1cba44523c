"""Scoring shot detectors: boundaries against a truth, each with at most one, at a tolerance in frames."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from curate.shots.boundaries import Boundary
from curate.shots.truth import Change, Truth


@dataclass(frozen=True)
class Score:
    """Cuts found right (tp), found where none is (fp), not found (fn)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Score") -> "Score":
        """Count two together."""
        return Score(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float | None:
        """Part of what was found that is right; None: nothing was found."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """Part of what is there that was found; None: nothing is there."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None: nothing is there and nothing was found."""
        whole = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / whole if whole else None


@dataclass(frozen=True)
class Report:
    """How one detector did on a truth."""

    cuts: Mapping[int, Score]
    """Tolerance in frames -> score, over the videos that have a change."""
    clean_videos: int
    """Videos without a change."""
    clean_false: int
    """Boundaries found in them."""
    typed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Kind of change (a doubtful one is called so) -> what it was taken for (a kind, or nothing) -> how often."""


def matched(found: Iterable[int], asked: Iterable[int], *, tolerance: int) -> list[tuple[int, int]]:
    """Pair frames found with frames asked for, one to one, as many as can be within a tolerance.

    Both are walked in order; the earlier of two that are too far apart can have no partner at all.
    """
    left, right = sorted(found), sorted(asked)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if abs(left[i] - right[j]) <= tolerance:
            pairs.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    return pairs


def score(found: Sequence[int], changes: Sequence[Change], *, tolerance: int) -> Score:
    """Score the first frames of shots of one video; what lies in the span of a change not asked for is not counted."""
    asked = [change.frame for change in changes if change.asked]
    pairs = matched(found, asked, tolerance=tolerance)
    paired = Counter(frame for frame, _ in pairs)
    free = [change for change in changes if not change.asked]
    wrong = [
        frame
        for frame in (Counter(found) - paired).elements()
        if not any(change.first <= frame <= change.last for change in free)
    ]
    return Score(len(pairs), len(wrong), len(asked) - len(pairs))


def report(found: Mapping[str, Sequence[Boundary]], truth: Truth, *, tolerances: Sequence[int] = (0, 1)) -> Report:
    """Score a detector on all videos; every boundary at which it begins a shot counts as a cut that it found."""
    begun = {video: [seen.frame for seen in boundaries if seen.kind != "flash"] for video, boundaries in found.items()}
    typed: dict[str, Counter[str]] = {}
    for video, changes in truth.items():
        for change in changes:
            kind = change.kind if change.sure else f"doubtful {change.kind}"
            typed.setdefault(kind, Counter())[_taken_for(change, found[video])] += 1
    clean = [video for video, changes in truth.items() if not changes]
    return Report(
        {
            tolerance: sum(
                (score(begun[video], changes, tolerance=tolerance) for video, changes in truth.items() if changes),
                Score(),
            )
            for tolerance in tolerances
        },
        len(clean),
        sum(len(begun[video]) for video in clean),
        typed,
    )


def _taken_for(change: Change, found: Sequence[Boundary]) -> str:
    """Return the kind of the boundary nearest to a change, of those that touch its span (or a frame beside it)."""
    touching = [
        seen
        for seen in found
        if min(seen.first, seen.frame) <= change.last + 1 and max(seen.last, seen.frame) >= change.first - 1
    ]
    nearest = min(touching, key=lambda seen: (abs(seen.frame - change.frame), seen.frame), default=None)
    return "nothing" if nearest is None else nearest.kind
