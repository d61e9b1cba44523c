"""Ask for many addresses at once, on threads: each attempt is told, each address ends, and nothing can hang it."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from curate.fetching.outcome import Outcome
from curate.fetching.pacing import Job, Plan
from slateboard.records.source import State


@dataclass(frozen=True)
class Event:
    """An attempt at an address, or its end."""

    job: Job
    outcome: Outcome
    attempted: bool
    """True for an attempt; False for an end that no new attempt made."""
    settled: bool
    """True if nothing more is done about the address in this run."""


class Worker(Protocol):
    """One thread's means of asking: a session that is kept from one address to the next."""

    def ask(self, job: Job) -> Outcome:
        """Try once. What it raises ends the run."""

    def close(self) -> None:
        """Let go of connections."""


def crawl(plan: Plan, *, worker: Callable[[], Worker], workers: int, try_seconds: float) -> Iterator[Event]:
    """Carry out a plan and yield what happens, in the order in which it does.

    An attempt that is not over after `try_seconds` counts as lost (state network); its thread is given up.
    """
    crew = _Crew(worker, try_seconds)
    try:
        while True:
            now = time.monotonic()
            _fill(crew, plan, workers, now)
            wake = plan.wake()
            if not crew.busy and wake is None:
                return
            # A full crew cannot start what is ready: then only an end matters.
            until = None if wake is None or len(crew.busy) >= workers else max(0.0, wake - now)
            ended = crew.next(until)
            if ended is None:
                continue
            job, outcome = ended
            now = time.monotonic()
            settled = plan.ended(job, outcome, now)
            # Before it is told, so that the thread need not wait for what the caller writes down.
            _fill(crew, plan, workers, now)
            yield Event(job, outcome, attempted=True, settled=any(one is job for one, _ in settled))
            for other, last in settled:
                if other is not job:
                    yield Event(other, last, attempted=False, settled=True)
    finally:
        crew.close()


def _fill(crew: "_Crew", plan: Plan, workers: int, now: float) -> None:
    while len(crew.busy) < workers and (job := plan.next(now)) is not None:
        crew.start(job, now)


class _Crew:
    """Threads that ask. They are daemons: one that hangs in a read does not keep the process from ending."""

    def __init__(self, worker: Callable[[], Worker], try_seconds: float) -> None:
        self._worker, self._try_seconds = worker, try_seconds
        self._inbox: queue.SimpleQueue[tuple[int, Job] | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[tuple[int, Outcome | BaseException]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._token = 0
        self.busy: dict[int, tuple[Job, float]] = {}

    def start(self, job: Job, now: float) -> None:
        if self._idle:
            self._idle -= 1
        else:
            thread = threading.Thread(target=self._work, daemon=True, name=f"fetch-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()
        self._token += 1
        self.busy[self._token] = (job, now)
        self._inbox.put((self._token, job))

    def next(self, seconds: float | None) -> tuple[Job, Outcome] | None:
        """Return an attempt that ended or ran out of time; None if neither happened within `seconds`."""
        now = time.monotonic()
        over = [token for token, (_, started) in self.busy.items() if now - started >= self._try_seconds]
        if over:
            job, _ = self.busy.pop(over[0])
            return job, Outcome(State.NETWORK, error=f"no end after try_seconds = {self._try_seconds:g}", final=True)
        first = min((started for _, started in self.busy.values()), default=now)
        limits = [first + self._try_seconds - now if self.busy else None, seconds]
        try:
            token, result = self._outbox.get(timeout=min(limit for limit in limits if limit is not None))
        except queue.Empty:
            return None
        self._idle += 1
        if token not in self.busy:
            return None
        job, _ = self.busy.pop(token)
        if isinstance(result, BaseException):
            raise result
        return job, result

    def close(self) -> None:
        """Send the threads home; wait for those that have nothing to do, so that their connections are closed."""
        for _ in self._threads:
            self._inbox.put(None)
        if not self.busy:
            end = time.monotonic() + 2
            for thread in self._threads:
                thread.join(max(0.0, end - time.monotonic()))

    def _work(self) -> None:
        worker = self._worker()
        try:
            while (given := self._inbox.get()) is not None:
                token, job = given
                try:
                    result: Outcome | BaseException = worker.ask(job)
                except BaseException as error:
                    result = error
                self._outbox.put((token, result))
        finally:
            worker.close()
