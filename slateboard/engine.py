"""Where work runs: a process pool on this machine; results come back in the order of the items."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(function: Callable[[T], R], items: Iterable[T], *, workers: int | None = None) -> Iterator[R]:
    """Yield `function(item)` for each item, in order, from `workers` processes (default: one a core).

    The function and the items must be importable and picklable. The outcome does not depend on `workers`.
    """
    work: Sequence[T] = list(items)
    count = min(workers or cores(), len(work))
    if count <= 1:
        yield from map(function, work)
        return
    # A fresh interpreter each: forking a process that has threads (decoders, torch) can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        yield from pool.map(function, work)


def _begin() -> None:
    """Keep libraries from starting a thread per core in every process, and end with the process that asked."""
    import cv2

    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot tell its workers to stop: they wait for its end themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
