"""Near-duplicates: which videos show the same footage, found by fingerprints over time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slateboard.media.fingerprints import Fingerprint
from slateboard.records.media import Duplicate
from splits.near.candidates import Guess, Sketch, guesses, near
from splits.near.likeness import MOST_SECONDS, Likeness, Track, likeness
from splits.near.memory import Recent

VERSION = 3
"""Of candidates, registration and verdict together; pairs found by another version are found anew."""

_LEAST_STILL = 0.93
_LEAST_MOTION = 0.80
# How much may differ in what moves: the noise of coding, and a part of the movement for imperfect registration. An
# edit differs by under 0.5 of that as a rule, another person before the same wall by 0.79 at least (all real clips).
_NOISE_LEVELS, _PART, _MOST_EXCESS = 2.0, 0.20, 0.65
# Where pictures were taken at other moments a difference of half of the step between two is explained by that: what
# is left must be less.
_TIMED_MOST_EXCESS = 0.30
# Where the whole picture moves, as before a moving camera, its agreement is proof enough, and fast movement differs
# by more because pictures were not taken at quite the same moments.
_WIDE_SPREAD, _WIDE_MOTION, _WIDE_MOST_EXCESS = 0.60, 0.95, 1.00
_LEAST_SAMPLES = 6
_LEAST_ENERGY = 0.5
_KEPT_BYTES = 600_000_000
"""Of tracks that are kept: of 20 s one takes some 2.4 MB, and as much again on even times."""


@dataclass(frozen=True)
class Doubt:
    """Two videos whose still pictures agree but which are too short or too still to tell."""

    first: str
    second: str
    reason: str
    """few samples, nothing moves, or too long."""


def duplicates(
    fresh: Sequence[str],
    others: Sequence[str],
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
) -> Iterator[Duplicate | Doubt]:
    """Yield pairs that show the same footage, and pairs that cannot be told, among `fresh` and against `others`.

    Each unordered pair is judged once, the smaller id first, so that the outcome depends on no order. `load`
    gives the fingerprint of an id; it is asked only for videos whose sketches come near.
    """
    return judged(worth_comparing(fresh, [*fresh, *others], sketches), sketches, load)


def worth_comparing(
    some: Sequence[str], others: Sequence[str], sketches: Mapping[str, Sketch]
) -> list[tuple[str, str]]:
    """Return the pairs of one of `some` and one of `others` whose sketches come near: sorted, the smaller id first."""
    names, rivals = sorted(set(some)), sorted(set(others))
    found = near([sketches[name] for name in names], [sketches[name] for name in rivals])
    pairs = {(min(names[one], rivals[other]), max(names[one], rivals[other])) for one, other in found}
    return sorted(pair for pair in pairs if pair[0] != pair[1])


def judged(
    pairs: Iterable[tuple[str, str]],
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
    *,
    fails: Callable[[str, str, Exception], None] | None = None,
) -> Iterator[Duplicate | Doubt]:
    """Yield which pairs show the same footage, and which cannot be told; each is judged by itself.

    A pair that raises goes to `fails`, if that is given, and the others go on.
    """

    def make_track(key: tuple[str, int, bool]) -> Track:
        name, view, mirrored = key
        fingerprint = load(name)
        return Track.of(fingerprint.seconds, fingerprint.views[view], mirrored=mirrored)

    track = Recent(make_track, size=lambda track: track.pictures.nbytes, most_bytes=_KEPT_BYTES)
    for first, second in pairs:
        try:
            verdict = _judged(first, second, sketches, load, track)
        except Exception as error:
            if fails is None:
                raise
            fails(first, second, error)
            continue
        if verdict is not None:
            yield verdict


def _judged(
    first: str,
    second: str,
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
    track: Callable[[tuple[str, int, bool]], Track],
) -> Duplicate | Doubt | None:
    """Return the footage that two videos share, why that cannot be told, or None where they differ."""
    doubt: Doubt | None = None
    for guess in guesses(sketches[first], sketches[second]):
        one, other = track((first, guess.first_view, False)), track((second, guess.second_view, guess.mirrored))
        if min(len(one.seconds), len(other.seconds)) < 2:
            doubt = Doubt(first, second, "few samples")
            continue
        if max(one.seconds[-1], other.seconds[-1]) > MOST_SECONDS:
            doubt = Doubt(first, second, "too long")
            continue
        found = likeness(one, other, guess.offset_s)
        verdict = _verdict(found)
        if found is not None and verdict == "same":
            return _duplicate(first, second, guess, found, begins=(load(first).begins_s, load(second).begins_s))
        if verdict not in ("same", "different"):
            doubt = Doubt(first, second, verdict)
    return doubt


def _verdict(found: Likeness | None) -> str:
    """Return same, different, or why it cannot be told."""
    if found is None or found.still < _LEAST_STILL:
        return "different"
    if found.energy < _LEAST_ENERGY:
        return "nothing moves"
    wide = found.spread >= _WIDE_SPREAD and found.motion >= _WIDE_MOTION
    agrees = excess(found) <= (_WIDE_MOST_EXCESS if wide else _MOST_EXCESS)
    if found.motion < _LEAST_MOTION or not (agrees or excess(found, timed=True) <= _TIMED_MOST_EXCESS):
        return "different"
    return "same" if found.samples >= _LEAST_SAMPLES else "few samples"


def excess(found: Likeness, *, timed: bool = False) -> float:
    """Return how much what moves differs, in parts of what coding and registration (and timing) explain."""
    error = found.timed_error if timed else found.error
    return float(error / np.hypot(_NOISE_LEVELS, _PART * found.energy))


def _duplicate(first: str, second: str, guess: Guess, found: Likeness, *, begins: tuple[float, float]) -> Duplicate:
    return Duplicate(
        first=first,
        second=second,
        mirrored=guess.mirrored,
        first_start_s=round(begins[0] + found.start_s, 3),
        second_start_s=round(begins[1] + max(0.0, found.start_s - found.offset_s), 3),
        seconds=round(found.seconds, 3),
        score=round(min(max(found.motion, 0.0), 1.0), 4),
    )
