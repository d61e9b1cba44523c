"""Frames spread evenly over the clip: each a view of its own, or all of them one view."""

import numpy as np

from benchmark.frames.frames import Indices
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Uniform frames",
    source="HUST paper, input (1); random place within each part: Wang et al., TSN, ECCV 2016",
    parameters={
        "count": Parameter(5, "frames", "parts into which the clip is divided; one frame of each"),
        "together": Parameter(True, "-", "all frames are one view; false: each is a view"),
    },
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return the middle of each part; in training a random place in it. Short clips repeat frames."""
    # frames=10, count=5 -> 1, 3, 5, 7, 9; frames=3, count=5 -> 0, 0, 1, 2, 2
    count = parameters["count"]
    places = np.full(count, 0.5) if generator is None else generator.random(count)
    # Part i of `count` is [i, i + 1) * frames / count; u = 0.5 is its middle. min: 4 + 0.9999999999999999 rounds to 5,
    # which of 10 frames in 5 parts would be frame 10.
    indices = np.minimum(((np.arange(count) + places) * frames / count).astype(np.int64), frames - 1)
    return [indices] if parameters["together"] else [indices[number : number + 1] for number in range(count)]
