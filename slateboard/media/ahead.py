"""Threads beside the work: decode ahead of it, and hash behind it. PyAV, OpenCV and hashlib work without the lock."""

import hashlib
from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import Any, Self, TypeVar

import numpy as np

from slateboard.media.frames import Frame

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


class PixelHash:
    """SHA-256 over the planes of all frames, in a thread of its own that ends with the block."""

    def __init__(self) -> None:
        self._pixels = hashlib.sha256()
        self._frames: Queue[Frame | None] = Queue(_BATCH * _DEPTH)
        self._thread = Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.put(None)
        self._thread.join()

    def see(self, frame: Frame) -> None:
        """Take the next frame."""
        self._frames.put(frame)

    def hexdigest(self) -> str:
        """Return the hash of all frames seen; complete after the block."""
        return self._pixels.hexdigest()

    def _work(self) -> None:
        while (frame := self._frames.get()) is not None:
            for plane in (frame.y, frame.u, frame.v):
                self._pixels.update(np.ascontiguousarray(plane).data)
