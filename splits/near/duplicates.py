"""Near-duplicates: which videos show the same footage, found by fingerprints over time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slateboard.media.fingerprints import Fingerprint
from slateboard.records.media import Duplicate
from splits.near.alignment import Alignment, align
from splits.near.candidates import CandidateAlignment, Sketch, candidate_alignments, near_pairs
from splits.near.memory import Recent
from splits.near.track import MOST_SECONDS, Track

VERSION = 3
"""Of candidates, registration and verdict together; pairs found by another version are found anew."""

# R^2 of the still pictures, and correlation of what moves before them, from which two videos may be the same.
_LEAST_STILL = 0.93
_LEAST_MOTION = 0.80
# How much may differ in what moves, as `excess` counts it: the noise of coding in grey levels, and a share of the
# movement for imperfect registration. An edit differs by under 0.5 of that as a rule, another person before the same
# wall by 0.79 at least (all real clips, docs/duplicates.md).
_NOISE_LEVELS, _MOTION_SHARE, _MOST_EXCESS = 2.0, 0.20, 0.65
# Where pictures were taken at other moments, half of the step between two of them is explained by that: what is left
# must be less. The nearest pair of two persons differs by 0.42 (docs/duplicates.md).
_TIMED_MOST_EXCESS = 0.30
# Where the whole picture moves, as before a moving camera, its agreement is proof enough, and fast movement differs
# by more because pictures were not taken at quite the same moments.
_WIDE_SPREAD, _WIDE_MOTION, _WIDE_MOST_EXCESS = 0.60, 0.95, 1.00
_LEAST_SAMPLES = 6
_LEAST_ENERGY = 0.5
"""Grey levels (root mean square) from which a video counts as moving."""
_CACHED_BYTES = 600_000_000
"""Of tracks that are cached: of 20 s one takes some 2.4 MB, and as much again on even times."""


@dataclass(frozen=True)
class UndecidedPair:
    """Two videos whose still pictures agree but which are too short or too still to tell."""

    first: str
    second: str
    reason: str
    """few samples, nothing moves, or too long."""


def duplicates(
    fresh: Sequence[str],
    indexed: Sequence[str],
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
) -> Iterator[Duplicate | UndecidedPair]:
    """Yield pairs that show the same footage, and undecided ones, among `fresh` and against `indexed`.

    Each unordered pair is compared once, the smaller id first, so that the outcome does not depend on the order.
    `load` gives the fingerprint of an id; it is called only for videos whose sketches are near.
    """
    return compare_pairs(candidate_pairs(fresh, [*fresh, *indexed], sketches), sketches, load)


def candidate_pairs(
    queries: Sequence[str], references: Sequence[str], sketches: Mapping[str, Sketch]
) -> list[tuple[str, str]]:
    """Return the pairs of a query and a reference with near sketches: sorted, in each pair the smaller id first."""
    query_ids, reference_ids = sorted(set(queries)), sorted(set(references))
    indices = near_pairs([sketches[clip] for clip in query_ids], [sketches[clip] for clip in reference_ids])
    ids = ((query_ids[row], reference_ids[column]) for row, column in indices)
    return sorted({(min(pair), max(pair)) for pair in ids if pair[0] != pair[1]})


def compare_pairs(
    pairs: Iterable[tuple[str, str]],
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
    *,
    on_error: Callable[[str, str, Exception], None] | None = None,
) -> Iterator[Duplicate | UndecidedPair]:
    """Yield which pairs show the same footage, and which cannot be decided; each is compared by itself.

    The exception of a pair goes to `on_error`, if that is given, and the next pair is compared.
    """

    def make_track(key: tuple[str, int, bool]) -> Track:
        name, view, mirrored = key
        fingerprint = load(name)
        return Track.of(fingerprint.seconds, fingerprint.views[view], mirrored=mirrored)

    track = Recent(make_track, size=lambda track: track.pictures.nbytes, most_bytes=_CACHED_BYTES)
    for reference_id, query_id in pairs:
        try:
            match = _compare(reference_id, query_id, sketches, load, track)
        except Exception as error:
            if on_error is None:
                raise
            on_error(reference_id, query_id, error)
            continue
        if match is not None:
            yield match


def _compare(
    reference_id: str,
    query_id: str,
    sketches: Mapping[str, Sketch],
    load: Callable[[str], Fingerprint],
    track: Callable[[tuple[str, int, bool]], Track],
) -> Duplicate | UndecidedPair | None:
    """Return the footage that two videos share, why that is undecided, or None where they differ."""
    undecided: UndecidedPair | None = None
    for candidate in candidate_alignments(sketches[reference_id], sketches[query_id]):
        reference = track((reference_id, candidate.reference_view, False))
        query = track((query_id, candidate.query_view, candidate.mirrored))
        if min(len(reference.seconds), len(query.seconds)) < 2:
            undecided = UndecidedPair(reference_id, query_id, "few samples")
            continue
        if max(reference.seconds[-1], query.seconds[-1]) > MOST_SECONDS:
            undecided = UndecidedPair(reference_id, query_id, "too long")
            continue
        alignment = align(reference, query, candidate.offset_s)
        verdict = _verdict(alignment)
        if alignment is not None and verdict == "same":
            begins = load(reference_id).begins_s, load(query_id).begins_s
            return _duplicate((reference_id, query_id), candidate, alignment, begins=begins)
        if verdict not in ("same", "different"):
            undecided = UndecidedPair(reference_id, query_id, verdict)
    return undecided


def _verdict(alignment: Alignment | None) -> str:
    """Return same, different, or why it cannot be decided."""
    if alignment is None or alignment.still < _LEAST_STILL:
        return "different"
    if alignment.energy < _LEAST_ENERGY:
        return "nothing moves"
    wide = alignment.spread >= _WIDE_SPREAD and alignment.motion >= _WIDE_MOTION
    agrees = excess(alignment) <= (_WIDE_MOST_EXCESS if wide else _MOST_EXCESS)
    if alignment.motion < _LEAST_MOTION or not (agrees or excess(alignment, timed=True) <= _TIMED_MOST_EXCESS):
        return "different"
    return "same" if alignment.samples >= _LEAST_SAMPLES else "few samples"


def excess(alignment: Alignment, *, timed: bool = False) -> float:
    """Return how much what moves differs, as a multiple of what coding and registration (and timing) explain."""
    error = alignment.timed_error if timed else alignment.error
    # error / sqrt(noise^2 + (share * energy)^2), all in grey levels. Energy 10: sqrt(2^2 + 2^2) = 2.83 levels are
    # explained, and 0.65 of that, an error of 1.84, is the most that passes.
    return float(error / np.hypot(_NOISE_LEVELS, _MOTION_SHARE * alignment.energy))


def _duplicate(
    ids: tuple[str, str], candidate: CandidateAlignment, alignment: Alignment, *, begins: tuple[float, float]
) -> Duplicate:
    return Duplicate(
        first=ids[0],
        second=ids[1],
        mirrored=candidate.mirrored,
        first_start_s=round(begins[0] + alignment.start_s, 3),
        second_start_s=round(begins[1] + max(0.0, alignment.start_s - alignment.offset_s), 3),
        seconds=round(alignment.seconds, 3),
        score=round(min(max(alignment.motion, 0.0), 1.0), 4),
    )
