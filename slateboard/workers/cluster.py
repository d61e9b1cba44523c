"""Workers of a Ray cluster: a task a processor, each with a process of its own for the item, as on one machine."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from slateboard.errors import MissingRequirement
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget, Code, Failure, RunEnds

T = TypeVar("T")
R = TypeVar("R")


class RayPool(Generic[T, R]):
    """Ray tasks of one processor each; retries are ours, so that they are counted as everywhere else."""

    def __init__(
        self,
        function: Callable[[T], R],
        places: int | None,
        *,
        cores: int,
        address: str | None,
        budget: Budget,
        isolated: bool,
    ) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise MissingRequirement("--engine ray needs Ray: run `pip install 'slateboard[ray]'`.") from error
        self._ray = ray
        here = {"num_cpus": places or cores, "include_dashboard": False, "object_store_memory": 100_000_000}
        options: dict[str, Any] = here if address is None else {"address": address}
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus = int(there.get("GPU", 0)) if isolated else 0
        self.places = places or gpus or int(there["CPU"])
        self._do: Any = ray.remote(num_cpus=1, num_gpus=min(gpus, 1), max_retries=0)(_on_node)
        self._call = ray.put((function, budget, isolated))
        self._numbers: dict[Any, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def submit(self, number: int, item: T) -> None:
        """Give an item to the cluster."""
        self._numbers[self._do.remote(self._call, item)] = number

    def next(self) -> tuple[int, R | Failure | RunEnds]:
        """Wait for an item to end, and return its number and its outcome."""
        (ticket,), _ = self._ray.wait(list(self._numbers), num_returns=1)
        number = self._numbers.pop(ticket)
        faults = self._ray.exceptions
        try:
            outcome: R | Failure | RunEnds = self._ray.get(ticket)
        except faults.RayTaskError as error:
            raise error.cause from error
        except faults.OutOfMemoryError:
            outcome = Failure(Code.MEMORY, "Ray ended its process, since the node ran out of memory")
        except faults.RayError as death:
            outcome = Failure(Code.DIED, f"its node or process ended in the middle ({type(death).__name__})")
        return number, outcome


_pools: dict[Any, Any] = {}
"""The one pool of this process of Ray's, by the function that it calls and the budget."""


def _on_node(call: tuple[Callable[[T], R], Budget, bool], item: T) -> R | Failure | RunEnds:
    """Do an item in a child process, so that what it does to that is its failure and not the node's."""
    function, budget, isolated = call
    # A fresh process imports the main module of its parent: that is Ray's worker program, which has nothing for it.
    sys.modules["__main__"].__dict__.pop("__file__", None)
    if isolated:
        # Which GPU it gets is in the environment, and changes from task to task.
        with LocalPool(function, 1, budget=budget, isolated=True) as once:
            once.submit(0, item)
            return once.next()[1]
    if (function, budget) not in _pools:
        _pools.clear()
        _pools[function, budget] = LocalPool(function, 1, budget=budget, isolated=False)
    pool: LocalPool[T, R] = _pools[function, budget]
    pool.submit(0, item)
    return pool.next()[1]
