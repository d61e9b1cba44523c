"""A part of the join, for a worker process: some media against others. What is broken costs itself alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from curate.duplicates.sketches import read, sketched
from slateboard.engine import Failure
from slateboard.media.fingerprints import Fingerprint
from slateboard.records.media import Duplicate
from slateboard.workers.outcome import RunEnds, explain
from splits.near import duplicates as matcher
from splits.near.candidates import Sketch
from splits.near.memory import Recent

_LOADED_BYTES = 300_000_000
"""Of fingerprints that are kept: of 20 s one takes some 1.2 MB."""
_AT_ONCE = 1024
"""Sketches of others that are held together: some 40 kB each."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Comparison:
    """Media that were not compared yet, against each other and against those that were."""

    number: int
    """Of the block: what belongs together is recorded together."""
    fresh: tuple[str, ...]
    others: tuple[str, ...]
    folder: Path
    """Holds the observations."""
    key: str
    """Of the sketches."""
    pairs: Pairs | None = None
    """Only these pairs; None: those whose sketches come near."""

    def divide(self) -> "list[Comparison]":
        """Return parts by pair; a part of one pair has none."""
        if self.pairs is not None:
            return [replace(self, pairs=(pair,)) for pair in self.pairs] if len(self.pairs) > 1 else []
        compared = Compared()
        pairs = [pair for _, near in _near(self, compared) for pair in near]
        parts = [replace(self, pairs=tuple(pairs[start : start + 16])) for start in range(0, len(pairs), 16)]
        # A single part would be the same work once more.
        return parts if len(parts) > 1 else [part for one in parts for part in one.divide()]


@dataclass
class Compared:
    """What came of a comparison."""

    matches: list[Duplicate | matcher.UndecidedPair] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    """Media id, or two with a space between -> why nothing can be said of it."""


def make_sketch(job: tuple[Path, str, str]) -> None:
    """Write the sketch of (folder, media id, key) where there is none of that key."""
    folder, media_id, key = job
    sketched(folder, media_id, lambda name: read(folder, name), key=key)


def compare(job: Comparison) -> Compared:
    """Compare; a media or a pair that raises is a failure and the others go on."""
    compared = Compared()

    load: Recent[str, Fingerprint] = Recent(
        lambda media_id: read(job.folder, media_id),
        size=lambda fingerprint: fingerprint.views.nbytes,
        most_bytes=_LOADED_BYTES,
    )

    def fails(first: str, second: str, error: Exception) -> None:
        compared.failures[f"{first} {second}"] = _failure(error)

    for sketches, pairs in _near(job, compared):
        compared.matches += matcher.compare_pairs(pairs, sketches, load, on_error=fails)
    return compared


def _near(job: Comparison, compared: Compared) -> Iterator[tuple[dict[str, Sketch], Sequence[tuple[str, str]]]]:
    """Yield sketches, and the pairs among them to compare, by as many others as are held together."""
    if job.pairs is not None:
        yield _sketches(job, {name for pair in job.pairs for name in pair}, compared), job.pairs
        return
    fresh = _sketches(job, job.fresh, compared)
    yield fresh, matcher.candidate_pairs(list(fresh), list(fresh), fresh)
    for start in range(0, len(job.others), _AT_ONCE):
        others = _sketches(job, job.others[start : start + _AT_ONCE], compared)
        sketches = {**fresh, **others}
        yield sketches, matcher.candidate_pairs(list(fresh), list(others), sketches)


def _sketches(job: Comparison, media_ids: Any, compared: Compared) -> dict[str, Sketch]:
    load: Callable[[str], Fingerprint] = lambda name: read(job.folder, name)  # noqa: E731
    sketches = {}
    for media_id in sorted(media_ids):
        try:
            sketches[media_id] = sketched(job.folder, media_id, load, key=job.key)
        except Exception as error:
            compared.failures[media_id] = _failure(error)
    return sketches


def _failure(error: Exception) -> Failure:
    """Return why one media or pair has no result; raise what no other can help, and want of memory."""
    outcome = explain(error)
    if isinstance(outcome, RunEnds) or isinstance(error, MemoryError):
        raise error
    return outcome
