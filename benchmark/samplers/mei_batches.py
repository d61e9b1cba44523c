"""Batches of N consecutive frames whose first frames lie a fixed interval apart (MEI paper 4.4)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.sampling import Indices, looped
from slateboard.registry import Card, Parameter

CARD = Card(
    title="MEI batches",
    source="MEI paper (Informatica 2023), 3.1 and 4.4",
    parameters={
        "n": Parameter(10, "frames", "length of a batch"),
        "interval": Parameter(5, "frames", "distance between the first frames of consecutive batches"),
    },
)


def views(frames: int, parameters: Mapping[str, Any], *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return every whole batch, in training as in testing; a clip shorter than a batch is looped into one."""
    n, interval = parameters["n"], parameters["interval"]
    return [looped(frames, start, n) for start in range(0, max(frames - n, 0) + 1, interval)]
