"""Which frames of a clip a network sees: samplers by name, and the views of many clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slateboard.registry import Registry

Indices = NDArray[np.int64]

SAMPLERS = Registry("benchmark.samplers", ("CARD", "views"))
"""views(frames, parameters, *, generator) -> list of index arrays; generator None: test time, deterministic."""


@dataclass(frozen=True)
class View:
    """Frames of one clip that are seen at once."""

    clip: int
    """Position of the clip in the list that was sampled."""
    number: int
    """0-based among the views of its clip."""
    indices: Indices
    """Frame numbers, later ones later; a repeated one means that the clip was too short and was looped."""


def views_of(
    lengths: Sequence[int], sampler: str, parameters: Mapping[str, Any], *, seed: tuple[int, ...] | None
) -> list[View]:
    """Return the views of clips with these numbers of frames, clip by clip.

    With a seed (training) each clip draws from a generator of its own, so that a clip's views do not depend on the
    other clips; None: test time.
    """
    module = SAMPLERS.load(sampler)
    settled = module.CARD.settle(parameters, where=f"sampler {sampler}")
    found = []
    for clip, frames in enumerate(lengths):
        generator = None if seed is None else np.random.default_rng((*seed, clip))
        views = module.views(frames, settled, generator=generator)
        found += [View(clip, number, indices) for number, indices in enumerate(views)]
    return found


def looped(frames: int, start: int, count: int) -> Indices:
    """Return `count` consecutive frame numbers from `start`, going round where the clip ends."""
    return (start + np.arange(count, dtype=np.int64)) % frames


def clips_looped(views: Sequence[View]) -> int:
    """Return how many clips were shorter than a view, so that frames repeat in it."""
    return len({view.clip for view in views if len(np.unique(view.indices)) < len(view.indices)})
