"""One frame in N from the first one on, each a view of its own, in training as in testing."""

import numpy as np

from benchmark.frames.frames import Indices
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Every Nth frame",
    source="MEI paper (Informatica 2023), Table 3: a tenth of the frames of each video",
    parameters={"n": Parameter(10, "frames", "distance between frames")},
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return frames 0, n, 2 n, ...; a clip of at least one frame gives at least one."""
    # frames=25, n=10 -> 0; 10; 20
    return [np.array([index], dtype=np.int64) for index in range(0, frames, parameters["n"])]
