"""Samples: what a network is given, view by view; a pure function of seed, epoch and step, so a resume is exact."""

import gc
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmark.baseline import Stream
from benchmark.frames.frames import Indices
from benchmark.frames.geometry import Box, placed
from benchmark.inputs.augmentation import sees_whole
from benchmark.inputs.clips import Clips
from benchmark.inputs.sampling import View, clips_repeating, views_of
from benchmark.recipe import Recipe
from slateboard.errors import SlateboardError

_CENTRE = (0.5, 0.5)
_CORNERS = ((0.0, 0.0), (0.0, 1.0), _CENTRE, (1.0, 0.0), (1.0, 1.0))
CROPS = {
    1: (_CENTRE,),
    3: ((0.5, 0.0), _CENTRE, (0.5, 1.0)),
    5: _CORNERS,
    10: _CORNERS,
}
"""Number of crops -> (down, across) of each square in testing, 0-1 of the way, in a picture at least as wide as high.

3: along the longer side (Wang et al., Non-local, CVPR 2018); 10: the five of 5, then their mirrored copies (TSN)."""


@dataclass(frozen=True)
class Sample:
    """One view of one clip: which frames and pixels are read, and how they are changed. The loader carries it out."""

    clip: int
    """Position of the clip in its list; its label is the sample's."""
    clip_id: str
    """Clip whose frames are read: the clip itself, or its twin."""
    number: int
    """0-based number of the view within its clip."""
    indices: Indices
    """Frame numbers [T]."""
    box: Box
    """Pixels of each frame."""
    mirrored: bool = False
    """Flip left to right when it is read. This alone mirrors a view; recipe.flip and 10 crops in testing set it."""
    augmentation_seed: int = 0
    """Seed of the view's random colours and augmentation."""
    may_flip: bool = True
    """Whether an augmentation may flip it; False where the direction of movement is the class (recipe.never_flip)."""


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector: going through hundreds of thousands of new views took half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_garbage_collection()
def epoch_batches(stream: Stream, clips: Clips, recipe: Recipe, *, seed: int, epoch: int) -> list[list[Sample]]:
    """Return the batches of a 0-based epoch: every view once, with recipe.flip a mirrored copy too, shuffled.

    Batch sizes differ by one at most, so that none is too small for BatchNorm.
    """
    # Streams of one run, such as motion and normal, draw differently from one seed, and so do epochs. No state of a
    # generator has to be saved: epoch 7 can be drawn without the six before it.
    key = (seed, zlib.crc32(stream.name.encode()), epoch)
    views = _by_clip(views_of(clips.lengths, stream.sampler, stream.sampler_parameters, seed=key))
    twins = clips.twins if recipe.twin_rate >= 0 else {}
    twin_positions = {position for positions in twins.values() for position in positions}
    may_flip = [clips.classes[label] not in recipe.never_flip for label in clips.labels.tolist()]
    originals = [view for clip, of_clip in views.items() if clip not in twin_positions for view in of_clip]
    planned = [(view, False) for view in originals]
    planned += [(view, True) for view in originals if recipe.flip and may_flip[view.clip]]

    # One generator draws the crops and the seeds of all views at once; (*key, 1) keeps it apart from the shuffle's.
    generator = np.random.default_rng((*key, 1))
    crops, seeds = generator.random((len(planned), 2)), generator.integers(2**31, size=len(planned)).tolist()
    sources = [
        _view_of_twin(view, views, twins, rate=recipe.twin_rate, seed=view_seed) or view
        for (view, _), view_seed in zip(planned, seeds, strict=True)
    ]
    boxes = _boxes(stream, clips, sources, crops, is_whole=sees_whole(recipe.augmentation))
    ids = clips.ids
    samples = [
        Sample(view.clip, ids[source.clip], view.number, source.indices, box, mirrored, view_seed, may_flip[view.clip])
        for (view, mirrored), source, box, view_seed in zip(planned, sources, boxes, seeds, strict=True)
    ]
    order = np.random.default_rng(key).permutation(len(samples))
    # 21 views, batch 4 -> 6 steps of 4, 4, 4, 3, 3, 3 rather than five of 4 and one of 1.
    steps = -(-len(samples) // recipe.batch)
    return [[samples[position] for position in positions.tolist()] for positions in np.array_split(order, steps)]


def _by_clip(views: Sequence[View]) -> dict[int, list[View]]:
    by_clip: dict[int, list[View]] = {}
    for view in views:
        by_clip.setdefault(view.clip, []).append(view)
    return by_clip


def _view_of_twin(
    view: View, views: Mapping[int, Sequence[View]], twins: Mapping[int, Sequence[int]], *, rate: float, seed: int
) -> View | None:
    """Return, with probability `rate`, the view of a random twin at the same place in the clip; otherwise None."""
    if view.clip not in twins:
        return None
    # Not the key of the colours: the same draws would tie a view's colours to the choice of its twin.
    generator = np.random.default_rng((seed, 1))
    if generator.random() >= rate:
        return None
    of_twin = views[twins[view.clip][int(generator.integers(len(twins[view.clip])))]]
    # Where the twin has another number of views: view 3 of 4 (0-based), of a twin with 2, is view 3 * 2 // 4 = 1.
    return of_twin[view.number * len(of_twin) // len(views[view.clip])]


def describe_epoch(clips: Clips, recipe: Recipe, batches: Sequence[Sequence[Sample]]) -> str:
    """Return one line on an epoch: views, steps, clips that are too short, twins."""
    samples = [sample for batch in batches for sample in batch]
    remarks = [f"{len(samples)} views in {len(batches)} steps an epoch"]
    if repeating := clips_repeating(samples):
        remarks.append(f"{repeating} clips shorter than a view: frames repeat in them")
    if recipe.twin_rate >= 0:
        count = sum(map(len, clips.twins.values()))
        rate = f"in whose place they are seen at a rate of {recipe.twin_rate:g}"
        remarks.append(f"{count} twins with effects of {len(clips.twins)} clips, {rate}")
    return ", ".join(remarks)


def views_to_test(stream: Stream, clips: Clips) -> list[Sample]:
    """Return the samples of testing, clip by clip, `stream.crops` squares a view; none of a clip without frames."""
    if stream.crops not in CROPS:
        raise SlateboardError(f"There are no {stream.crops} crops of a view: give one of {', '.join(map(str, CROPS))}.")
    # A clip without frames is sampled as if it had one, since samplers divide by the number, and then left out.
    views = views_of([max(length, 1) for length in clips.lengths], stream.sampler, stream.sampler_parameters, seed=None)
    return [sample for view in views if clips.lengths[view.clip] for sample in _crops(stream, clips, view)]


def _crops(stream: Stream, clips: Clips, view: View) -> list[Sample]:
    clip_id, corners = clips.ids[view.clip], CROPS[stream.crops]
    facts = clips.frames.facts(clip_id)
    # A picture that is higher than wide swaps down and across, so that 3 crops lie along its longer side, too.
    boxes = [
        _square(stream, clips, view.clip, *(corner if facts.width >= facts.height else reversed(corner)))
        for corner in corners
    ]
    return [
        Sample(
            view.clip,
            clip_id,
            # 5 crops: view 2 becomes views 10 to 14. 10 crops have 5 boxes: crops 5 to 9 are 0 to 4 mirrored.
            view.number * stream.crops + number,
            view.indices,
            boxes[number % len(boxes)],
            mirrored=number >= len(boxes),
        )
        for number in range(stream.crops)
    ]


def _square(stream: Stream, clips: Clips, clip: int, down: float, across: float) -> Box:
    facts = clips.frames.facts(clips.ids[clip])
    return placed(facts.height, facts.width, size=stream.size, down=down, across=across)


def _boxes(
    stream: Stream, clips: Clips, views: Sequence[View], crops: NDArray[np.float64], *, is_whole: bool
) -> Iterator[Box]:
    """Yield the box of each view: the whole picture, or the square at `crops` [views, 2], shares 0-1 down and across.

    What `geometry.placed` returns, for all views at once: an epoch of UCF101 has 300,000.
    """
    facts = [clips.frames.facts(clip_id) for clip_id in clips.ids]
    sizes = np.array([(clip.height, clip.width) for clip in facts])[[view.clip for view in views]]
    corners = 0 * sizes
    if not is_whole:
        # The smallest picture decides whether the square fits; `placed` says so, and how to mend it.
        height, width = sizes.min(axis=0).tolist()
        placed(height, width, size=stream.size, down=0, across=0)
        # Even corners, because chroma has half of the pixels: 0.4 of the way down 128 - 112 = 16 pixels is 6.4, so 6.
        corners = 2 * np.rint(crops * (sizes - stream.size) / 2).astype(np.int64)
        sizes = np.full_like(sizes, stream.size)
    box = cache(Box)
    return (box(*numbers) for numbers in np.hstack([corners, sizes]).tolist())


def in_batches(samples: Sequence[Sample], size: int) -> list[list[Sample]]:
    """Return samples in order, `size` at a time."""
    return [list(samples[start : start + size]) for start in range(0, len(samples), size)]
