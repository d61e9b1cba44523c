"""From samples to batches on a device: threads read the frames ahead of the model, and on a CPU preprocess them too."""

import math
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.baseline import Stream
from benchmark.frames.colour import Pictures, colours, jitter_colours
from benchmark.frames.frames import Frames
from benchmark.frames.geometry import picture_bytes
from benchmark.inputs.augmentation import NONE, Augmentation
from benchmark.inputs.clips import Clips
from benchmark.inputs.malloc import keep_freed_memory
from benchmark.inputs.samples import Sample
from benchmark.recipe import Recipe
from slateboard.media.errors import Unreadable

T = TypeVar("T")
R = TypeVar("R")

_PREFETCH = 2
"""Batches read ahead for each thread."""


@runtime_checkable
class DeviceFrames(Protocol):
    """Frames that already lie on a device and are gathered there."""

    def gather(self, samples: Sequence[Sample]) -> Pictures:
        """Return the frames of samples, as the function `gather` does."""


@dataclass(frozen=True)
class Batch:
    """One batch on its device."""

    samples: Sequence[Sample]
    inputs: torch.Tensor
    """What the model takes, [B, ...]."""
    labels: torch.Tensor
    """int64 [B], 0-based classes."""
    is_blank: bool = False
    """None of its samples could be read: it holds one black view, which must count for nothing."""


OnUnreadable = Callable[[Sample, str], None]
"""Called with a sample that cannot be read, and the reason."""


