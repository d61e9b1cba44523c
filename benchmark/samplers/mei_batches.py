"""Batches of N consecutive frames whose first frames lie a fixed interval apart (MEI paper 4.4)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import SHORT, consecutive
from slateboard.registry import Card, Parameter

CARD = Card(
    title="MEI batches",
    source="MEI paper (Informatica 2023), 3.1 and 4.4",
    parameters={
        "n": Parameter(10, "frames", "length of a batch"),
        "interval": Parameter(5, "frames", "distance between the first frames of consecutive batches"),
        "short": SHORT,
    },
)


def views(frames: int, parameters: Mapping[str, Any], *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return every whole batch, in training as in testing; a clip shorter than a batch gives one."""
    n, interval = parameters["n"], parameters["interval"]
    starts = range(0, max(frames - n, 0) + 1, interval)
    return [consecutive(frames, start, n, short=parameters["short"]) for start in starts]
