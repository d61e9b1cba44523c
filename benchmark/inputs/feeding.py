"""From items to a model's input: frames read ahead in threads, RGB and all that follows on the model's device."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, runtime_checkable

import torch

from benchmark.baseline import Stream
from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Frames
from benchmark.frames.geometry import picture_bytes
from benchmark.frames.jitter import jittered
from benchmark.inputs.augmentation import NONE, Augmentation
from benchmark.inputs.clips import Clips
from benchmark.inputs.items import Item
from benchmark.inputs.memory import keep_freed_memory
from benchmark.recipe import Recipe

_AHEAD = 2
"""Batches in waiting for each thread that reads."""


@runtime_checkable
class Gathers(Protocol):
    """Frames that lie on a device already and are put together there."""

    def gather(self, items: Sequence[Item]) -> Pictures:
        """Return the frames of views as `gather` does."""


@dataclass(frozen=True)
class Batch:
    """One batch on its device."""

    items: Sequence[Item]
    pictures: Pictures
    labels: torch.Tensor
    """int64 [B], 0-based classes."""


def batches_ahead(
    clips: Clips, batches: Iterable[Sequence[Item]], *, device: torch.device | str, threads: int
) -> Iterator[Batch]:
    """Yield batches in order, read by `threads` threads that work ahead; 0: each when it is asked for.

    Reading copies memory, decodes or waits for a disk, all without Python's lock. The outcome does not depend on the
    number of threads; what goes wrong in one is raised in the place of its batch. Whoever stops early closes the
    iterator, or lets it go: then nothing more is read.
    """
    is_cuda = torch.device(device).type == "cuda"
    if not is_cuda:
        keep_freed_memory()
    wanted = iter(batches)
    if threads == 0:
        for items in wanted:
            yield _moved(_read(clips, items, pinned=False), device)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="frames") as pool:
        waiting: deque[Future[Batch]] = deque(
            pool.submit(_read, clips, items, pinned=is_cuda) for items in islice(wanted, threads * _AHEAD)
        )
        try:
            while waiting:
                batch = waiting.popleft().result()
                waiting.extend(pool.submit(_read, clips, items, pinned=is_cuda) for items in islice(wanted, 1))
                yield _moved(batch, device)
        finally:
            for future in waiting:
                future.cancel()


def _read(clips: Clips, items: Sequence[Item], *, pinned: bool) -> Batch:
    pictures = gather(clips.frames, items, pinned=pinned)
    return Batch(items, pictures, torch.from_numpy(clips.labels[[item.clip for item in items]]))


def _moved(batch: Batch, device: torch.device | str) -> Batch:
    return replace(batch, pictures=batch.pictures.to(device), labels=batch.labels.to(device, non_blocking=True))


def gather(frames: Frames, items: Sequence[Item], *, pinned: bool = False) -> Pictures:
    """Return the frames of views, all of one number; where boxes differ, a row is as long as the largest wants it.

    `pinned`: in memory that a GPU copies from by itself.
    """
    if isinstance(frames, Gathers):
        return frames.gather(items)
    largest = max((item.box for item in items), key=lambda box: picture_bytes(box.height, box.width))
    shape = (len(items), len(items[0].indices), picture_bytes(largest.height, largest.width))
    planes = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
    for row, item in zip(planes.numpy(), items, strict=True):
        found = frames.planes(item.clip_id, item.indices, item.box)
        row[:, : found.shape[1]] = found
    facts = [frames.facts(item.clip_id) for item in items]
    matrices = colours([(one.matrix, one.full_range) for one in facts])
    return Pictures(planes, largest.height, largest.width, matrices.pin_memory() if pinned else matrices)


def prepared(stream: Stream, batch: Batch, *, recipe: Recipe | None = None) -> torch.Tensor:
    """Return the model's input [B, ...] of a batch, mirrored where its items say so; changed as a recipe says."""
    pictures, items = batch.pictures, batch.items
    if recipe is not None and recipe.colour:
        pictures = jittered(pictures, share=recipe.colour, chances=[item.chance for item in items])
    change = None
    if recipe is not None and recipe.augmentation != NONE:
        change = Augmentation(recipe.augmentation, stream.size)
    # On a CPU view by view, so that what lies between stays in its cache; a GPU wants all at once.
    size = 1 if pictures.planes.device.type == "cpu" else len(items)
    found = None
    for start in range(0, len(items), size):
        part = stream.prepare(_views(pictures, items, range(start, min(start + size, len(items))), change))
        if size == len(items):
            return part
        if found is None:
            found = part.new_empty((len(items), *part.shape[1:]))
        found[start : start + size] = part
    assert found is not None
    return found


def _views(pictures: Pictures, items: Sequence[Item], places: range, change: Augmentation | None) -> torch.Tensor:
    """Return RGB [B, T, 3, H, W] of some views of a batch, changed and mirrored."""
    if change is None:
        views = pictures.part(places.start, places.stop).rgb()
    else:
        views = torch.stack([_changed(pictures, items[place], place, change) for place in places])
    mirrored = [number for number, place in enumerate(places) if items[place].mirrored]
    if mirrored:
        views[mirrored] = views[mirrored].flip(-1)
    return views


def _changed(pictures: Pictures, item: Item, place: int, change: Augmentation) -> torch.Tensor:
    view = pictures.part(place, place + 1, height=item.box.height, width=item.box.width)
    return change(view.rgb()[0], chance=item.chance, flips=item.flips)