class BufferPool:
    """Tensors whose memory is reused by tensors of the same size as soon as nothing refers to them.

    The C library splits a freed block for smaller requests and then has none of its size: an epoch's memory grew.
    """

    def __init__(self, *, pinned: bool = False) -> None:
        self.pinned = pinned
        self._free: defaultdict[int, list[NDArray[np.uint8]]] = defaultdict(list)

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Return an uninitialised tensor; `pinned`: page-locked, so that a GPU copies from it asynchronously."""
        if self.pinned:
            return torch.empty(shape, dtype=dtype, pin_memory=True)
        free = self._free[math.prod(shape) * dtype.itemsize]
        try:
            block = free.pop()
        except IndexError:
            block = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
        # A tensor made from an array refers to it. So `view` dies with the last tensor made from it, and the block that
        # it looks at goes back into the pool.
        view = block[:]
        weakref.finalize(view, free.append, block).atexit = False
        return torch.from_numpy(view).view(dtype).view(*shape)


def prefetched_batches(
    stream: Stream,
    clips: Clips,
    batches: Iterable[Sequence[Sample]],
    *,
    device: torch.device | str,
    threads: int,
    recipe: Recipe | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[Batch]:
    """Yield batches in order, prefetched by `threads` threads; 0: each is read when it is asked for.

    The batches do not depend on the number of threads; an error in one is raised in the place of its batch. Closing
    the iterator, or dropping it, stops the reading. A sample of a clip that can no longer be read raises Unreadable,
    or, with `on_unreadable`, is passed to that and left out of its batch.
    """
    kind = torch.device(device).type
    if kind == "cpu":
        keep_freed_memory()
    pool = BufferPool(pinned=kind == "cuda")
    # On a CPU the threads preprocess too: but not an augmentation, which draws from torch's one global generator, nor
    # with a network, which runs in the thread of the model.
    is_augmented = recipe is not None and recipe.augmentation != NONE
    preprocesses_early = kind == "cpu" and not is_augmented and not isinstance(stream.preprocess, nn.Module)

    def read(planned: Sequence[Sample]) -> tuple[Sequence[Sample], bool, Pictures | torch.Tensor]:
        readable, pictures = _gather_readable(clips.frames, planned, pool=pool, on_unreadable=on_unreadable)
        # An empty batch has no shape to go through a network, and under DDP every process takes part in every step: so
        # it is one black view, which counts for nothing.
        samples = readable or planned[:1]
        if preprocesses_early:
            return samples, not readable, preprocess_batch(stream, pictures, samples, recipe=recipe, pool=pool)
        return samples, not readable, pictures

    for _, (samples, is_blank, content) in _prefetch(read, batches, threads=threads):
        inputs = content
        if isinstance(inputs, Pictures):
            inputs = preprocess_batch(stream, inputs.to(device), samples, recipe=recipe, pool=pool)
        labels = torch.from_numpy(clips.labels[[sample.clip for sample in samples]])
        yield Batch(samples, inputs, labels.to(device, non_blocking=True), is_blank)


def _prefetch(read: Callable[[T], R], requests: Iterable[T], *, threads: int) -> Iterator[tuple[T, R]]:
    """Yield (request, read(request)) in input order, prefetching in threads."""
    if threads == 0:
        yield from ((request, read(request)) for request in requests)
        return
    remaining = iter(requests)
    with ThreadPoolExecutor(threads, thread_name_prefix="frames") as executor:
        # 2 threads hold 4 batches: of 30 views of C3D, 3 * 16 * 112 * 112 float32 = 2.4 MB each, 4 * 72 MB.
        pending = deque((request, executor.submit(read, request)) for request in islice(remaining, threads * _PREFETCH))
        try:
            while pending:
                request, future = pending.popleft()
                result = future.result()
                # One goes in for each one that comes out, before it is yielded: threads read while the model works.
                pending.extend((request, executor.submit(read, request)) for request in islice(remaining, 1))
                yield request, result
        finally:
            for _, future in pending:
                future.cancel()


def _gather_readable(
    frames: Frames, samples: Sequence[Sample], *, pool: BufferPool, on_unreadable: OnUnreadable | None
) -> tuple[Sequence[Sample], Pictures]:
    """Return the samples that can be read, and their frames; no sample and a black picture where none can be."""
    try:
        return samples, gather(frames, samples, pool=pool)
    except Unreadable:
        if on_unreadable is None:
            raise
    # Only now one by one: reading each sample by itself all the time would be paid for by every batch that is sound.
    readable = []
    for sample in samples:
        try:
            gather(frames, [sample])
        except Unreadable as error:
            on_unreadable(sample, str(error))
        else:
            readable.append(sample)
    if readable:
        return readable, gather(frames, readable, pool=pool)
    facts, box = frames.facts(samples[0].clip_id), samples[0].box
    planes = torch.zeros((1, len(samples[0].indices), picture_bytes(box.height, box.width)), dtype=torch.uint8)
    return readable, Pictures(planes, box.height, box.width, colours([(facts.matrix, facts.full_range)]))


def gather(frames: Frames, samples: Sequence[Sample], *, pool: BufferPool | None = None) -> Pictures:
    """Return the frames of samples with T frames each; where boxes differ, rows are as long as the largest needs."""
    if isinstance(frames, DeviceFrames):
        return frames.gather(samples)
    pool = pool or BufferPool()
    largest = max((sample.box for sample in samples), key=lambda box: picture_bytes(box.height, box.width))
    shape = (len(samples), len(samples[0].indices), picture_bytes(largest.height, largest.width))
    planes = pool.empty(shape, torch.uint8)
    for row, sample in zip(planes.numpy(), samples, strict=True):
        pictures = frames.planes(sample.clip_id, sample.indices, sample.box)
        row[:, : pictures.shape[1]] = pictures
    facts = [frames.facts(sample.clip_id) for sample in samples]
    matrices = colours([(clip.matrix, clip.full_range) for clip in facts])
    return Pictures(planes, largest.height, largest.width, matrices.pin_memory() if pool.pinned else matrices)


@torch.no_grad()
def preprocess_batch(
    stream: Stream,
    pictures: Pictures,
    samples: Sequence[Sample],
    *,
    recipe: Recipe | None = None,
    pool: BufferPool | None = None,
) -> torch.Tensor:
    """Return the model's input [B, ...]: frames as RGB, augmented as the recipe says, mirrored, preprocessed."""
    if recipe is not None and recipe.colour:
        seeds = [sample.augmentation_seed for sample in samples]
        pictures = jitter_colours(pictures, share=recipe.colour, seeds=seeds)
    augmentation = None
    if recipe is not None and recipe.augmentation != NONE:
        augmentation = Augmentation(recipe.augmentation, stream.size)
    if pictures.planes.device.type != "cpu":
        return stream.preprocess(_rgb(pictures, samples, range(len(samples)), augmentation))
    # On a CPU view by view through one buffer, so that what lies between stays in the processor's cache.
    pool = pool or BufferPool()
    shape = (1, pictures.planes.shape[1], 3, pictures.height, pictures.width)
    buffer = pool.empty(shape, torch.float32) if augmentation is None else None
    inputs = None
    for position in range(len(samples)):
        rgb = _rgb(pictures, samples, range(position, position + 1), augmentation, buffer)
        view = stream.preprocess(rgb)
        if inputs is None:
            inputs = pool.empty((len(samples), *view.shape[1:]), view.dtype)
        inputs[position : position + 1] = view
    assert inputs is not None
    return inputs


def _rgb(
    pictures: Pictures,
    samples: Sequence[Sample],
    positions: range,
    augmentation: Augmentation | None,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return RGB [B, T, 3, H, W] of some samples of a batch, augmented and mirrored; without augmentation in `out`."""
    if augmentation is None:
        views = pictures.views(positions.start, positions.stop).rgb(out)
    else:
        views = torch.stack([_augment(pictures, samples[position], position, augmentation) for position in positions])
    mirrored = [row for row, position in enumerate(positions) if samples[position].mirrored]
    if mirrored:
        views[mirrored] = views[mirrored].flip(-1)
    return views


def _augment(pictures: Pictures, sample: Sample, position: int, augmentation: Augmentation) -> torch.Tensor:
    """Return the augmented frames [T, 3, size, size] of one sample of a batch."""
    view = pictures.views(position, position + 1, height=sample.box.height, width=sample.box.width)
    return augmentation(view.rgb()[0], seed=sample.augmentation_seed, may_flip=sample.may_flip)
