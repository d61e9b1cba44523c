"""Fetch all sources that want it: each ends in one state, each try is a row, each file lies once in media/."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from curate.fetching import web
from curate.fetching.outcome import RETRIED, Outcome
from slateboard.files import sha256_of, whole
from slateboard.media.errors import Unreadable
from slateboard.media.probe import probe
from slateboard.records.media import Media
from slateboard.records.source import Attempt, Source, State
from slateboard.settings import Fetch


class Ledger(Protocol):
    """What fetching needs of the catalog."""

    def tried(self, source: Source, attempts: list[Attempt], media: Media | None) -> None:
        """Record what became of a source."""


@dataclass(frozen=True)
class Fetched:
    """What became of one address: the same for every source that names it."""

    outcome: Outcome
    attempts: tuple[tuple[datetime, Outcome], ...]
    media: Media | None


def fetch(
    sources: list[Source],
    *,
    known: dict[str, Source],
    root: Path,
    ledger: Ledger,
    settings: Fetch,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Source]:
    """Fetch sources (in the order given) and yield each in its new state once it is recorded.

    `known` maps media ids that lie in media/ to the first source that brought them. Sources of one address
    share one download; another address with the same bytes becomes a `duplicate`.
    """
    by_url: dict[str, list[Source]] = {}
    for source in sources:
        by_url.setdefault(source.url, []).append(source)
    incoming = root / "media" / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(settings.workers) as pool:
        results = pool.map(lambda group: _bring(group[0], root, incoming, settings, sleep), by_url.values())
        for group, result in zip(by_url.values(), results, strict=True):
            for source in group:
                settled = _settled(source, result, known)
                tool = web.TOOL if source.is_web else "slateboard"
                attempts = [
                    Attempt(source_id=source.source_id, at=at, state=outcome.state, error=outcome.error, tool=tool)
                    for at, outcome in result.attempts
                ]
                ledger.tried(settled, attempts, result.media)
                yield settled
    if not any(incoming.iterdir()):
        incoming.rmdir()


def _settled(source: Source, result: Fetched, known: dict[str, Source]) -> Source:
    if result.media is None:
        return source.model_copy(update={"state": result.outcome.state, "reason": result.outcome.error})
    first = known.setdefault(result.media.media_id, source)
    if first.url != source.url:
        reason = f"same file as line {first.line} ({first.url})"
        return source.model_copy(update={"state": State.DUPLICATE, "reason": reason, "media_id": result.media.media_id})
    return source.model_copy(update={"state": State.FETCHED, "reason": None, "media_id": result.media.media_id})


def _bring(source: Source, root: Path, incoming: Path, settings: Fetch, sleep: Callable[[float], None]) -> Fetched:
    """Try until it is there or hopeless; then keep the file under its hash and look at its first frame."""
    attempts = []
    for number in range(settings.tries):
        if number:
            # Jitter, so that sources which failed together do not come back together.
            sleep(settings.backoff_seconds * 2 ** (number - 1) * random.uniform(1, 1.5))
        if source.is_web:
            outcome = web.download(source.url, incoming / source.source_id, settings=settings)
        else:
            outcome = _local(root / source.url)
        outcome, media = _kept(outcome, root, move=source.is_web)
        attempts.append((datetime.now(UTC), outcome))
        if outcome.state not in RETRIED:
            break
    return Fetched(outcome, tuple(attempts), media)


def _local(path: Path) -> Outcome:
    if not path.is_file():
        return Outcome(State.GONE, error=f"{path.name} is not there")
    return Outcome(State.FETCHED, file=path)


def _kept(outcome: Outcome, root: Path, *, move: bool) -> tuple[Outcome, Media | None]:
    """Put a fetched file into media/ by its hash; a file that is no video is not kept."""
    if outcome.file is None:
        return outcome, None
    media_id = sha256_of(outcome.file)
    target = root / "media" / f"{media_id}{outcome.file.suffix.lower()}"
    try:
        media = probe(outcome.file, media_id=media_id, relative=str(target.relative_to(root)))
    except Unreadable as error:
        if move:
            outcome.file.unlink()
        return Outcome(error.state, error=str(error)), None
    if move:
        outcome.file.replace(target)
    elif not target.exists():
        with whole(target) as temporary:
            shutil.copyfile(outcome.file, temporary)
    return outcome, media
