"""Batches of N consecutive frames whose first frames lie a fixed interval apart (MEI paper 4.4)."""

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import BATCHES, mei_batches
from slateboard.registry import Card, Parameters

CARD = Card(
    title="MEI batches",
    source="MEI paper (Informatica 2023), 3.1 and 4.4",
    parameters=BATCHES,
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return every whole batch, in training as in testing; a clip shorter than a batch gives one."""
    # frames=25, n=10, interval=5 -> 0 ... 9; 5 ... 14; 10 ... 19; 15 ... 24
    return mei_batches(frames, parameters)
