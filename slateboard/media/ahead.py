"""A thread ahead of the work: it fetches the next items while these are used. Decoders work without the lock."""

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")

_BATCH = 4
"""Items handed over at once: waking a thread costs as much as decoding a small picture."""
_DEPTH = 3
"""Batches in waiting at most: at 720p 12 frames are 17 MB."""


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items while a thread already fetches the next ones; what it raises is raised here, in its place."""
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
