"""Run a function on items in worker processes, here or on a Ray cluster; an item that kills its process has failed."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, count, islice
from pathlib import Path
from time import monotonic
from typing import Protocol, TypeVar

from slateboard.errors import SlateboardError
from slateboard.limits import current_limits
from slateboard.workers.cluster import RayPool
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget as Budget
from slateboard.workers.outcome import Code as Code
from slateboard.workers.outcome import Failure as Failure
from slateboard.workers.outcome import RunEnds

T = TypeVar("T")
R = TypeVar("R")
_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result", covariant=True)

TRIES = 2
"""Processes that may die in the middle of one item before it is given up."""

UNLIMITED = Budget()


class Engine(StrEnum):
    """Where work runs."""

    LOCAL = "local"
    """Processes on this machine."""
    RAY = "ray"
    """A Ray cluster: one on this machine, or the one at --address."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Place:
    """Where work runs, and the budget of one item there."""

    workers: int | None = None
    """Processes; default: one a core, on Ray what the cluster holds."""
    engine: str = Engine.LOCAL
    address: str | None = None
    """Of a Ray cluster."""
    budget: Budget | None = None
    """None: that of the settings."""
    shared: tuple[Path, ...] = ()
    """Folders that the work reads or writes: each node of a cluster must see them."""

    def run(
        self, function: Callable[[T], R], items: Iterable[T], *, divide: Callable[[T], Sequence[T]] | None = None
    ) -> Iterator[tuple[T, R | Failure]]:
        """Run there (see `run`)."""
        return run(
            function,
            items,
            workers=self.workers,
            engine=self.engine,
            address=self.address,
            budget=self.budget,
            divide=divide,
            shared=self.shared,
        )


HERE = Place()


def run(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    engine: str = Engine.LOCAL,
    address: str | None = None,
    budget: Budget | None = None,
    divide: Callable[[T], Sequence[T]] | None = None,
    shared: Sequence[Path] = (),
) -> Iterator[tuple[T, R | Failure]]:
    """Yield (item, `function(item)`) as items end, in any order, from `workers` processes (default: one a core).

    The function and the items must be importable and picklable; items are taken as they are needed. An item whose
    function raises, whose process dies (twice), or that passes its budget is yielded with a Failure, and the rest
    goes on. Where `divide` gives several parts of it, they are done in its place, so that the bad part alone fails.
    What no item can help ends the run: a full disk, a file system that cannot be written, and MissingRequirement.
    Results depend on neither workers nor engine; their order does. `shared` are folders that the work reads or
    writes: each node of a cluster must see them.
    """
    place = Place(workers, engine, address, budget, tuple(shared))
    yield from _run_items(function, items, place, isolated=False, divide=divide)


def run_isolated(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    engine: str = Engine.LOCAL,
    address: str | None = None,
    budget: Budget = UNLIMITED,
    shared: Sequence[Path] = (),
) -> Iterator[tuple[T, R | Failure]]:
    """Run as `run` does, with a process for each item, that may have workers of its own and gets one try.

    `workers` of them are under way (default: 1; on Ray what the cluster holds, with a GPU each where it has any), and
    an item is taken when its process begins, so that it may depend on what came back before.
    """
    place = Place(workers, engine, address, budget, tuple(shared))
    yield from _run_items(function, items, place, isolated=True)


def in_batches(outcomes: Iterable[T], *, seconds: float = 1.0, most: int = 1000) -> Iterator[list[T]]:
    """Yield outcomes in lists of those of one interval, to be recorded in one write; also those before an error."""
    batch: list[T] = []
    last = monotonic()
    try:
        for outcome in outcomes:
            batch.append(outcome)
            if monotonic() - last >= seconds or len(batch) >= most:
                yield batch
                batch, last = [], monotonic()
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class _Pool(Protocol[_Item, _Result]):
    """A pool of worker processes, of this machine or of a cluster."""

    @property
    def places(self) -> int: ...

    def submit(self, number: int, item: _Item) -> None: ...

    def next(self) -> tuple[int, _Result | Failure | RunEnds] | None: ...


def _run_items(
    function: Callable[[T], R],
    items: Iterable[T],
    place: Place,
    *,
    isolated: bool,
    divide: Callable[[T], Sequence[T]] | None = None,
) -> Iterator[tuple[T, R | Failure]]:
    """Keep as many items under way as the pool has places, and yield (item, outcome) as each ends."""
    waiting = iter(items)
    # One is looked at beforehand: where there is none, nothing is started.
    first_item = list(islice(waiting, 1))
    if not first_item:
        return
    waiting, numbers, tries = chain(first_item, waiting), count(), 1 if isolated else TRIES
    under_way: dict[int, tuple[T, int]] = {}
    with _open_pool(function, place, isolated=isolated) as pool:
        while True:
            # 1. Fill the pool: an item is taken from the caller only when a process is free for it.
            for item in islice(waiting, max(pool.places - len(under_way), 0)):
                number = next(numbers)
                under_way[number] = item, tries - 1
                pool.submit(number, item)
            if not under_way:
                return
            # 2. Wait for one to end; a pool that has to look round first answers None.
            ended = pool.next()
            if ended is None:
                continue
            number, outcome = ended
            if isinstance(outcome, RunEnds):
                raise outcome.error
            # 3. A process that died may not be the item's fault: again, up to TRIES in all. What fails for good is
            # divided, where it can be (a shard of 100 clips into 100), and its pieces go to the front of the line.
            item, tries_left = under_way[number]
            if isinstance(outcome, Failure) and outcome.code == Code.DIED and tries_left:
                under_way[number] = item, tries_left - 1
                pool.submit(number, item)
                continue
            del under_way[number]
            divided = divide(item) if divide is not None and isinstance(outcome, Failure) else ()
            if len(divided) > 1:
                waiting = chain(divided, waiting)
            else:
                yield item, outcome


def _open_pool(function: Callable[[T], R], place: Place, *, isolated: bool) -> AbstractContextManager[_Pool[T, R]]:
    budget = place.budget or Budget.of(current_limits())
    if place.engine == Engine.LOCAL and place.address is not None:
        raise SlateboardError("--address names a Ray cluster: add --engine ray.")
    if place.engine == Engine.LOCAL:
        workers = place.workers or (1 if isolated else cores())
        return LocalPool(function, workers, budget=budget, isolated=isolated)
    if place.engine == Engine.RAY:
        return RayPool(
            function,
            place.workers,
            cores=cores(),
            address=place.address,
            budget=budget,
            isolated=isolated,
            shared=place.shared,
        )
    raise SlateboardError(f"Unknown engine: {place.engine!r}. There is: {', '.join(Engine)}.")
