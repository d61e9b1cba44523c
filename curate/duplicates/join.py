"""Join what is new in a workspace: which media show the same footage as another, recorded block by block."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from curate.duplicates.comparison import Comparison, ComparisonResult, compare, make_sketch
from curate.duplicates.sketches import FINGERPRINTS
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog
from slateboard.files import digest
from slateboard.progress import progress
from slateboard.records.failure import FailureRecord
from slateboard.records.media import Duplicate
from splits.near import duplicates as matcher

STAGE = "join"

_BLOCK = 128
"""Media compared between two writes: what a kill costs at most."""


class JoinCounts(TypedDict):
    """What `join` returns."""

    compared: int
    """Media."""
    duplicates: int
    """Pairs now in the catalog."""
    undecided: dict[str, int]
    """Reason -> pairs."""
    failed: int
    """Media and pairs."""


def join(
    catalog: Catalog,
    folder: Path,
    *,
    version: int,
    place: engines.Place = engines.HERE,
    retry: bool = False,
) -> JoinCounts:
    """Compare every media that has fingerprints and was not compared with the others yet; record the pairs.

    `folder` holds the observations, `version` is the fingerprint analyser's: with another one, or another matcher,
    all are compared anew. The work is done in processes. A media whose fingerprint is broken, or a pair that ends its
    process, is a row of failures; with `retry` earlier ones are tried again. Each block is compared with all media
    before it and with itself, then recorded at once, so a run that is killed and started again ends with the same
    pairs.
    """
    key = digest([version, matcher.VERSION], length=12)
    run = _Join(catalog, folder, key, place, retry=retry)
    with progress("duplicates", len(run.fresh), unit="videos") as bar:
        for count in run.compare_blocks():
            bar.step(count)
    return {
        "compared": len(run.fresh),
        "duplicates": len(catalog.duplicates()),
        "undecided": dict(sorted(run.undecided.items())),
        "failed": catalog.failure_counts().get(STAGE, 0),
    }


class _Join:
    """One run of the join: the media to compare, and the results of the blocks so far."""

    def __init__(self, catalog: Catalog, folder: Path, key: str, place: engines.Place, *, retry: bool) -> None:
        self._catalog, self._folder, self._key, self._place = catalog, folder, key, place
        with_fingerprints = catalog.seen_by(FINGERPRINTS)
        failed = catalog.failed_under(STAGE, key)
        # Failures of earlier runs, to be deleted at the end unless they fail again: a kill meanwhile loses none.
        self._stale = {failure.item for failure in catalog.failures(STAGE) if retry or failure.key != key}
        retried = {name for item in failed for name in item.split()} if retry else set()
        self._compared = sorted((catalog.compared(key) & with_fingerprints) - retried)
        self.fresh = sorted(with_fingerprints.difference(self._compared, failed - retried))
        self.undecided: Counter[str] = Counter()
        self._open: dict[int, tuple[Sequence[str], int, list[Duplicate]]] = {}
        """Number of a block -> its media, its comparisons that are not finished, and the matches so far."""

    def compare_blocks(self) -> Iterator[int]:
        """Compare and record; yield the number of media of each finished block."""
        with_sketch = self._make_sketches()
        yield len(self.fresh) - len(with_sketch)
        blocks = list(self._blocks(with_sketch))
        self._open = {block.number: (block.fresh, 1, []) for block in blocks}
        for comparison, outcome in self._place.run(compare, blocks, divide=self._divide):
            count = self._take(comparison, outcome)
            if count is not None:
                yield count
        self._catalog.forget_failures(STAGE, self._stale)

    def _make_sketches(self) -> list[str]:
        """Make the sketches of new media; return the media that have one."""
        jobs = [(self._folder, media_id, self._key) for media_id in self.fresh]
        failed = {}
        for (_, media_id, _), outcome in self._place.run(make_sketch, jobs):
            if isinstance(outcome, engines.Failure):
                failed[media_id] = outcome
        self._record(failed)
        return [media_id for media_id in self.fresh if media_id not in failed]

    def _blocks(self, media_ids: Sequence[str]) -> Iterator[Comparison]:
        # Block k is compared with what earlier runs compared, with blocks 0 to k - 1, and with itself, so every pair is
        # compared exactly once: of new media A B | C with D indexed, A-B, A-D, B-D, then C-A, C-B, C-D.
        for number, start in enumerate(range(0, len(media_ids), _BLOCK)):
            block, before = media_ids[start : start + _BLOCK], media_ids[:start]
            yield Comparison(number, tuple(block), (*self._compared, *before), self._folder, self._key)

    def _divide(self, comparison: Comparison) -> list[Comparison]:
        smaller = comparison.divide()
        # One comparison that becomes three leaves pending - 1 + 3; the block is recorded when none is pending, so that
        # a kill loses whole blocks and never half of one.
        if smaller:
            media_ids, pending, matches = self._open[comparison.number]
            self._open[comparison.number] = media_ids, pending + len(smaller) - 1, matches
        return smaller

    def _take(self, comparison: Comparison, outcome: ComparisonResult | engines.Failure) -> int | None:
        """Add the outcome of a comparison; if it was the last of its block record that, and return its media count."""
        media_ids, pending, matches = self._open[comparison.number]
        if isinstance(outcome, engines.Failure):
            pairs = comparison.pairs
            names = [" ".join(pair) for pair in pairs] if pairs is not None else comparison.fresh
            self._record(dict.fromkeys(names, outcome))
        else:
            self._record(outcome.failures)
            matches += [match for match in outcome.matches if isinstance(match, Duplicate)]
            self.undecided.update(pair.reason for pair in outcome.matches if isinstance(pair, matcher.UndecidedPair))
        self._open[comparison.number] = media_ids, pending - 1, matches
        if pending > 1:
            return None
        self._catalog.compare(media_ids, sorted(matches, key=lambda pair: (pair.first, pair.second)), key=self._key)
        return len(media_ids)

    def _record(self, failures: dict[str, engines.Failure]) -> None:
        rows = [
            FailureRecord.now(stage=STAGE, item=item, code=failure.code, reason=failure.reason, key=self._key)
            for item, failure in failures.items()
        ]
        if rows:
            self._catalog.record_failures(rows)
        self._stale -= failures.keys()
