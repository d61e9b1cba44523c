"""Which frames of a clip a network sees: samplers by name, and the views of all clips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from benchmark.frames.frames import Indices
from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.registry import Extension, Parameter, Parameters, Registry


class SamplerModule(Extension, Protocol):
    """What a file of benchmark/samplers defines."""

    def views(self, frames: int, parameters: Parameters, *, generator: np.random.Generator | None) -> list[Indices]:
        """Return the frame numbers of each view of a clip of so many frames; generator None: test time, no chance."""


SAMPLERS = Registry("benchmark.samplers", SamplerModule)

Short = Literal["loop", "pad"]
SHORT = Parameter("loop", "-", "clips shorter than a view: loop (begin again) or pad (repeat the last frame)")
"""Parameter `short` of every sampler that takes consecutive frames."""


@dataclass(frozen=True)
class View:
    """Frames of one clip that go through the network together."""

    clip: int
    """Position of the clip in the list that was sampled."""
    number: int
    """0-based among the views of its clip."""
    indices: Indices
    """Frame numbers [T] in order; a repeated one means that the clip was too short."""


def views_of(
    lengths: Sequence[int], sampler: str, parameters: Parameters, *, seed: tuple[int, ...] | None
) -> list[View]:
    """Return the views of clips with these numbers of frames, clip by clip.

    `seed` None: test time, deterministic. Otherwise training: each clip draws from a generator of its own, seeded by
    (*seed, clip), so that its views do not depend on the other clips.
    """
    module = SAMPLERS.load(sampler)
    where = f"sampler {sampler}"
    settled = module.CARD.settle(parameters, where=where)
    # False is an int below 1 in Python, but a choice here: together = false of the sampler uniform.
    too_small = [name for name, value in settled.items() if isinstance(value, int) and value < 1 and value is not False]
    if too_small:
        raise BadInput([Problem(where, f"'{name}' is {settled[name]}.", "Give 1 or more.") for name in too_small])
    views = []
    for clip, frames in enumerate(lengths):
        generator = None if seed is None else np.random.default_rng((*seed, clip))
        sampled = module.views(frames, settled, generator=generator)
        views += [View(clip, number, indices) for number, indices in enumerate(sampled)]
    return views


def consecutive(frames: int, start: int, count: int, *, short: str) -> Indices:
    """Return `count` consecutive frame numbers from `start`; numbers beyond the clip's end are looped or padded."""
    if short not in get_args(Short):
        raise SlateboardError(f"Unknown way '{short}' with short clips. {did_you_mean(short, get_args(Short))}")
    # A clip of 4 frames, 6 from frame 1: loop -> 1, 2, 3, 0, 1, 2; pad -> 1, 2, 3, 3, 3, 3.
    indices = start + np.arange(count, dtype=np.int64)
    return indices % frames if short == "loop" else np.minimum(indices, frames - 1)


BATCHES = {
    "n": Parameter(10, "frames", "length of a batch"),
    "interval": Parameter(5, "frames", "distance between the first frames of consecutive batches"),
    "short": SHORT,
}
"""Parameters of the samplers that go by the MEI paper's batches."""


def mei_batches(frames: int, parameters: Parameters) -> list[Indices]:
    """Return every whole batch of N consecutive frames, an interval apart (MEI paper 4.4); of a shorter clip one."""
    n, interval = parameters["n"], parameters["interval"]
    # n=10, interval=5: 23 frames -> batches from 0, 5 and 10; frames 20 to 22 fill no batch. 8 frames -> one, from 0.
    starts = range(0, max(frames - n, 0) + 1, interval)
    return [consecutive(frames, start, n, short=parameters["short"]) for start in starts]


class FrameIndices(Protocol):
    """What a View and a Sample have in common."""

    @property
    def clip(self) -> int:
        """Position of the clip in a list."""

    @property
    def indices(self) -> Indices:
        """Frame numbers."""


def clips_repeating(views: Iterable[FrameIndices]) -> int:
    """Return how many clips were shorter than a view, so that frames repeat in it."""
    return len({view.clip for view in views if len(set(view.indices.tolist())) < len(view.indices)})
