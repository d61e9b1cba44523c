"""Consecutive frames in the middle of the clip, in training as in testing."""

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import SHORT, consecutive
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Centre sub-clip",
    source="Sevilla thesis: the 16 centre frames of each video",
    parameters={"frames": Parameter(16, "frames", "length of the sub-clip"), "short": SHORT},
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return one sub-clip with as many frames before it as behind it, or one more behind."""
    # frames=21, length 16 -> 2 ... 17: two before, three behind
    length = parameters["frames"]
    return [consecutive(frames, max(frames - length, 0) // 2, length, short=parameters["short"])]
