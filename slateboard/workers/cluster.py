"""Workers of a Ray cluster: a task a processor, each with a process of its own for the item, as on one machine.

An item that kills its process is told of by the task around it. What Ray itself reports is the loss of a node, of a
result that lay there, or of the task: that is no fault of the item's, which is done again elsewhere.
"""

import math
import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self, TypedDict, TypeVar

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.workers.connect import Probe, join_cluster
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds

T = TypeVar("T")
R = TypeVar("R")

_LOSSES = 5
"""Nodes that an item may lose under it before it is given up: a cluster of cheap nodes takes them away now and then."""

TASKS_PER_PROCESSOR = 1.25
"""Tasks under way for each that can be worked on: a processor that falls free has the next one at once, and a cluster
that grows on demand sees that there is more to do."""

_TASK_SECONDS, _MAX_ITEMS_PER_TASK = 1.0, 16
"""A task costs the driver about a millisecond, whatever it does: short items share one."""
_SMOOTHING = 0.1
"""Weight of the newest task in the mean time of an item."""

_LOOK_SECONDS = 5.0
"""Time after which the cluster is asked again which nodes it has."""


@dataclass(frozen=True)
class Call:
    """The function of a pool and its settings, sent to each node once."""

    key: str
    """Of this run, by which a process of Ray's knows its pool again."""
    function: Callable[[Any], Any]
    budget: Budget
    isolated: bool
    probe: Probe | None
    """What says whether a node sees the folders that the work needs."""
    working_folder: str
    """Of the driver: paths of items may be relative to it."""


@dataclass(frozen=True)
class _Entry(Generic[T]):
    """An item in the pool."""

    number: int
    item: T
    losses: int = 0
    """Nodes that were lost under it."""


