"""Where work runs: processes of this machine or a Ray cluster; results come back in the order of the items."""

import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from enum import StrEnum
from itertools import chain, islice
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from slateboard.errors import MissingRequirement, SlateboardError

T = TypeVar("T")
R = TypeVar("R")

TRIES = 2
"""Workers that may die in the middle of one item before it is given up."""

_WINDOW = 8
"""Items under way or waiting per worker: a long one does not hold up the others, results do not pile up."""

_RESTARTS = 3


class Engine(StrEnum):
    """Where work runs."""

    LOCAL = "local"
    """Processes on this machine."""
    RAY = "ray"
    """A Ray cluster: one on this machine, or the one at --address."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    engine: str = Engine.LOCAL,
    address: str | None = None,
    lost: Callable[[T, str], R] | None = None,
) -> Iterator[R]:
    """Yield `function(item)` for each item, in order, from `workers` processes (default: one a core).

    The function and the items must be importable and picklable; items are taken as they are needed. The outcome
    depends on neither workers nor engine. A worker that dies in the middle of an item costs that item one more try.
    The second death gives `lost(item, reason)` in its place, or ends the run where `lost` is not given; no other item
    is touched. With `workers` 1 the work is done in this process, which no second try can outlive.
    """
    waiting = iter(items)
    # As many as there are workers are looked at beforehand: fewer items need fewer workers.
    first = list(islice(waiting, workers or cores()))
    work = chain(first, waiting)
    if engine == Engine.LOCAL and address is None and (workers == 1 or (lost is None and len(first) == 1)):
        # A single item is done here too, unless its death is to be survived.
        yield from _here(function, work)
        return
    if not first:
        return
    with _opened(engine, function, len(first), address) as crew:
        yield from _in_order(crew, work, ahead=_WINDOW * len(first), lost=lost)


def apart(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    engine: str = Engine.LOCAL,
    address: str | None = None,
) -> "Iterator[tuple[T, R | Died]]":
    """Do each item in a process of its own, and yield it with its result as soon as that is there.

    `workers` of them are under way (default: 1; on Ray what the cluster holds, with a GPU each where it has any), and
    an item is taken when its process begins. A process that dies gives `Died` in place of a result, and touches no
    other. These processes may have workers of their own.
    """
    work = iter(items)
    with _opened(engine, function, workers, address, alone=True) as crew:
        under_way = [(item, crew.submit(item)) for item in islice(work, crew.places)]
        while under_way:
            place = crew.first_done([ticket for _, ticket in under_way])
            item, ticket = under_way.pop(place)
            try:
                found: R | Died = crew.result(ticket)
            except Died as death:
                found = death
            # Before the next is taken: what is taken may depend on what came back.
            yield item, found
            under_way += [(one, crew.submit(one)) for one in islice(work, 1)]


def _here(function: Callable[[T], R], work: Iterable[T]) -> Iterator[R]:
    """Do the work in this process as a worker would: OpenCV's blur differs in the last bit with its threads."""
    import cv2

    threads = cv2.getNumThreads()
    for item in work:
        cv2.setNumThreads(1)
        try:
            result = function(item)
        finally:
            cv2.setNumThreads(threads)
        yield result


class Died(Exception):
    """A worker ended in the middle of an item."""


_T = TypeVar("_T", contravariant=True)
_R = TypeVar("_R", covariant=True)


class _Crew(Protocol[_T, _R]):
    """Processes that do items, here or elsewhere."""

    places: int

    def submit(self, item: _T) -> Any: ...

    def first_done(self, tickets: Sequence[Any]) -> int: ...

    def result(self, ticket: Any) -> _R: ...


def _in_order(
    crew: "_Crew[T, R]", items: Iterator[T], *, ahead: int, lost: Callable[[T, str], R] | None
) -> Iterator[R]:
    """Keep `ahead` items under way and yield the oldest one's result."""
    tickets: deque[tuple[T, Any]] = deque((item, crew.submit(item)) for item in islice(items, ahead))
    while tickets:
        item, ticket = tickets.popleft()
        result = _result(crew, item, ticket, lost)
        tickets.extend((one, crew.submit(one)) for one in islice(items, 1))
        yield result


def _result(crew: "_Crew[T, R]", item: T, ticket: Any, lost: Callable[[T, str], R] | None) -> R:
    """Return the result of an item, trying again where its worker dies."""
    reason = ""
    for left in reversed(range(TRIES)):
        try:
            return crew.result(ticket)
        except Died as death:
            reason = str(death)
            if left:
                ticket = crew.submit(item)
    if lost is None:
        raise SlateboardError(f"Workers died {TRIES} times on one item ({reason}): {item!r:.200}")
    return lost(item, reason)


