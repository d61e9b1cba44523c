"""Ask for many addresses at once, in processes that can be ended: each attempt is told, each address ends."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing.context import BaseContext

from curate.fetching.outcome import Outcome, clean
from curate.fetching.pacing import Job, Plan
from slateboard.records.source import State
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds

_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Event:
    """An attempt at an address, or its end."""

    job: Job
    outcome: Outcome
    attempted: bool
    """True for an attempt; False for an end that no new attempt made."""
    settled: bool
    """True if nothing more is done about the address in this run."""


def crawl(plan: Plan, *, ask: Callable[[Job], Outcome], workers: int, budget: Budget) -> Iterator[Event]:
    """Carry out a plan and yield what happens, in the order in which it does.

    `ask` tries once; each process has a copy of it, with a session that is kept from one address to the next. A try
    that is over its budget, or whose process dies, is ended from outside and has an outcome all the same.
    """
    context = _context(web=any(plan.hosts()))
    with LocalPool(_Try(ask, budget.wall_seconds), workers, budget=budget, isolated=False, context=context) as pool:
        busy: dict[int, Job] = {}
        numbers = count()

        def fill(now: float) -> None:
            while len(busy) < workers and (job := plan.next(now)) is not None:
                number = next(numbers)
                busy[number] = job
                pool.submit(number, job)

        while True:
            now = time.monotonic()
            fill(now)
            wake = plan.wake()
            if not busy and wake is None:
                return
            # Where all are busy, what is ready cannot be started: then only an end matters.
            pause = None if wake is None or len(busy) >= workers else max(0.0, wake - now)
            if not busy:
                time.sleep(pause or 0)
                continue
            ended = pool.poll(pause)
            if ended is None:
                continue
            job, outcome = busy.pop(ended[0]), _outcome(ended[1], budget)
            now = time.monotonic()
            settled = plan.ended(job, outcome, now)
            # Before it is told, so that the process need not wait for what the caller writes down.
            fill(now)
            yield Event(job, outcome, attempted=True, settled=any(other is job for other, _ in settled))
            for other, last in settled:
                if other is not job:
                    yield Event(other, last, attempted=False, settled=True)


class _Try:
    """`ask`, in a process that the system ends where nobody is left to end it and it hangs."""

    def __init__(self, ask: Callable[[Job], Outcome], seconds: float | None) -> None:
        self._ask, self._seconds = ask, seconds

    def __call__(self, job: Job) -> Outcome:
        if self._seconds is not None:
            # Without a handler SIGALRM ends the process, whatever it hangs in.
            signal.setitimer(signal.ITIMER_REAL, self._seconds + _GRACE_SECONDS)
        try:
            return self._ask(job)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _outcome(result: Outcome | Failure | RunEnds, budget: Budget) -> Outcome:
    """Return what a try ended in; one that took its process with it is not made again in this run."""
    if isinstance(result, RunEnds):
        raise result.error
    if isinstance(result, Outcome):
        return result if result.error is None else replace(result, error=clean(result.error))
    if result.code == Code.TIMEOUT:
        return Outcome(State.NETWORK, error=f"no end after try_seconds = {budget.wall_seconds:g}", final=True)
    if result.code == Code.MEMORY:
        reason = f"{result.reason}; memory_bytes of [limits] is {budget.memory_bytes}"
        return Outcome(State.TOO_LARGE, error=reason, final=True)
    return Outcome(State.ERROR, error=clean(result.reason), final=True)


def _context(*, web: bool) -> BaseContext:
    """Return how processes are started: from a server that has imported once what all of them need.

    A fresh interpreter takes 0.6 s of CPU, and 1.3 s with yt-dlp's sites; 24 of them would take longer than the
    download of 300 small files.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["curate.fetching.preload" if web else "curate.fetching.download"])
    return context