class RayPool(Generic[T, R]):
    """Ray tasks of one processor each; retries are ours, so that they are counted as everywhere else."""

    def __init__(
        self,
        function: Callable[[T], R],
        workers: int | None,
        *,
        cores: int,
        address: str | None,
        budget: Budget,
        isolated: bool,
        shared: Sequence[Path],
    ) -> None:
        self._workers, self._budget, self._isolated = workers, budget, isolated
        self._ray = join_cluster(address, processors=workers or cores)
        self._probe = Probe.laid(shared) if shared and address is not None else None
        self._gpus = int(self._ray.cluster_resources().get("GPU", 0)) if isolated else 0
        self._at_once, self._looked, self._item_seconds = 0, 0.0, _TASK_SECONDS
        self._queue: deque[_Entry[T]] = deque()
        self._lost: deque[_Entry[T]] = deque()
        self._tasks: dict[Any, list[_Entry[T]]] = {}
        self._ended: list[Any] = []
        self._outcomes: deque[tuple[int, R | Failure | RunEnds]] = deque()
        call = Call(secrets.token_hex(8), function, budget, isolated, self._probe, str(Path.cwd()))
        self._call = self._ray.put(call)
        options = {"num_cpus": 1, "num_gpus": min(self._gpus, 1), "max_retries": 0, "memory": budget.memory_bytes}
        self._do: Any = self._ray.remote(**options)(on_node)

    def __enter__(self) -> Self:
        try:
            if self._probe is not None:
                self._probe.check(self._ray)
            if not self.places:
                raise SlateboardError(self._too_small())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._probe is not None:
            self._probe.remove()
        self._ray.shutdown()

    @property
    def places(self) -> int:
        """Items that may be under way: as many as the present nodes can work on, and some that wait."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            at_once = at_once_on(self._ray.nodes(), self._budget.memory_bytes, gpus=bool(self._gpus))
            # A cluster that has lost its last node keeps what is under way until another comes.
            self._at_once = at_once or self._at_once
        return self._max_tasks * self._items_per_task

    @property
    def _max_tasks(self) -> int:
        ahead = self._at_once if self._isolated else math.ceil(self._at_once * TASKS_PER_PROCESSOR)
        return min(ahead, self._workers or ahead)

    @property
    def _items_per_task(self) -> int:
        return 1 if self._isolated else items_per_task(self._item_seconds)

    def submit(self, number: int, item: T) -> None:
        """Queue an item for the cluster."""
        self._queue.append(_Entry(number, item))

    def next(self) -> tuple[int, R | Failure | RunEnds] | None:
        """Wait some time for an item to end, and return its number and its outcome."""
        if not self._outcomes:
            # Now, as what the outcomes of a task made room for has been submitted: it fills the next one.
            self._send()
            if not self._ended:
                tasks = list(self._tasks)
                # One is waited for, and then all are taken that have ended meanwhile.
                self._ray.wait(tasks, num_returns=1, timeout=_LOOK_SECONDS)
                self._ended, _ = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)
            if self._ended:
                self._collect(self._ended.pop())
        return self._outcomes.popleft() if self._outcomes else None

    def _send(self) -> None:
        """Give tasks to the cluster, full ones as long as all processors have something to do."""
        while len(self._tasks) < self._max_tasks:
            size = min(self._items_per_task, len(self._queue))
            if self._lost:
                # Alone: whatever takes its process of Ray's away must not cost its neighbours their tries too.
                entries = [self._lost.popleft()]
            elif size and (size == self._items_per_task or len(self._tasks) < self._at_once):
                entries = [self._queue.popleft() for _ in range(size)]
            else:
                return
            self._tasks[self._do.remote(self._call, [entry.item for entry in entries])] = entries

    def _collect(self, task: Any) -> None:
        """Sort the outcomes of a task that ended, and queue again what has none."""
        entries = self._tasks.pop(task)
        faults = self._ray.exceptions
        try:
            outcomes, seconds = self._ray.get(task)
        except faults.RayTaskError as error:
            self._outcomes.append((entries[0].number, RunEnds(_cause_of(error))))
            return
        except faults.RayError as loss:
            code = Code.MEMORY if isinstance(loss, faults.OutOfMemoryError) else Code.DIED
            reason = f"its node or its process on it was lost {_LOSSES + 1} times ({type(loss).__name__})"
            for entry in entries:
                if entry.losses < _LOSSES:
                    self._lost.append(replace(entry, losses=entry.losses + 1))
                else:
                    self._outcomes.append((entry.number, Failure(code, reason)))
            return
        self._outcomes.extend((entry.number, outcome) for entry, outcome in zip(entries, outcomes, strict=False))
        # A task ends after its time, also before its last item.
        self._queue.extendleft(reversed(entries[len(outcomes) :]))
        # Exponential mean m <- m + 0.1 (t / n - m): a task of 16 items in 0.8 s moves a mean of 1.0 s to 0.905 s.
        self._item_seconds += (seconds / len(outcomes) - self._item_seconds) * _SMOOTHING

    def _too_small(self) -> str:
        memory = self._budget.memory_bytes
        if memory is None:
            return "The Ray cluster has no node with a processor to work on."
        return (
            f"The Ray cluster has no node with a processor and {memory / 1e9:.1f} GB of memory for an item: "
            "add a larger one, or lower memory_bytes under [limits]."
        )


def items_per_task(item_seconds: float) -> int:
    """Return how many items share a task where each takes that long."""
    return max(min(int(_TASK_SECONDS / max(item_seconds, 1e-6)), _MAX_ITEMS_PER_TASK), 1)


class RayNode(TypedDict):
    """What is read of a node of `ray.nodes()`."""

    Alive: bool
    Resources: dict[str, float]
    """`CPU`, `GPU` and `memory` in bytes; those that a node has none of are not there."""


def at_once_on(nodes: Sequence[RayNode], memory_bytes: int | None, *, gpus: bool) -> int:
    """Return how many items nodes can work on at once: a processor each (or a GPU), and the memory that one may use."""
    total = 0
    for node in nodes:
        if not node["Alive"]:
            continue
        resources = node["Resources"]
        at_once = resources.get("GPU" if gpus else "CPU", 0)
        if memory_bytes is not None:
            at_once = min(at_once, resources.get("memory", 0) // memory_bytes)
        total += int(at_once)
    return total


def _cause_of(error: Any) -> Exception:
    """Return the cause of an error in the task around an item: the node lacks something, or a fault of ours."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ImportError):
        return MissingRequirement(
            f"A node of the Ray cluster cannot run the work ({cause}): install this version of slateboard there."
        )
    return cause if isinstance(cause, Exception) else error


_pools: dict[Any, Any] = {}
"""The one pool of this process of Ray's, by the run that it works for."""


def on_node(call: Call, items: Sequence[Any]) -> tuple[list[Any], float]:
    """Run items in a child process, so that an item that kills it has failed, and not the node.

    Returns the outcomes of as many as its time allows, at least one, and how long they took.
    """
    # A fresh process imports the main module of its parent: that is Ray's worker program, which has nothing for it.
    sys.modules["__main__"].__dict__.pop("__file__", None)
    if call.probe is not None and (unseen := call.probe.unseen()):
        return [RunEnds(MissingRequirement(call.probe.explain(call.probe.here(), unseen)))], 0.0
    with suppress(OSError):
        os.chdir(call.working_folder)
    started, outcomes = time.monotonic(), list[Any]()
    for item in items:
        outcomes.append(_in_child(call, item))
        if time.monotonic() - started > _TASK_SECONDS:
            break
    return outcomes, time.monotonic() - started


def _in_child(call: Call, item: Any) -> Any:
    if call.isolated:
        # Which GPU it gets is in the environment, and changes from task to task.
        with LocalPool[Any, Any](call.function, 1, budget=call.budget, isolated=True) as once:
            once.submit(0, item)
            return once.next()[1]
    if call.key not in _pools:
        _pools.clear()
        _pools[call.key] = LocalPool(call.function, 1, budget=call.budget, isolated=False)
    _pools[call.key].submit(0, item)
    return _pools[call.key].next()[1]