def _opened(
    engine: str, function: Callable[[T], R], count: int | None, address: str | None, *, alone: bool = False
) -> AbstractContextManager["_Crew[T, R]"]:
    """Return `count` processes; where items are alone, each ends after one."""
    if engine == Engine.LOCAL and address is not None:
        raise SlateboardError("--address names a Ray cluster: add --engine ray.")
    if engine == Engine.LOCAL:
        return _Local(function, count or 1, alone=alone)
    if engine == Engine.RAY:
        return _Ray(function, count, address, alone=alone)
    raise SlateboardError(f"Unknown engine: {engine!r}. There is: {', '.join(Engine)}.")


class _Local(Generic[T, R]):
    """A pool of fresh interpreters: forking a process that has threads (decoders, torch) can hang."""

    def __init__(self, function: Callable[[T], R], count: int, *, alone: bool) -> None:
        self._function, self.places, self._alone = function, count, alone
        self._pool = self._made()

    def _made(self) -> Any:
        from pebble import ProcessPool

        context = multiprocessing.get_context("spawn")
        begin, tasks = (_begin_alone, 1) if self._alone else (_begin, 0)
        return ProcessPool(max_workers=self.places, max_tasks=tasks, initializer=begin, context=context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.close()
        else:
            self._pool.stop()
        self._pool.join()

    def submit(self, item: T) -> Any:
        if not self._pool.active:
            self._pool.stop()
            self._pool.join()
            self._pool = self._made()
        return self._pool.schedule(self._function, args=(item,)), item

    def first_done(self, tickets: Sequence[Any]) -> int:
        wait([ticket[0] for ticket in tickets], return_when=FIRST_COMPLETED)
        return next(place for place, ticket in enumerate(tickets) if ticket[0].done())

    def result(self, ticket: Any) -> R:
        from pebble import ProcessExpired

        for _ in range(_RESTARTS):
            try:
                found: R = ticket[0].result()
                return found
            except ProcessExpired as death:
                raise Died(f"its process ended with code {death.exitcode}") from None
            except BrokenProcessPool:
                # Every process died before any had begun an item: that is no item's fault.
                ticket = self.submit(ticket[1])
        raise SlateboardError(f"Worker processes end as soon as they start ({_RESTARTS} times): is memory short?")


class _Ray(Generic[T, R]):
    """Ray tasks of one processor each; retries are ours, so that they are counted as everywhere else."""

    def __init__(self, function: Callable[[T], R], count: int | None, address: str | None, *, alone: bool) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise MissingRequirement("--engine ray needs Ray: run `pip install 'slateboard[ray]'`.") from error
        self._ray = ray
        here = {"num_cpus": count or cores(), "include_dashboard": False, "object_store_memory": 100_000_000}
        options: dict[str, Any] = here if address is None else {"address": address}
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus = int(there.get("GPU", 0)) if alone else 0
        self.places = count or gpus or int(there["CPU"])
        self._do: Any = ray.remote(num_cpus=1, num_gpus=min(gpus, 1), max_retries=0, max_calls=int(alone))(_quietly)
        self._function = ray.put(function)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def submit(self, item: T) -> Any:
        return self._do.remote(self._function, item)

    def first_done(self, tickets: Sequence[Any]) -> int:
        (done,), _ = self._ray.wait(list(tickets), num_returns=1)
        return tickets.index(done)

    def result(self, ticket: Any) -> R:
        faults = self._ray.exceptions
        try:
            found: R = self._ray.get(ticket)
        except faults.RayTaskError as error:
            raise error.cause from error
        except (faults.WorkerCrashedError, faults.NodeDiedError, faults.OutOfMemoryError) as death:
            raise Died(f"its process ended ({type(death).__name__})") from None
        return found


def _quietly(function: Callable[[T], R], item: T) -> R:
    _one_thread()
    return function(item)


def _begin() -> None:
    """Keep libraries from starting a thread per core in every process, and end with the process that asked."""
    _one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _begin_alone() -> None:
    """Begin a process that may have workers of its own, as for decoding; they end with it."""
    multiprocessing.current_process().daemon = False
    _begin()


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    """A killed parent cannot tell its workers to stop: they wait for its end themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
