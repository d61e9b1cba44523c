"""Join what is new in a workspace: which media show the same footage as another, recorded block by block."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from curate.duplicates.comparison import Compared, Comparison, compare, make_sketch
from curate.duplicates.sketches import FINGERPRINTS
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog
from slateboard.files import digest
from slateboard.progress import progress
from slateboard.records.failure import Failed
from slateboard.records.media import Duplicate
from splits.near import duplicates as matcher

STAGE = "join"

_BLOCK = 128
"""Media compared between two writes: what a kill costs at most."""


def join(
    catalog: Catalog,
    folder: Path,
    *,
    version: int,
    workers: int | None = None,
    engine: str = engines.Engine.LOCAL,
    address: str | None = None,
    budget: engines.Budget | None = None,
    shared: Sequence[Path] = (),
    retry: bool = False,
) -> dict[str, Any]:
    """Compare every media that has fingerprints and was not compared with the others yet; record the pairs.

    `folder` holds the observations, `version` is the fingerprint analyser's: with another one, or another matcher,
    all are compared anew. The work is done in processes. A media whose fingerprint is broken, or a pair that ends its
    process, is a row of failures; with `retry` those of before are tried again. Each block is compared with all media
    before it and with itself, then recorded at once, so a run that is killed and started again ends with the same
    pairs. Returns counts: media compared, pairs now in the catalog, pairs that could not be told, by reason, and
    media and pairs that failed.
    """
    key = digest([version, matcher.VERSION], length=12)
    place = {"workers": workers, "engine": engine, "address": address, "budget": budget, "shared": shared}
    work = _Join(catalog, folder, key, place, retry=retry)
    with progress("duplicates", len(work.fresh), unit="videos") as bar:
        for media in work.done_blocks():
            bar.step(media)
    return {
        "compared": len(work.fresh),
        "duplicates": len(catalog.duplicates()),
        "undecided": dict(sorted(work.doubts.items())),
        "failed": catalog.failure_counts().get(STAGE, 0),
    }


class _Join:
    """What is to be compared, and what came of it so far."""

    def __init__(self, catalog: Catalog, folder: Path, key: str, place: dict[str, Any], *, retry: bool) -> None:
        self._catalog, self._folder, self._key, self._place = catalog, folder, key, place
        there = catalog.seen_by(FINGERPRINTS)
        failed = catalog.failed_under(STAGE, key)
        # Of before, and to be forgotten in the end unless it fails again: a kill meanwhile loses none.
        self._stale = {failure.item for failure in catalog.failures(STAGE) if retry or failure.key != key}
        again = {name for item in failed for name in item.split()} if retry else set()
        lost = failed - again
        self._compared = sorted((catalog.compared(key) & there) - again)
        self.fresh = sorted(there.difference(self._compared, lost))
        self.doubts: Counter[str] = Counter()
        self._open: dict[int, tuple[Sequence[str], int, list[Duplicate]]] = {}

    def done_blocks(self) -> Iterator[int]:
        """Compare and record; yield how many media each block had."""
        sound = self._sketched()
        yield len(self.fresh) - len(sound)
        blocks = list(self._blocks(sound))
        self._open = {block.number: (block.fresh, 1, []) for block in blocks}
        for part, outcome in engines.run(compare, blocks, divide=self._divided, **self._place):
            done = self._taken(part, outcome)
            if done is not None:
                yield done
        self._catalog.forget_failures(STAGE, self._stale)

    def _sketched(self) -> list[str]:
        """Make the sketches of what is new; return the media that have one."""
        jobs = [(self._folder, media_id, self._key) for media_id in self.fresh]
        failed = {}
        for (_, media_id, _), outcome in engines.run(make_sketch, jobs, **self._place):
            if isinstance(outcome, engines.Failure):
                failed[media_id] = outcome
        self._record(failed)
        return [media_id for media_id in self.fresh if media_id not in failed]

    def _blocks(self, media_ids: Sequence[str]) -> Iterator[Comparison]:
        for number, start in enumerate(range(0, len(media_ids), _BLOCK)):
            block, before = media_ids[start : start + _BLOCK], media_ids[:start]
            yield Comparison(number, tuple(block), (*self._compared, *before), self._folder, self._key)

    def _divided(self, part: Comparison) -> list[Comparison]:
        parts = part.divide()
        if parts:
            media_ids, left, matches = self._open[part.number]
            self._open[part.number] = media_ids, left + len(parts) - 1, matches
        return parts

    def _taken(self, part: Comparison, outcome: Compared | engines.Failure) -> int | None:
        """Take what came of a part; record its block and return how many media it has, if that was the last."""
        media_ids, left, matches = self._open[part.number]
        if isinstance(outcome, engines.Failure):
            names = [" ".join(pair) for pair in part.pairs] if part.pairs is not None else part.fresh
            self._record(dict.fromkeys(names, outcome))
        else:
            self._record(outcome.failures)
            matches += [match for match in outcome.matches if isinstance(match, Duplicate)]
            self.doubts.update(match.reason for match in outcome.matches if isinstance(match, matcher.Doubt))
        self._open[part.number] = media_ids, left - 1, matches
        if left > 1:
            return None
        self._catalog.compare(media_ids, sorted(matches, key=lambda pair: (pair.first, pair.second)), key=self._key)
        return len(media_ids)

    def _record(self, failures: dict[str, engines.Failure]) -> None:
        rows = [
            Failed.now(stage=STAGE, item=item, code=failure.code, reason=failure.reason, key=self._key)
            for item, failure in failures.items()
        ]
        if rows:
            self._catalog.record_failures(rows)
        self._stale -= failures.keys()
