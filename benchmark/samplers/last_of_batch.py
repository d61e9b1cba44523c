"""Last frame of each batch of N frames (MEI paper 3.3): what the normal stream sees beside the MEIs."""

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import BATCHES, mei_batches
from slateboard.registry import Card, Parameters

CARD = Card(
    title="Last frame of each batch",
    source="MEI paper (Informatica 2023), 3.3 and 4.4",
    parameters=BATCHES,
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return one frame a batch, so that the views are as many as those of mei_batches and lie beside them."""
    # frames=25, n=10, interval=5 -> 9; 14; 19; 24
    return [batch[-1:] for batch in mei_batches(frames, parameters)]
