"""Ask for many addresses at once, in processes that can be killed: every attempt and every end is an event."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing.context import BaseContext

from curate.fetching.attempt import AttemptResult, clean
from curate.fetching.pacing import FetchRequest, RequestQueue
from slateboard.records.source import State
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds

_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class AttemptEvent:
    """An attempt at an address, or its end."""

    request: FetchRequest
    result: AttemptResult
    attempted: bool
    """True for an attempt; False for an end that no new attempt made."""
    settled: bool
    """True if nothing more is done about the address in this run."""


def crawl(
    queue: RequestQueue, *, attempt: Callable[[FetchRequest], AttemptResult], workers: int, budget: Budget
) -> Iterator[AttemptEvent]:
    """Work off a queue of requests and yield what happens, in the order in which it happens.

    Each process has a copy of `attempt` and keeps its session. An attempt over its budget is killed and has a result.
    """
    context = _context(web=any(queue.hosts()))
    timed = _TimedAttempt(attempt, budget.wall_seconds)
    with LocalPool(timed, workers, budget=budget, isolated=False, context=context) as pool:
        running: dict[int, FetchRequest] = {}
        numbers = count()

        def start_ready(now: float) -> None:
            while len(running) < workers and (request := queue.pop(now)) is not None:
                number = next(numbers)
                running[number] = request
                pool.submit(number, request)

        while True:
            now = time.monotonic()
            start_ready(now)
            next_at = queue.next_at()
            if not running and next_at is None:
                return
            # Where all workers are busy, what is ready cannot be started: then only an end matters.
            timeout = None if next_at is None or len(running) >= workers else max(0.0, next_at - now)
            if not running:
                time.sleep(timeout or 0)
                continue
            if (finished := pool.poll(timeout)) is None:
                continue
            request, result = running.pop(finished[0]), _result(finished[1], budget)
            settled = queue.record(request, result, time.monotonic())
            # Before the event is yielded, so that processes need not wait for what the caller writes down.
            start_ready(time.monotonic())
            yield AttemptEvent(request, result, attempted=True, settled=any(ended is request for ended, _ in settled))
            for ended, last_result in settled:
                if ended is not request:
                    yield AttemptEvent(ended, last_result, attempted=False, settled=True)


class _TimedAttempt:
    """`attempt` with an alarm: the kernel ends a hanging process even where no parent is left to end it."""

    def __init__(self, attempt: Callable[[FetchRequest], AttemptResult], wall_seconds: float | None) -> None:
        self._attempt, self._wall_seconds = attempt, wall_seconds

    def __call__(self, request: FetchRequest) -> AttemptResult:
        if self._wall_seconds is not None:
            # Without a handler SIGALRM ends the process, whatever it hangs in; the pool's own timeout comes first.
            signal.setitimer(signal.ITIMER_REAL, self._wall_seconds + _GRACE_SECONDS)
        try:
            return self._attempt(request)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _result(outcome: AttemptResult | Failure | RunEnds, budget: Budget) -> AttemptResult:
    """Return the result of an attempt; one that took its process with it is not tried again in this run."""
    if isinstance(outcome, RunEnds):
        raise outcome.error
    if isinstance(outcome, AttemptResult):
        return outcome if outcome.error is None else replace(outcome, error=clean(outcome.error))
    if outcome.code == Code.TIMEOUT:
        return AttemptResult(State.NETWORK, error=f"no end after try_seconds = {budget.wall_seconds:g}", final=True)
    if outcome.code == Code.MEMORY:
        reason = f"{outcome.reason}; memory_bytes of [limits] is {budget.memory_bytes}"
        return AttemptResult(State.TOO_LARGE, error=reason, final=True)
    return AttemptResult(State.ERROR, error=clean(outcome.reason), final=True)


def _context(*, web: bool) -> BaseContext:
    """Return how processes are started: forked from a server that has imported once what all of them need."""
    # A fresh interpreter takes 0.6 s of CPU, 1.3 s with yt-dlp's sites: 24 of them would take longer than the download
    # of 300 small files.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["curate.fetching.preload" if web else "curate.fetching.download"])
    return context
