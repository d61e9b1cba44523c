"""Look whether sources are still there, and how much of each class is lost; nothing is downloaded, no state changed."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curate.fetching.crawl import crawl
from curate.fetching.fetch import read_cookies
from curate.fetching.outcome import Outcome
from curate.fetching.pacing import Job, Left, Plan
from curate.fetching.web import Session, guarded_session
from slateboard.addresses import identity, public, scrubbed
from slateboard.files import note_write
from slateboard.records.source import Source, State
from slateboard.settings import Fetch, Limits
from slateboard.workers.outcome import Budget

COLUMNS = ("source_id", "line", "label", "host", "url", "state", "found", "verdict", "reason", "at")
"""Of link_rot.csv; `state` is the catalog's, `found` what the host says today."""

VERDICTS = ("alive", "gone", "other", "not_asked")
"""other: the host answers neither way (login, limit, network); not_asked: it refused us as a whole before."""

Row = dict[str, Any]


class _Looker:
    """Looks with one session; called in a process of `crawl`."""

    def __init__(self, settings: Fetch, *, cookies: str | None) -> None:
        self._settings, self._cookies = settings, cookies
        self._session: Session | None = None

    def __call__(self, job: Job) -> Outcome:
        """Look at one address."""
        if self._session is None:
            self._session = guarded_session(self._settings, cookies=self._cookies)
        return self._session.look(job.url)


def check_links(
    sources: Sequence[Source], *, root: Path, settings: Fetch, limits: Limits, left_alone: Callable[[Left], None]
) -> Iterator[Row]:
    """Yield a row of link_rot.csv for every source as its address answers, and at the end for what was not asked."""
    by_url: dict[str, list[Source]] = {}
    for source in sources:
        by_url.setdefault(identity(source.url), []).append(source)
    look = _Looker(settings, cookies=read_cookies(root, settings))
    plan = Plan([Job(group[-1].url, group[0].host, group[0].source_id) for group in by_url.values()], settings=settings)
    budget = Budget(wall_seconds=settings.try_seconds, memory_bytes=limits.memory_bytes)
    for event in crawl(plan, ask=look, workers=settings.workers, budget=budget):
        if event.settled:
            for source in by_url.pop(identity(event.job.url)):
                yield _row(source, event.outcome)
    for left in plan.left():
        left_alone(left)
    for group in by_url.values():
        for source in group:
            yield {**_row(source, None), "verdict": "not_asked"}


def _row(source: Source, outcome: Outcome | None) -> Row:
    found = None if outcome is None else outcome.state
    row = {name: getattr(source, name) for name in ("source_id", "line", "label", "host")}
    return {
        **row,
        "url": public(source.url),
        "state": source.state.value,
        "found": None if found is None else ("alive" if found == State.FETCHED else found.value),
        "verdict": {State.FETCHED: "alive", State.GONE: "gone"}.get(found, "other") if found else "not_asked",
        "reason": None if outcome is None else scrubbed(outcome.error or "", known=[source.url]) or None,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def rot_by_class(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return label -> counts: checked, alive, gone, other, not_asked, and gone_share of those checked (None of none).

    The last row is `all`.
    """
    counts: dict[str, dict[str, Any]] = {}
    whole = dict.fromkeys(VERDICTS, 0)
    for row in rows:
        for one in (counts.setdefault(row["label"], dict.fromkeys(VERDICTS, 0)), whole):
            one[row["verdict"]] += 1
    return {label: _shares(one) for label, one in [*sorted(counts.items()), ("all", whole)]}


def _shares(counts: Mapping[str, int]) -> dict[str, Any]:
    checked = counts["alive"] + counts["gone"] + counts["other"]
    return {"checked": checked, **counts, "gone_share": counts["gone"] / checked if checked else None}


class Journal:
    """Rows of a check that is not over, a JSON line each: a killed check goes on with what is not among them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[Row]:
        """Return what an interrupted check found; a line that was cut off by the kill is left out."""
        if not self._path.is_file():
            return []
        found = []
        for line in self._path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def keep(self, row: Row) -> None:
        """Add a row."""
        with self._path.open("a", encoding="utf-8") as file:
            # A line of its own, even after one that was cut off.
            file.write(f"\n{json.dumps(row, ensure_ascii=False)}")
        note_write(self._path)

    def end(self) -> None:
        """Forget: the table is whole."""
        self._path.unlink(missing_ok=True)
