"""From items to a model's input, ahead of the model in threads: frames, and on a CPU all that follows."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Frames
from benchmark.frames.geometry import picture_bytes
from benchmark.frames.jitter import jittered
from benchmark.inputs.augmentation import NONE, Augmentation
from benchmark.inputs.clips import Clips
from benchmark.inputs.items import Item
from benchmark.inputs.memory import Blocks, keep_freed_memory
from benchmark.recipe import Recipe
from slateboard.media.errors import Unreadable

T = TypeVar("T")
R = TypeVar("R")

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
    inputs: torch.Tensor
    """What the model takes, [B, ...]."""
    labels: torch.Tensor
    """int64 [B], 0-based classes."""
    is_blank: bool = False
    """None of its views could be read: it holds one black one, which must count for nothing."""


Lose = Callable[[Item, str], None]
"""Notes a view that cannot be read, and why."""


def batches_ahead(
    stream: Stream,
    clips: Clips,
    batches: Iterable[Sequence[Item]],
    *,
    device: torch.device | str,
    threads: int,
    recipe: Recipe | None = None,
    lose: Lose | None = None,
) -> Iterator[Batch]:
    """Yield batches in order, read by `threads` threads that work ahead; 0: each when it is asked for.

    On a CPU those threads make the model's input too, unless it is drawn by chance, of which torch has one generator,
    or made by a network. The outcome does not depend on their number; what goes wrong in one is raised in the place of
    its batch. Whoever stops early closes the iterator, or lets it go: then nothing more is read. A view of a clip that
    cannot be read any more raises Unreadable, or, where `lose` is given, is told to it and left out of its batch.
    """
    kind = torch.device(device).type
    if kind == "cpu":
        keep_freed_memory()
    blocks = Blocks(pinned=kind == "cuda")
    is_drawn = recipe is not None and recipe.augmentation != NONE
    is_early = kind == "cpu" and not is_drawn and not isinstance(stream.prepare, nn.Module)

    def read(wanted: Sequence[Item]) -> tuple[Sequence[Item], bool, Pictures | torch.Tensor]:
        items, pictures = _readable(clips.frames, wanted, blocks=blocks, lose=lose)
        shown = items or wanted[:1]
        found = prepared(stream, pictures, shown, recipe=recipe, blocks=blocks) if is_early else pictures
        return shown, not items, found

    for _, (items, is_blank, found) in _ahead(read, batches, threads=threads):
        inputs = found
        if isinstance(inputs, Pictures):
            inputs = prepared(stream, inputs.to(device), items, recipe=recipe, blocks=blocks)
        labels = torch.from_numpy(clips.labels[[item.clip for item in items]])
        yield Batch(items, inputs, labels.to(device, non_blocking=True), is_blank)


def _readable(
    frames: Frames, items: Sequence[Item], *, blocks: Blocks, lose: Lose | None
) -> tuple[Sequence[Item], Pictures]:
    """Return the views that can be read and their frames; none and a black picture where no view can be."""
    try:
        return items, gather(frames, items, blocks=blocks)
    except Unreadable:
        if lose is None:
            raise
    kept = []
    for item in items:
        try:
            gather(frames, [item])
        except Unreadable as error:
            lose(item, str(error))
        else:
            kept.append(item)
    if kept:
        return kept, gather(frames, kept, blocks=blocks)
    facts, box = frames.facts(items[0].clip_id), items[0].box
    planes = torch.zeros((1, len(items[0].indices), picture_bytes(box.height, box.width)), dtype=torch.uint8)
    return kept, Pictures(planes, box.height, box.width, colours([(facts.matrix, facts.full_range)]))


def _ahead(read: Callable[[T], R], wanted: Iterable[T], *, threads: int) -> Iterator[tuple[T, R]]:
    """Yield each one wanted with what was read of it, in order."""
    if threads == 0:
        yield from ((one, read(one)) for one in wanted)
        return
    left = iter(wanted)
    with ThreadPoolExecutor(threads, thread_name_prefix="frames") as pool:
        waiting = deque((one, pool.submit(read, one)) for one in islice(left, threads * _AHEAD))
        try:
            while waiting:
                one, future = waiting.popleft()
                found = future.result()
                waiting.extend((one, pool.submit(read, one)) for one in islice(left, 1))
                yield one, found
        finally:
            for _, future in waiting:
                future.cancel()


def gather(frames: Frames, items: Sequence[Item], *, blocks: Blocks | None = None) -> Pictures:
    """Return the frames of views, all of one number; where boxes differ, a row is as long as the largest wants it."""
    if isinstance(frames, Gathers):
        return frames.gather(items)
    blocks = blocks or Blocks()
    largest = max((item.box for item in items), key=lambda box: picture_bytes(box.height, box.width))
    shape = (len(items), len(items[0].indices), picture_bytes(largest.height, largest.width))
    planes = blocks.empty(shape, torch.uint8)
    for row, item in zip(planes.numpy(), items, strict=True):
        found = frames.planes(item.clip_id, item.indices, item.box)
        row[:, : found.shape[1]] = found
    facts = [frames.facts(item.clip_id) for item in items]
    matrices = colours([(one.matrix, one.full_range) for one in facts])
    return Pictures(planes, largest.height, largest.width, matrices.pin_memory() if blocks.pinned else matrices)


@torch.no_grad()
def prepared(
    stream: Stream,
    pictures: Pictures,
    items: Sequence[Item],
    *,
    recipe: Recipe | None = None,
    blocks: Blocks | None = None,
) -> torch.Tensor:
    """Return the model's input [B, ...] of views, mirrored where their items say so; changed as a recipe says."""
    if recipe is not None and recipe.colour:
        pictures = jittered(pictures, share=recipe.colour, chances=[item.chance for item in items])
    change = None
    if recipe is not None and recipe.augmentation != NONE:
        change = Augmentation(recipe.augmentation, stream.size)
    if pictures.planes.device.type != "cpu":
        return stream.prepare(_views(pictures, items, range(len(items)), change))
    # On a CPU view by view and in one place, so that what lies between stays in its cache.
    blocks = blocks or Blocks()
    shape = (1, pictures.planes.shape[1], 3, pictures.height, pictures.width)
    place = blocks.empty(shape, torch.float32) if change is None else None
    found = None
    for number in range(len(items)):
        part = stream.prepare(_views(pictures, items, range(number, number + 1), change, place))
        if found is None:
            found = blocks.empty((len(items), *part.shape[1:]), part.dtype)
        found[number : number + 1] = part
    assert found is not None
    return found


def _views(
    pictures: Pictures,
    items: Sequence[Item],
    places: range,
    change: Augmentation | None,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return RGB [B, T, 3, H, W] of some views of a batch, changed and mirrored; in `out` if it is unchanged."""
    if change is None:
        views = pictures.part(places.start, places.stop).rgb(out)
    else:
        views = torch.stack([_changed(pictures, items[place], place, change) for place in places])
    mirrored = [number for number, place in enumerate(places) if items[place].mirrored]
    if mirrored:
        views[mirrored] = views[mirrored].flip(-1)
    return views


def _changed(pictures: Pictures, item: Item, place: int, change: Augmentation) -> torch.Tensor:
    view = pictures.part(place, place + 1, height=item.box.height, width=item.box.width)
    return change(view.rgb()[0], chance=item.chance, flips=item.flips)
