"""Score shot detectors: boundaries against marked changes, paired one to one at a tolerance in frames."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from curate.shots.boundaries import Boundary
from curate.shots.truth import Change, Truth


@dataclass(frozen=True)
class Score:
    """Cuts detected right (tp), detected where none is (fp), missed (fn)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, score: "Score") -> "Score":
        """Return the sum of the counts."""
        return Score(self.tp + score.tp, self.fp + score.fp, self.fn + score.fn)

    @property
    def precision(self) -> float | None:
        """Tp / (tp + fp); None: nothing was detected."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """Tp / (tp + fn); None: there is no cut."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None: there is no cut and nothing was detected."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else None


@dataclass(frozen=True)
class Report:
    """Scores of one detector on a table of marked changes."""

    cuts: Mapping[int, Score]
    """Tolerance in frames -> score, over the videos that have a change."""
    clean_videos: int
    """Videos without a change."""
    clean_false: int
    """Boundaries detected in them."""
    typed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Kind of change (a doubtful one is called so) -> what it was taken for (a kind, or nothing) -> how often."""


def pair_frames(detected: Iterable[int], marked: Iterable[int], *, tolerance: int) -> list[tuple[int, int]]:
    """Pair detected with marked frames, one to one, as many as can be within a tolerance.

    Both are walked in order; the earlier of two that are too far apart can have no partner at all.
    """
    # Detected 10, 12, 30 and marked 11, 13, tolerance 1: (10, 11), (12, 13). Nearest first would pair 12 with 11 and
    # leave 10 alone.
    detected, marked = sorted(detected), sorted(marked)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(detected) and j < len(marked):
        if abs(detected[i] - marked[j]) <= tolerance:
            pairs.append((detected[i], marked[j]))
            i, j = i + 1, j + 1
        elif detected[i] < marked[j]:
            i += 1
        else:
            j += 1
    return pairs


def score(detected: Sequence[int], changes: Sequence[Change], *, tolerance: int) -> Score:
    """Score the first frames of shots of one video; those in the span of an optional change do not count."""
    required = [change.frame for change in changes if change.is_required]
    pairs = pair_frames(detected, required, tolerance=tolerance)
    paired = Counter(frame for frame, _ in pairs)
    optional = [change for change in changes if not change.is_required]
    wrong = [
        frame
        for frame in (Counter(detected) - paired).elements()
        if not any(change.first_frame <= frame <= change.last_frame for change in optional)
    ]
    return Score(len(pairs), len(wrong), len(required) - len(pairs))


def report(detected: Mapping[str, Sequence[Boundary]], truth: Truth, *, tolerances: Sequence[int] = (0, 1)) -> Report:
    """Score a detector on all videos; every boundary at which it begins a shot counts as a detected cut."""
    starts = {video: [at.frame for at in boundaries if at.kind != "flash"] for video, boundaries in detected.items()}
    typed: dict[str, Counter[str]] = {}
    for video, changes in truth.items():
        for change in changes:
            kind = change.kind if change.sure else f"doubtful {change.kind}"
            typed.setdefault(kind, Counter())[_detected_kind(change, detected[video])] += 1
    clean = [video for video, changes in truth.items() if not changes]
    return Report(
        {
            tolerance: sum(
                (score(starts[video], changes, tolerance=tolerance) for video, changes in truth.items() if changes),
                Score(),
            )
            for tolerance in tolerances
        },
        len(clean),
        sum(len(starts[video]) for video in clean),
        typed,
    )


def _detected_kind(change: Change, boundaries: Sequence[Boundary]) -> str:
    """Return the kind of the boundary nearest to a change, of those that touch its span (or a frame beside it)."""
    touching = [
        boundary
        for boundary in boundaries
        if min(boundary.first_frame, boundary.frame) <= change.last_frame + 1
        and max(boundary.last_frame, boundary.frame) >= change.first_frame - 1
    ]
    nearest = min(touching, key=lambda boundary: (abs(boundary.frame - change.frame), boundary.frame), default=None)
    return "nothing" if nearest is None else nearest.kind
