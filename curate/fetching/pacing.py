"""When each address is asked for: pauses, budgets, back-off and walls, host by host; it calculates and never waits."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from curate.fetching.outcome import Outcome
from curate.fetching.policy import attempts_at_once
from slateboard.records.source import State
from slateboard.settings import Fetch

HOUR = 3600.0
_LONGEST_BACKOFF_SECONDS = 600.0


@dataclass(frozen=True)
class Job:
    """One address to ask for."""

    url: str
    host: str
    """Empty for a local path, which nobody has to be spared."""
    stem: str
    """Name under which its download grows; the same in every run."""


@dataclass(frozen=True)
class Left:
    """A host that is left alone for the rest of this run."""

    host: str
    reason: str
    """What it said last."""
    jobs: int
    """Addresses that were not asked for because of it."""


@dataclass
class _Host:
    fresh: deque[Job] = field(default_factory=deque)
    later: list[tuple[float, int, Job]] = field(default_factory=list)
    running: int = 0
    open_at: float = 0.0
    starts: deque[float] = field(default_factory=deque)
    row: tuple[State | None, int] = (None, 0)
    closed: str | None = None


class Plan:
    """Which address is to be asked for next. Times are seconds of one clock that does not go back."""

    def __init__(
        self, jobs: Iterable[Job], *, settings: Fetch, chance: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._settings, self._chance = settings, chance
        self._hosts: dict[str, _Host] = {}
        self._tries: dict[str, int] = {}
        self._last: dict[str, Outcome] = {}
        self._ready: list[tuple[float, int, str]] = []
        self._number = 0
        for job in jobs:
            self._hosts.setdefault(job.host, _Host()).fresh.append(job)
        for name in self._hosts:
            self._offer(name)

    def next(self, now: float) -> Job | None:
        """Return an address that may be asked for at this time, which the caller does; None if there is none yet."""
        while self._ready and self._ready[0][0] <= now:
            _, _, name = heapq.heappop(self._ready)
            host = self._hosts[name]
            at = self._at(name)
            if at is None:
                continue
            if at > now:
                self._push(at, name)
                continue
            job = heapq.heappop(host.later)[2] if host.later and host.later[0][0] <= now else host.fresh.popleft()
            host.running += 1
            if name:
                host.open_at = now + self._pause()
                host.starts.append(now)
            self._offer(name)
            return job
        return None

    def hosts(self) -> list[str]:
        """Return the hosts that are asked for something; "" stands for local paths."""
        return list(self._hosts)

    def wake(self) -> float | None:
        """Return the time at which an address may be asked for; None if that needs a running one to end first."""
        return self._ready[0][0] if self._ready else None

    def ended(self, job: Job, outcome: Outcome, now: float) -> list[tuple[Job, Outcome]]:
        """Take note of an attempt; return the addresses that are settled by it, each with its last outcome."""
        host = self._hosts[job.host]
        host.running -= 1
        tries = self._tries[job.stem] = self._tries.get(job.stem, 0) + 1
        self._last[job.stem] = outcome
        asked = outcome.retry_after_seconds
        if job.host:
            host.open_at = max(host.open_at, now + self._pause())
            if asked is not None and asked <= self._settings.retry_after_seconds:
                host.open_at = max(host.open_at, now + asked)
        wait = self._wait(job, outcome, tries)
        if wait is not None and host.closed is None:
            self._number += 1
            heapq.heappush(host.later, (now + wait, self._number, job))
            settled = []
        else:
            settled = [(job, outcome), *self._count(job, outcome)]
        self._offer(job.host)
        return settled

    def left(self) -> list[Left]:
        """Return the hosts that were left alone, with what was not asked for."""
        return [Left(name, host.closed, len(host.fresh)) for name, host in self._hosts.items() if host.closed]

    def _wait(self, job: Job, outcome: Outcome, tries: int) -> float | None:
        """Return seconds until the next attempt; None if there is none in this run."""
        allowed = attempts_at_once(outcome.state, tries=self._settings.tries) if job.host else 1
        asked = outcome.retry_after_seconds
        refused = outcome.wall_after == 1 or (asked or 0) > self._settings.retry_after_seconds
        if tries >= allowed or outcome.final or refused:
            return None
        backoff = min(self._settings.backoff_seconds * 2 ** (tries - 1), _LONGEST_BACKOFF_SECONDS)
        # Jitter, so that addresses which failed together do not come back together.
        return max(asked or 0.0, backoff * self._chance(1.0, 1.5))

    def _count(self, job: Job, outcome: Outcome) -> list[tuple[Job, Outcome]]:
        """Count what a host ends in; close it if it refuses us, and settle what waited there for another attempt."""
        host = self._hosts[job.host]
        state, count = host.row
        host.row = (outcome.state, count + 1 if state == outcome.state else 1)
        if not job.host or outcome.wall_after is None or host.row[1] < outcome.wall_after or host.closed is not None:
            return []
        host.closed = outcome.error or outcome.state.value
        waiting = [job for _, _, job in sorted(host.later)]
        host.later.clear()
        return [(job, self._last[job.stem]) for job in waiting]

    def _pause(self) -> float:
        low, high = self._settings.sleep_interval_seconds, self._settings.max_sleep_interval_seconds
        return self._chance(low, max(low, high)) if high > 0 else 0.0

    def _offer(self, name: str) -> None:
        at = self._at(name)
        if at is not None:
            self._push(at, name)

    def _push(self, at: float, name: str) -> None:
        self._number += 1
        heapq.heappush(self._ready, (at, self._number, name))

    def _at(self, name: str) -> float | None:
        """Return when a host may next be asked for something; None if not before something of it ends."""
        host = self._hosts[name]
        if host.closed is not None or not (host.fresh or host.later):
            return None
        if not name:
            return 0.0
        if host.running >= self._settings.workers_per_host:
            return None
        job_at = 0.0 if host.fresh else host.later[0][0]
        return max(job_at, host.open_at, self._budget_at(host))

    def _budget_at(self, host: _Host) -> float:
        """Return when the last hour holds fewer starts than the budget."""
        budget = self._settings.per_hour
        if not budget:
            return 0.0
        while len(host.starts) > budget:
            host.starts.popleft()
        return host.starts[0] + HOUR if len(host.starts) >= budget else 0.0
