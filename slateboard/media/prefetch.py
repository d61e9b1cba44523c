"""Prefetch items in a thread while earlier ones are used; decoders release the interpreter's lock."""

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")

_BATCH = 4
"""Items in one batch of the queue: waking a thread costs as much as decoding a small picture."""
_DEPTH = 3
"""Most batches in the queue: 3 x 4 frames of 720p are 17 MB."""


def prefetched(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order, prefetching in a thread; an error of the items is raised after those before it."""
    batches: Queue[tuple[list[T], BaseException | None, bool]] = Queue(_DEPTH)
    unwanted = Event()
    thread = Thread(target=_fetch, args=(iter(items), batches, unwanted), daemon=True)
    thread.start()
    try:
        last = False
        while not last:
            batch, error, last = batches.get()
            yield from batch
            if error is not None:
                raise error
    finally:
        # The thread may wait in `put` on a full queue: it is emptied until the thread has seen that nobody wants more.
        unwanted.set()
        while thread.is_alive():
            while not batches.empty():
                batches.get()
            thread.join(0.01)


def _fetch(items: Iterator[T], batches: "Queue[Any]", unwanted: Event) -> None:
    """Fill the queue until the items end, raise or are not wanted any more."""
    batch: list[T] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == _BATCH:
                batches.put((batch, None, False))
                batch = []
            if unwanted.is_set():
                break
    except BaseException as error:
        batches.put((batch, error, True))
        return
    batches.put((batch, None, True))
