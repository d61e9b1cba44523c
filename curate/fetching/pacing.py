"""When each address is asked for: pauses, budgets, Retry-After, back-off and walls, host by host; it never waits.

From "429 Too Many Requests" to a waiting time, in the order in which it happens:

1. `curate.fetching.failures` gives the answer a state (429, or 503 with Retry-After: rate_limited) and reads
   Retry-After with `retry_after_seconds`.
2. `RequestQueue.record` holds the whole host back for as long as it asked, if that is short enough to wait for now.
3. `RequestQueue._retry_delay` says when the address is tried again in this run: exponential back-off with jitter, at
   least Retry-After; not at all where the host asks for longer than a run waits.
4. `RequestQueue._note_ending` abandons the host after three rate limits in a row.
5. What is still rate_limited at the end may be asked for again at `next_run_at`, which `curate fetch` looks for.
"""

import heapq
import random
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from curate.fetching.attempt import AttemptResult
from curate.fetching.policy import attempts_per_run
from slateboard.records.source import State
from slateboard.settings import FetchSettings

HOUR = 3600.0
_LONGEST_BACKOFF_SECONDS = 600.0


@dataclass(frozen=True)
class FetchRequest:
    """One address to ask for."""

    url: str
    host: str
    """Empty for a local path, which needs no pauses."""
    stem: str
    """Name under which its download grows; the same in every run."""
    stream: int | None = None
    """Index of the video stream that is meant; None: the one that a player would show."""


@dataclass(frozen=True)
class AbandonedHost:
    """A host that is not asked for anything more in this run."""

    host: str
    reason: str
    """Its last answer."""
    unasked: int
    """Addresses that were not asked for because of it."""


Settled = tuple[FetchRequest, AttemptResult]
"""A request that ends in this run, and its last result."""


@dataclass
class _Host:
    fresh: deque[FetchRequest] = field(default_factory=deque)
    """Not tried yet in this run."""
    retries: list[tuple[float, int, FetchRequest]] = field(default_factory=list)
    """Heap of (earliest time, tie-breaker, request)."""
    running: int = 0
    open_at: float = 0.0
    """Earliest time of the next request, by pauses and Retry-After."""
    starts: deque[float] = field(default_factory=deque)
    """Times of the last `per_hour` requests."""
    streak: tuple[State | None, int] = (None, 0)
    """State of the last attempts, and how many in a row ended in it."""
    abandoned: str | None = None
    """Why the host is not asked any more."""


