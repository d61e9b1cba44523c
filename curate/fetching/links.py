"""Check whether sources are still at their hosts, and count losses by class; downloads nothing, changes no state."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from curate.fetching.attempt import AttemptResult
from curate.fetching.cookies import read_cookies
from curate.fetching.crawl import crawl
from curate.fetching.fetch import group_by_address, request_queue
from curate.fetching.pacing import AbandonedHost, FetchRequest
from curate.fetching.web import Session, guarded_session
from slateboard.addresses import public_address, scrub
from slateboard.canonical import canonical
from slateboard.files import record_write
from slateboard.records.source import Source, State
from slateboard.settings import FetchSettings, Limits
from slateboard.workers.outcome import Budget

COLUMNS = ("source_id", "line", "label", "host", "url", "state", "found", "verdict", "reason", "at")
"""Of link_rot.csv; `state` is the catalog's, `found` the state that the host's answer of today means."""

VERDICTS = ("alive", "gone", "other", "not_asked")
"""other: the answer says neither (login, limit, network); not_asked: the host had refused us as a whole before."""


class LinkRow(TypedDict):
    """One row of link_rot.csv."""

    source_id: str
    line: int
    label: str
    host: str
    url: str
    state: str
    found: str | None
    verdict: str
    reason: str | None
    at: str


class LinkCounts(TypedDict):
    """How many sources of a class answer in which way."""

    checked: int
    alive: int
    gone: int
    other: int
    not_asked: int
    gone_share: float | None
    """Of those checked; None where none was."""


class _LinkChecker:
    """Asks with one session, downloading nothing; called in a process of `crawl`."""

    def __init__(self, settings: FetchSettings, *, cookies: str | None) -> None:
        self._settings, self._cookies = settings, cookies
        self._session: Session | None = None

    def __call__(self, request: FetchRequest) -> AttemptResult:
        """Ask for one address."""
        if self._session is None:
            self._session = guarded_session(self._settings, cookies=self._cookies)
        return self._session.look(request.url)


def check_links(
    sources: Sequence[Source],
    *,
    root: Path,
    settings: FetchSettings,
    limits: Limits,
    on_abandoned: Callable[[AbandonedHost], None],
) -> Iterator[LinkRow]:
    """Yield a row of link_rot.csv for every source as its address answers, and at the end for what was not asked."""
    groups = group_by_address(sources)
    check = _LinkChecker(settings, cookies=read_cookies(root, settings))
    queue = request_queue(groups, settings)
    budget = Budget(wall_seconds=settings.try_seconds, memory_bytes=limits.memory_bytes)
    for event in crawl(queue, attempt=check, workers=settings.workers, budget=budget):
        if event.settled:
            for source in groups.pop(canonical(event.request.url)):
                yield _row(source, event.result)
    for host in queue.abandoned_hosts():
        on_abandoned(host)
    for group in groups.values():
        for source in group:
            yield _row(source, None)


def _row(source: Source, result: AttemptResult | None) -> LinkRow:
    state_today = None if result is None else result.state
    return {
        "source_id": source.source_id,
        "line": source.line,
        "label": source.label,
        "host": source.host,
        "url": public_address(source.url),
        "state": source.state.value,
        "found": None if state_today is None else ("alive" if state_today == State.FETCHED else state_today.value),
        "verdict": {State.FETCHED: "alive", State.GONE: "gone"}.get(state_today, "other")
        if state_today
        else "not_asked",
        "reason": None if result is None else scrub(result.error or "", addresses=[source.url]) or None,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def rot_by_class(rows: Iterable[LinkRow]) -> dict[str, LinkCounts]:
    """Return label -> counts of its sources, labels in alphabetical order; the last entry is `all`."""
    counts: dict[str, dict[str, int]] = {}
    total = dict.fromkeys(VERDICTS, 0)
    for row in rows:
        for tally in (counts.setdefault(row["label"], dict.fromkeys(VERDICTS, 0)), total):
            tally[row["verdict"]] += 1
    return {label: _shares(tally) for label, tally in [*sorted(counts.items()), ("all", total)]}


def _shares(counts: Mapping[str, int]) -> LinkCounts:
    # What was not asked says nothing: 6 alive, 2 gone, 2 other, 5 not asked -> 2 / 10 gone.
    alive, gone, other = counts["alive"], counts["gone"], counts["other"]
    checked = alive + gone + other
    return {
        "checked": checked,
        "alive": alive,
        "gone": gone,
        "other": other,
        "not_asked": counts["not_asked"],
        "gone_share": gone / checked if checked else None,
    }


class Journal:
    """Rows of an unfinished check, a JSON line each: a killed check continues with the sources it lacks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[LinkRow]:
        """Return the rows of an interrupted check, without a line that the kill cut off."""
        if not self._path.is_file():
            return []
        rows: list[LinkRow] = []
        for line in self._path.read_text("utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def append(self, row: LinkRow) -> None:
        """Add a row."""
        with self._path.open("a", encoding="utf-8") as file:
            # A line of its own, even after one that was cut off.
            file.write(f"\n{json.dumps(row, ensure_ascii=False)}")
        record_write(self._path)

    def delete(self) -> None:
        """Delete the file, once the table is written."""
        self._path.unlink(missing_ok=True)
