"""Worker processes of this machine: each has a pipe of its own, so that one that dies takes nothing with it.

Libraries' pools share one pipe and its lock: a worker killed while it holds them stops all others. Fresh interpreters
are started: forking a process that has threads (decoders, torch) can hang.
"""

import multiprocessing
import os
import pickle
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.util import Finalize
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from slateboard.errors import SlateboardError
from slateboard.termination import group_lives
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds, explain
from slateboard.workers.serving import serve

T = TypeVar("T")
R = TypeVar("R")

_CONTEXT = multiprocessing.get_context("spawn")

_RESTARTS = 3
"""Workers in a row that may end before they take an item."""

_PIPE_BYTES = 32_000
"""Bytes that a pipe buffers for a process that does not read yet; larger items wait until it is ready."""

_PATIENCE_SECONDS = 2.0
"""Time that idle workers have to end by themselves before they are killed."""

_STUCK_SECONDS = 30.0
"""Time that killed workers are waited for: one that waits for a dead network file system does not end."""


class LocalPool(Generic[T, R]):
    """Up to `places` processes; where items are isolated, each ends after one."""

    def __init__(
        self,
        function: Callable[[T], R],
        places: int,
        *,
        budget: Budget,
        isolated: bool,
        context: BaseContext = _CONTEXT,
    ) -> None:
        self.places = places
        self._function, self._budget, self._isolated, self._context = function, budget, isolated, context
        self._workers: list[_Worker] = []
        self._unsent: list[tuple[int, Failure]] = []
        self._restarts = 0
        # Also where nobody closes the pool: a caller's error that ends the program.
        self._end = Finalize(self, _end_workers, args=(self._workers,), exitpriority=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            _end_workers(self._workers, patience_seconds=_PATIENCE_SECONDS)
        self._end()

    def submit(self, number: int, item: T) -> None:
        """Give an item to a process that has none."""
        try:
            message = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            failure = explain(error)
            assert isinstance(failure, Failure)
            self._unsent.append((number, failure))
            return
        self._give(number, message)

    def next(self) -> tuple[int, R | Failure | RunEnds]:
        """Wait for an item to end, and return its number and its outcome."""
        while (ended := self.poll(None)) is None:
            pass
        return ended

    def poll(self, seconds: float | None) -> tuple[int, R | Failure | RunEnds] | None:
        """Do the same, but return None where none has ended within so many seconds."""
        if self._unsent:
            return self._unsent.pop()
        until = inf if seconds is None else time.monotonic() + seconds
        while True:
            for worker in self._eventful(until):
                ended = self._look(worker)
                if ended is not None:
                    return ended
            if time.monotonic() >= until:
                return None

    def _give(self, number: int, message: bytes) -> None:
        worker = next((worker for worker in self._workers if worker.number is None), None)
        if worker is None:
            worker = _Worker(self._function, self._budget, self._context)
            self._workers.append(worker)
        worker.take(number, message)

    def _eventful(self, until: float) -> list["_Worker"]:
        """Wait, and return the busy workers that answered, ended or passed their deadline."""
        busy = [worker for worker in self._workers if worker.number is not None]
        handles: dict[Any, _Worker] = {worker.connection: worker for worker in busy}
        handles |= {worker.process.sentinel: worker for worker in busy}
        # The next moment at which anything can be due: an item's deadline or the caller's own.
        deadline = min(until, *(worker.deadline for worker in busy))
        ready = wait(list(handles), None if deadline == inf else max(deadline - time.monotonic(), 0))
        now = time.monotonic()
        return list(
            dict.fromkeys([handles[handle] for handle in ready] + [late for late in busy if late.deadline <= now])
        )

    def _look(self, worker: "_Worker") -> tuple[int, R | Failure | RunEnds] | None:
        """Return the number and outcome of a worker's item if it has ended."""
        number, message = worker.number, worker.message
        assert number is not None
        try:
            answer = worker.answer()
        except (EOFError, OSError):
            return self._died(worker, number, message)
        if answer is None:
            if worker.deadline > time.monotonic():
                return None
            self._remove(worker)
            return number, Failure(Code.TIMEOUT, f"it took longer than {self._budget.wall_seconds:g} s and was ended")
        self._restarts = 0
        outcome: R | Failure | RunEnds = _unpickled(answer)
        spent = isinstance(outcome, Failure) and outcome.code == Code.MEMORY
        if self._isolated or spent:
            self._remove(worker, patience_seconds=_PATIENCE_SECONDS)
        else:
            # At the end of the line: a quick one must not keep the others from being heard.
            self._workers.remove(worker)
            self._workers.append(worker)
        if spent and worker.done > 1:
            # What earlier items left behind counts too: it is tried in a process that has done nothing yet.
            self._give(number, message)
            return None
        return number, outcome

    def _died(self, worker: "_Worker", number: int, message: bytes) -> tuple[int, Failure] | None:
        self._remove(worker)
        if worker.ready:
            return number, Failure(Code.DIED, _describe_exit(worker.process.exitcode))
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise SlateboardError(f"Worker processes end as soon as they start ({_RESTARTS} times): is memory short?")
        # It had not begun the item.
        self._give(number, message)
        return None

    def _remove(self, worker: "_Worker", *, patience_seconds: float = 0) -> None:
        self._workers.remove(worker)
        _end_workers([worker], patience_seconds=patience_seconds)


class _Worker:
    """One worker process and the item that it works on."""

    def __init__(self, function: Callable[[Any], Any], budget: Budget, context: Any) -> None:
        self.connection, theirs = context.Pipe()
        # Daemonic: it is ended when this process ends in whatever way.
        self.process = context.Process(target=serve, args=(theirs, function, budget), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.done = 0
        self.number: int | None = None
        self.message = b""
        self.deadline = inf
        self._wall_seconds = inf if budget.wall_seconds is None else budget.wall_seconds

    def take(self, number: int, message: bytes) -> None:
        """Begin an item; a process that has ended is noticed when its answer is waited for."""
        self.number, self.message = number, message
        if self.ready:
            self.deadline = time.monotonic() + self._wall_seconds
        if self.ready or len(message) <= _PIPE_BYTES:
            self._send()

    def _send(self) -> None:
        with suppress(OSError):
            self.connection.send_bytes(self.message)

    def answer(self) -> bytes | None:
        """Return the answer of the process, None if there is none yet; raises EOFError or OSError where it ended."""
        if not self.connection.poll():
            if self.process.is_alive() or self.connection.poll():
                return None
            raise EOFError
        message: bytes = self.connection.recv_bytes()
        if not self.ready:
            self.ready = True
            # The system's clock, which all its processes share: a caller that was busy elsewhere gives no time.
            # An item's time counts from when its process was ready, not from when it was sent.
            self.deadline = struct.unpack("d", message)[0] + self._wall_seconds
            if len(self.message) > _PIPE_BYTES:
                self._send()
            return None
        self.number, self.message, self.deadline = None, b"", inf
        self.done += 1
        return message


def _end_workers(workers: list[_Worker], *, patience_seconds: float = 0) -> None:
    """End workers with all that they started: by themselves while the patience lasts, then by force.

    When it returns none of these processes lives, except what no signal ends.
    """
    for worker in workers:
        worker.connection.close()
    until = time.monotonic() + patience_seconds
    for worker in workers:
        if patience_seconds:
            worker.process.join(max(until - time.monotonic(), 0))
    for worker in workers:
        assert worker.process.pid is not None
        with suppress(ProcessLookupError, PermissionError):
            # What it started, also where it has ended itself.
            os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.kill()
    until = time.monotonic() + _STUCK_SECONDS
    for worker in workers:
        _await_end(worker.process, until)
    workers.clear()


def _await_end(process: Any, until: float) -> None:
    """Wait for the end of a killed process and its group: they live until the system has time to end them."""
    process.join(max(until - time.monotonic(), 0))
    while group_lives(process.pid) and time.monotonic() < until:
        time.sleep(0.005)
    if process.exitcode is None:
        # multiprocessing would wait for it when this program ends.
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]


def _unpickled(answer: bytes) -> Any:
    try:
        return pickle.loads(answer)
    except Exception as error:
        return explain(error)


def _describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"its process ended in the middle with exit code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    hint = ", as a system does that runs out of memory" if -code == signal.SIGKILL else ""
    return f"its process was killed by {name}{hint}"
