"""What is fed to a network, view by view: a pure function of seed, epoch and step, so that resume is arithmetic."""

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
"""Places of the squares in testing, as shares of the way down and across a picture that is not higher than wide.

3: along the longer side (Wang et al., Non-local, CVPR 2018); 10: the five of 5, then their mirrored copies (TSN)."""


@dataclass(frozen=True)
class Item:
    """One view as it is fed: whose frames, which of them, and what is done to them."""

    clip: int
    """Position in the list of clips: whose label it has."""
    clip_id: str
    """Whose frames are read: the clip itself, or its twin."""
    number: int
    """0-based among the views of its clip."""
    indices: Indices
    box: Box
    mirrored: bool = False
    chance: int = 0
    """Seed of all that is done to this view by chance."""
    flips: bool = True
    """Chance may mirror it; False where direction is the class."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the collector: it would go through hundreds of thousands of new views over and over, half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def epoch_batches(stream: Stream, clips: Clips, recipe: Recipe, *, seed: int, epoch: int) -> list[list[Item]]:
    """Return the batches of a 0-based epoch: every view once (mirrored ones besides), in an order of its own.

    Batches differ by one item at most, so that none is too small for BatchNorm.
    """
    key = (seed, zlib.crc32(stream.name.encode()), epoch)
    views = _by_clip(views_of(clips.lengths, stream.sampler, stream.sampler_parameters, seed=key))
    twins = clips.twins if recipe.twin_rate >= 0 else {}
    replaced = {twin for those in twins.values() for twin in those}
    flips = [clips.classes[label] not in recipe.never_flip for label in clips.labels.tolist()]
    kept = [view for clip, those in views.items() if clip not in replaced for view in those]
    wanted = [(view, False) for view in kept]
    wanted += [(view, True) for view in kept if recipe.flip and flips[view.clip]]

    chance = np.random.default_rng((*key, 1))
    places, seeds = chance.random((len(wanted), 2)), chance.integers(2**31, size=len(wanted)).tolist()
    shown = [
        _twin_of(view, views, twins, rate=recipe.twin_rate, seed=number) or view
        for (view, _), number in zip(wanted, seeds, strict=True)
    ]
    boxes = _boxes(stream, clips, shown, places, is_whole=sees_whole(recipe.augmentation))
    ids = clips.ids
    items = [
        Item(view.clip, ids[source.clip], view.number, source.indices, box, mirrored, number, flips[view.clip])
        for (view, mirrored), source, box, number in zip(wanted, shown, boxes, seeds, strict=True)
    ]
    order = np.random.default_rng(key).permutation(len(items))
    steps = -(-len(items) // recipe.batch)
    return [[items[position] for position in part.tolist()] for part in np.array_split(order, steps)]


def _by_clip(views: Sequence[View]) -> dict[int, list[View]]:
    found: dict[int, list[View]] = {}
    for view in views:
        found.setdefault(view.clip, []).append(view)
    return found


def _twin_of(
    view: View, views: Mapping[int, Sequence[View]], twins: Mapping[int, Sequence[int]], *, rate: float, seed: int
) -> View | None:
    """Return the view at the same share of one of the clip's twins, where chance will have it."""
    if view.clip not in twins:
        return None
    # Another key than that of the colours, which would else go with the choice.
    chance = np.random.default_rng((seed, 1))
    if chance.random() >= rate:
        return None
    of_twin = views[twins[view.clip][int(chance.integers(len(twins[view.clip])))]]
    return of_twin[view.number * len(of_twin) // len(views[view.clip])]


def told(clips: Clips, recipe: Recipe, batches: Sequence[Sequence[Item]]) -> str:
    """Return what a person should know of an epoch: views, steps, clips that are too short, twins."""
    items = [item for batch in batches for item in batch]
    parts = [f"{len(items)} views in {len(batches)} steps an epoch"]
    if repeating := clips_repeating(items):
        parts.append(f"{repeating} clips shorter than a view: frames repeat in them")
    if recipe.twin_rate >= 0:
        count = sum(map(len, clips.twins.values()))
        share = f"in whose place they are seen at a rate of {recipe.twin_rate:g}"
        parts.append(f"{count} twins with effects of {len(clips.twins)} clips, {share}")
    return ", ".join(parts)


def views_to_test(stream: Stream, clips: Clips) -> list[Item]:
    """Return the views of testing, clip by clip, `stream.crops` squares of each; none of a clip that failed."""
    if stream.crops not in CROPS:
        raise SlateboardError(f"There are no {stream.crops} crops of a view: give one of {', '.join(map(str, CROPS))}.")
    views = views_of([max(length, 1) for length in clips.lengths], stream.sampler, stream.sampler_parameters, seed=None)
    return [item for view in views if clips.lengths[view.clip] for item in _crops(stream, clips, view)]


def _crops(stream: Stream, clips: Clips, view: View) -> list[Item]:
    clip_id, places = clips.ids[view.clip], CROPS[stream.crops]
    facts = clips.frames.facts(clip_id)
    boxes = [
        _square(stream, clips, view.clip, *(place if facts.width >= facts.height else reversed(place)))
        for place in places
    ]
    return [
        Item(
            view.clip,
            clip_id,
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
    stream: Stream, clips: Clips, views: Sequence[View], places: NDArray[np.float64], *, is_whole: bool
) -> Iterator[Box]:
    """Yield the box of each view: the whole picture, or the square at its place [views, 2] down and across.

    As `placed` has them, all at once: an epoch of UCF101 has 300,000 views.
    """
    facts = [clips.frames.facts(clip_id) for clip_id in clips.ids]
    sizes = np.array([(one.height, one.width) for one in facts])[[view.clip for view in views]]
    corners = 0 * sizes
    if not is_whole:
        height, width = sizes.min(axis=0).tolist()
        placed(height, width, size=stream.size, down=0, across=0)
        corners = 2 * np.rint(places * (sizes - stream.size) / 2).astype(np.int64)
        sizes = np.full_like(sizes, stream.size)
    box = cache(Box)
    return (box(*numbers) for numbers in np.hstack([corners, sizes]).tolist())


def step_seed(stream: Stream, *, seed: int, step: int) -> int:
    """Return the seed of torch's generator for one step: dropout draws the same after a resume."""
    return zlib.crc32(f"{seed}/{stream.name}/{step}".encode())


def in_batches(items: Sequence[Item], size: int) -> list[list[Item]]:
    """Return items in order, `size` at a time."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
