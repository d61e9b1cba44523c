"""One comparison of the join, for a worker process: new media against others. A broken one fails by itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from curate.duplicates.sketches import load_sketch, read_fingerprint
from slateboard.engine import Failure
from slateboard.media.fingerprints import Fingerprint
from slateboard.records.media import Duplicate
from slateboard.workers.outcome import RunEnds, explain
from splits.near import duplicates as matcher
from splits.near.candidates import Sketch
from splits.near.memory import Recent

_CACHED_BYTES = 300_000_000
"""Of fingerprints that are cached: of 20 s one takes some 1.2 MB."""
_SKETCHES = 1024
"""Sketches of indexed media that are held together: some 40 kB each."""
_PAIRS = 16
"""Pairs of a comparison that was divided."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Comparison:
    """Media that were not compared yet, against each other and against those that were."""

    number: int
    """Of the block: its comparisons are recorded together."""
    fresh: tuple[str, ...]
    indexed: tuple[str, ...]
    folder: Path
    """Holds the observations."""
    key: str
    """Of the sketches."""
    pairs: Pairs | None = None
    """Only these pairs; None: those with near sketches."""

    def divide(self) -> "list[Comparison]":
        """Return comparisons of fewer pairs; none for a comparison of one pair."""
        if self.pairs is not None:
            return [replace(self, pairs=(pair,)) for pair in self.pairs] if len(self.pairs) > 1 else []
        pairs = [pair for _, candidates in _candidates(self, ComparisonResult()) for pair in candidates]
        smaller = [replace(self, pairs=tuple(pairs[at : at + _PAIRS])) for at in range(0, len(pairs), _PAIRS)]
        # The engine divides what ended its worker: pairs by 16, then one by one, until the pair that does it fails
        # alone. A single part would be the same work once more.
        return smaller if len(smaller) > 1 else [of_pair for comparison in smaller for of_pair in comparison.divide()]


@dataclass
class ComparisonResult:
    """Duplicates, undecided pairs and failures of a comparison."""

    matches: list[Duplicate | matcher.UndecidedPair] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    """Media id, or two with a space between -> why it could not be compared."""


def make_sketch(job: tuple[Path, str, str]) -> None:
    """Write the sketch of (folder, media id, key) where there is none of that key."""
    folder, media_id, key = job
    load_sketch(folder, media_id, lambda name: read_fingerprint(folder, name), key=key)


def compare(comparison: Comparison) -> ComparisonResult:
    """Compare; a media or a pair that raises is a failure and the others go on."""
    result = ComparisonResult()

    load: Recent[str, Fingerprint] = Recent(
        lambda media_id: read_fingerprint(comparison.folder, media_id),
        size=lambda fingerprint: fingerprint.views.nbytes,
        most_bytes=_CACHED_BYTES,
    )

    def on_error(reference_id: str, query_id: str, error: Exception) -> None:
        result.failures[f"{reference_id} {query_id}"] = _failure(error)

    for sketches, pairs in _candidates(comparison, result):
        result.matches += matcher.compare_pairs(pairs, sketches, load, on_error=on_error)
    return result


def _candidates(
    comparison: Comparison, result: ComparisonResult
) -> Iterator[tuple[dict[str, Sketch], Sequence[tuple[str, str]]]]:
    """Yield sketches, and the pairs among them to compare, for _SKETCHES indexed media at a time."""
    if comparison.pairs is not None:
        yield _load_sketches(comparison, {name for pair in comparison.pairs for name in pair}, result), comparison.pairs
        return
    # With b new media and m indexed ones there are b(b - 1)/2 + b * m pairs: 128 against 50,000 are 6.4 million, of
    # which only those with near sketches are compared by fingerprint. Indexed sketches pass by 1,024 at a time (40 MB),
    # so that memory does not grow with m.
    fresh = _load_sketches(comparison, comparison.fresh, result)
    yield fresh, matcher.candidate_pairs(list(fresh), list(fresh), fresh)
    for start in range(0, len(comparison.indexed), _SKETCHES):
        indexed = _load_sketches(comparison, comparison.indexed[start : start + _SKETCHES], result)
        sketches = {**fresh, **indexed}
        yield sketches, matcher.candidate_pairs(list(fresh), list(indexed), sketches)


def _load_sketches(comparison: Comparison, media_ids: Iterable[str], result: ComparisonResult) -> dict[str, Sketch]:
    load: Callable[[str], Fingerprint] = lambda name: read_fingerprint(comparison.folder, name)  # noqa: E731
    sketches = {}
    for media_id in sorted(media_ids):
        try:
            sketches[media_id] = load_sketch(comparison.folder, media_id, load, key=comparison.key)
        except Exception as error:
            result.failures[media_id] = _failure(error)
    return sketches


def _failure(error: Exception) -> Failure:
    """Return why one media or pair has no result; re-raise what ends the run, and want of memory."""
    outcome = explain(error)
    if isinstance(outcome, RunEnds) or isinstance(error, MemoryError):
        raise error
    return outcome