class RequestQueue:
    """Which address is to be asked for next. Times are seconds of one monotonic clock."""

    def __init__(
        self,
        requests: Iterable[FetchRequest],
        *,
        settings: FetchSettings,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._settings, self._uniform = settings, uniform
        self._hosts: dict[str, _Host] = {}
        self._attempts: dict[str, int] = {}
        self._last_result: dict[str, AttemptResult] = {}
        self._ready: list[tuple[float, int, str]] = []
        self._number = 0
        for request in requests:
            self._hosts.setdefault(request.host, _Host()).fresh.append(request)
        for name in self._hosts:
            self._schedule(name)

    def pop(self, now: float) -> FetchRequest | None:
        """Return a request that may start now, and count it as started; None if there is none yet."""
        # Entries of the heap are not withdrawn when a host's time changes: each is checked against the host when it
        # comes up, and pushed again with the later time.
        while self._ready and self._ready[0][0] <= now:
            _, _, name = heapq.heappop(self._ready)
            host = self._hosts[name]
            at = self._next_at(name)
            if at is None:
                continue
            if at > now:
                self._push(at, name)
                continue
            is_retry_due = bool(host.retries) and host.retries[0][0] <= now
            request = heapq.heappop(host.retries)[2] if is_retry_due else host.fresh.popleft()
            host.running += 1
            if name:
                host.open_at = now + self._pause_seconds()
                host.starts.append(now)
            self._schedule(name)
            return request
        return None

    def hosts(self) -> list[str]:
        """Return the hosts of the requests; "" stands for local paths."""
        return list(self._hosts)

    def next_at(self) -> float | None:
        """Return the time of the next request; None if a running one must end first, or none is left."""
        return self._ready[0][0] if self._ready else None

    def record(self, request: FetchRequest, result: AttemptResult, now: float) -> list[Settled]:
        """Take note of an attempt; return the requests that end with it in this run, each with its last result."""
        host = self._hosts[request.host]
        host.running -= 1
        attempts = self._attempts[request.stem] = self._attempts.get(request.stem, 0) + 1
        self._last_result[request.stem] = result
        retry_after = result.retry_after_seconds
        if request.host:
            host.open_at = max(host.open_at, now + self._pause_seconds())
            if retry_after is not None and retry_after <= self._settings.retry_after_seconds:
                # The whole host waits, not this address alone: Retry-After 30 at t = 100 -> nothing before t = 130.
                host.open_at = max(host.open_at, now + retry_after)
        delay = self._retry_delay(request, result, attempts)
        if delay is not None and host.abandoned is None:
            self._number += 1
            heapq.heappush(host.retries, (now + delay, self._number, request))
            settled = []
        else:
            settled = [(request, result), *self._note_ending(request, result)]
        self._schedule(request.host)
        return settled

    def abandoned_hosts(self) -> list[AbandonedHost]:
        """Return the hosts that were abandoned, with the number of addresses not asked for."""
        return [AbandonedHost(n, host.abandoned, len(host.fresh)) for n, host in self._hosts.items() if host.abandoned]

    def _retry_delay(self, request: FetchRequest, result: AttemptResult, attempts: int) -> float | None:
        """Return the seconds until the next attempt at an address; None if there is none in this run."""
        allowed = attempts_per_run(result.state, tries=self._settings.tries) if request.host else 1
        retry_after = result.retry_after_seconds
        is_refused = result.wall_after == 1 or (retry_after or 0) > self._settings.retry_after_seconds
        if attempts >= allowed or result.final or is_refused:
            return None
        # Exponential back-off: b_n = min(backoff * 2^(n-1), 600 s) after the n-th attempt, stretched by u ~ U(1, 1.5)
        # so that addresses which failed together do not come back together; never before Retry-After has passed:
        # delay = max(retry_after, u * b_n). With backoff_seconds = 1: 1 to 1.5 s, then 2 to 3 s, then 4 to 6 s.
        backoff = min(self._settings.backoff_seconds * 2 ** (attempts - 1), _LONGEST_BACKOFF_SECONDS)
        return max(retry_after or 0.0, backoff * self._uniform(1.0, 1.5))

    def _note_ending(self, request: FetchRequest, result: AttemptResult) -> list[Settled]:
        """Count equal results of a host in a row; abandon it if it refuses us, and settle what waited for a retry."""
        # `wall_after` = 3 for rate limits: limited, limited, fetched, limited is a streak of 1; three in a row end it.
        host = self._hosts[request.host]
        state, count = host.streak
        host.streak = (result.state, count + 1 if state == result.state else 1)
        is_wall = result.wall_after is not None and host.streak[1] >= result.wall_after
        if not request.host or not is_wall or host.abandoned is not None:
            return []
        host.abandoned = result.error or result.state.value
        waiting = [retry for _, _, retry in sorted(host.retries)]
        host.retries.clear()
        return [(retry, self._last_result[retry.stem]) for retry in waiting]

    def _pause_seconds(self) -> float:
        low, high = self._settings.sleep_interval_seconds, self._settings.max_sleep_interval_seconds
        return self._uniform(low, max(low, high)) if high > 0 else 0.0

    def _schedule(self, name: str) -> None:
        at = self._next_at(name)
        if at is not None:
            self._push(at, name)

    def _push(self, at: float, name: str) -> None:
        self._number += 1
        heapq.heappush(self._ready, (at, self._number, name))

    def _next_at(self, name: str) -> float | None:
        """Return the earliest time of the host's next request; None while all its slots are busy, or for ever."""
        host = self._hosts[name]
        if host.abandoned is not None or not (host.fresh or host.retries):
            return None
        if not name:
            return 0.0
        if host.running >= self._settings.workers_per_host:
            return None
        # All of these must have passed: a retry's back-off (fresh addresses have none), the host's pause, its budget.
        request_at = 0.0 if host.fresh else host.retries[0][0]
        return max(request_at, host.open_at, self._budget_at(host))

    def _budget_at(self, host: _Host) -> float:
        """Return the time from which the last hour holds fewer than `per_hour` requests."""
        # Sliding window: with per_hour = 3 and starts at 0, 600 and 1,200 s the fourth may start at 0 + 3,600 s.
        budget = self._settings.per_hour
        if not budget:
            return 0.0
        while len(host.starts) > budget:
            host.starts.popleft()
        return host.starts[0] + HOUR if len(host.starts) >= budget else 0.0


def next_run_at(result: AttemptResult, *, settings: FetchSettings, now: datetime) -> datetime | None:
    """Return when a later run may ask again for a rate-limited address; None for any other state."""
    if result.state != State.RATE_LIMITED:
        return None
    retry_after = result.retry_after_seconds
    return now + timedelta(seconds=settings.rest_seconds if retry_after is None else retry_after)


def retry_after_seconds(header: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks to wait, at least 0; None where it says nothing readable.

    `now` is the host's clock (its Date header), where it is sent: ours may be wrong.
    """
    # RFC 9110, 10.2.3: seconds ("120" -> 120.0) or an HTTP date ("Fri, 31 Dec 1999 23:59:59 GMT", sent with
    # "Date: Fri, 31 Dec 1999 23:58:59 GMT" -> 60.0).
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    at = http_date(text)
    return None if at is None else max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def http_date(header: str | None) -> datetime | None:
    """Return the time of an HTTP date header; None where it cannot be read."""
    try:
        at = parsedate_to_datetime((header or "").strip())
    except ValueError:
        return None
    # A date without a zone is meant as GMT (RFC 9110).
    return at if at.tzinfo else at.replace(tzinfo=UTC)
