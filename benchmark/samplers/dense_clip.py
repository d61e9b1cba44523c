"""Consecutive frames: one random sub-clip in training, several evenly spread ones in testing."""

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import SHORT, consecutive
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Dense sub-clips",
    source="HUST paper, input (2)",
    parameters={
        "frames": Parameter(16, "frames", "length of a sub-clip"),
        "clips": Parameter(5, "-", "sub-clips in testing; they overlap where the clip is short"),
        "short": SHORT,
    },
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return one random sub-clip in training, in testing up to `clips` different ones, evenly spread."""
    # frames=40, length 16, clips=5 -> from 0, 6, 12, 18, 24; frames=18 -> from 0, 1, 2: fewer, as starts repeat
    length, short = parameters["frames"], parameters["short"]
    # The last start: 40 - 16 = 24. integers() leaves its upper end out, hence + 1.
    last = max(frames - length, 0)
    if generator is not None:
        return [consecutive(frames, int(generator.integers(last + 1)), length, short=short)]
    starts = np.unique(np.rint(np.linspace(0, last, parameters["clips"])).astype(np.int64))
    return [consecutive(frames, int(start), length, short=short) for start in starts]
