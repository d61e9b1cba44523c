"""Sub-clips of consecutive frames, evenly spread over the clip: the same ones in training and in testing."""

import numpy as np

from benchmark.frames.frames import Indices
from benchmark.inputs.sampling import SHORT, consecutive
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Uniform sub-clips",
    source="HUST paper, input (3)",
    parameters={
        "frames": Parameter(16, "frames", "length of a sub-clip"),
        "clips": Parameter(5, "-", "sub-clips of every clip; they overlap where it is shorter than all of them"),
        "short": SHORT,
    },
)


def views(frames: int, parameters: Parameters, *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return exactly `clips` sub-clips, the first at the beginning and the last at the end; a short clip repeats one.

    Each is an example of its own, so that training has `clips` times as many as there are clips.
    """
    # frames=80, length 16, clips=5 -> from 0, 16, 32, 48, 64; frames=40 -> from 0, 6, 12, 18, 24, which overlap
    length, short = parameters["frames"], parameters["short"]
    starts = np.rint(np.linspace(0, max(frames - length, 0), parameters["clips"])).astype(np.int64)
    return [consecutive(frames, start, length, short=short) for start in starts.tolist()]
