"""Consecutive frames: one random sub-clip in training, several evenly spread ones in testing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.sampling import Indices, looped
from slateboard.registry import Card, Parameter

CARD = Card(
    title="Dense sub-clips",
    source="HUST paper, inputs (2) and (3)",
    parameters={
        "frames": Parameter(16, "frames", "length of a sub-clip"),
        "clips": Parameter(5, "-", "sub-clips in testing; they overlap where the clip is short"),
    },
)


def views(frames: int, parameters: Mapping[str, Any], *, generator: np.random.Generator | None = None) -> list[Indices]:
    """Return sub-clips; a clip shorter than one is looped into one."""
    length = parameters["frames"]
    last = max(frames - length, 0)
    if generator is not None:
        return [looped(frames, int(generator.integers(last + 1)), length)]
    starts = np.unique(np.rint(np.linspace(0, last, parameters["clips"])).astype(np.int64))
    return [looped(frames, int(start), length) for start in starts]
