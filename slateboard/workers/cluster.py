"""Workers of a Ray cluster: a task a processor, each with a process of its own for the item, as on one machine.

An item that kills its process is told of by the task around it. What Ray itself reports is the loss of a node, of a
result that lay there, or of the task: that is no fault of the item's, which is done again elsewhere.
"""

import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.workers.connect import Probe, connected
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds

T = TypeVar("T")
R = TypeVar("R")

_LOSSES = 5
"""Nodes that an item may lose under it before it is given up: a cluster of cheap nodes takes them away now and then."""

_AHEAD = 1.25
"""Items under way for each that can be worked on: a processor that falls free has the next one at once, and a cluster
that grows on demand sees that there is more to do."""

_LOOK_SECONDS = 5.0
"""Time after which the cluster is asked again which nodes it has."""


@dataclass(frozen=True)
class Call:
    """What a task does with its item."""

    key: str
    """Of this run, by which a process of Ray's knows its pool again."""
    function: Callable[[Any], Any]
    budget: Budget
    isolated: bool
    probe: Probe | None
    """What says whether a node sees the folders that the work needs."""
    working_folder: str
    """Of the driver: paths of items may be relative to it."""


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
        self._ray = connected(address, processors=workers or cores)
        self._probe = Probe.laid(shared) if shared and address is not None else None
        self._gpus = int(self._ray.cluster_resources().get("GPU", 0)) if isolated else 0
        self._places, self._looked = 0, 0.0
        self._tasks: dict[Any, tuple[int, T, int]] = {}
        self._ended: list[Any] = []
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
        """Items that may be under way: what the nodes that are there now can work on, and some that wait."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            at_once = at_once_on(self._ray.nodes(), self._budget.memory_bytes, gpus=bool(self._gpus))
            # A cluster that has lost its last node keeps what is under way until another comes.
            at_once = at_once or self._places
            ahead = at_once if self._isolated else int(at_once * _AHEAD + 0.999)
            self._places = min(self._workers, ahead) if self._workers is not None else ahead
        return self._places

    def submit(self, number: int, item: T) -> None:
        """Give an item to the cluster."""
        self._submit(number, item, _LOSSES)

    def _submit(self, number: int, item: T, left: int) -> None:
        self._tasks[self._do.remote(self._call, item)] = number, item, left

    def next(self) -> tuple[int, R | Failure | RunEnds] | None:
        """Wait some time for an item to end, and return its number and its outcome."""
        if not self._ended:
            tasks = list(self._tasks)
            # One is waited for, and then all are taken that have ended meanwhile.
            self._ray.wait(tasks, num_returns=1, timeout=_LOOK_SECONDS)
            self._ended, _ = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)
        if not self._ended:
            return None
        task = self._ended.pop()
        number, item, left = self._tasks.pop(task)
        faults = self._ray.exceptions
        try:
            outcome: R | Failure | RunEnds = self._ray.get(task)
        except faults.RayTaskError as error:
            return number, RunEnds(_of_task(error))
        except faults.RayError as loss:
            short = isinstance(loss, faults.OutOfMemoryError)
            if left:
                self._submit(number, item, left - 1)
                return None
            reason = f"its node or its process on it was lost {_LOSSES + 1} times ({type(loss).__name__})"
            return number, Failure(Code.MEMORY if short else Code.DIED, reason)
        return number, outcome

    def _too_small(self) -> str:
        memory = self._budget.memory_bytes
        if memory is None:
            return "The Ray cluster has no node with a processor to work on."
        return (
            f"The Ray cluster has no node with a processor and {memory / 1e9:.1f} GB of memory for an item: "
            "add a larger one, or lower memory_bytes under [limits]."
        )


def at_once_on(nodes: list[dict[str, Any]], memory_bytes: int | None, *, gpus: bool) -> int:
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


def _of_task(error: Any) -> Exception:
    """Return what an error in the task around an item means: the node lacks something, or it is a fault of ours."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ImportError):
        return MissingRequirement(
            f"A node of the Ray cluster cannot run the work ({cause}): install this version of slateboard there."
        )
    return cause if isinstance(cause, Exception) else error


_pools: dict[Any, Any] = {}
"""The one pool of this process of Ray's, by the run that it works for."""


def on_node(call: Call, item: Any) -> Any:
    """Do an item in a child process, so that what it does to that is its failure and not the node's."""
    # A fresh process imports the main module of its parent: that is Ray's worker program, which has nothing for it.
    sys.modules["__main__"].__dict__.pop("__file__", None)
    if call.probe is not None and (unseen := call.probe.unseen()):
        return RunEnds(MissingRequirement(call.probe.explain(call.probe.here(), unseen)))
    with suppress(OSError):
        os.chdir(call.working_folder)
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
