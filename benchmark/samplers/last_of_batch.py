"""Last frame of each batch of N frames (MEI paper 3.3): what the normal stream sees beside the MEIs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import SHORT, consecutive
from slateboard.registry import Card, Parameter

CARD = Card(
    title="Last frame of each batch",
    source="MEI paper (Informatica 2023), 3.3 and 4.4",
    parameters={
        "n": Parameter(10, "frames", "length of a batch"),
        "interval": Parameter(5, "frames", "distance between the first frames of consecutive batches"),
        "short": SHORT,
    },
)


def views(frames: int, parameters: Mapping[str, Any], *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return one frame a batch, so that the views are as many as those of mei_batches and lie beside them."""
    n, interval = parameters["n"], parameters["interval"]
    starts = range(0, max(frames - n, 0) + 1, interval)
    return [consecutive(frames, start, n, short=parameters["short"])[-1:] for start in starts]
