"""The interface of a baseline: streams, each a sampler, a preparation and a model, or members to be averaged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.frames.geometry import Geometry
from benchmark.recipe import Recipe
from slateboard.registry import Parameters

FUSED = "fused"
"""Name of the mean of all streams' probabilities, where there is more than one."""


class Estimator(Protocol):
    """A model of scikit-learn; besides, it has decision_function or predict_log_proba."""

    def fit(self, X: NDArray[np.float32], y: NDArray[np.int64]) -> Any:
        """Fit features [clips, numbers] to 0-based classes [clips]."""


@dataclass(frozen=True)
class Stream:
    """One network or estimator with all that stands before it."""

    name: str
    sampler: str
    """File name in benchmark/samplers."""
    size: int
    """Side in pixels of the squares that are cut out of the pictures."""
    preprocess: Callable[[torch.Tensor], torch.Tensor]
    """Views, RGB float32 in 0..1 [B, T, 3, size, size] on the model's device -> the model's input [B, ...],
    normalised. A torch.nn.Module is moved to that device and never trained."""
    model: nn.Module | Estimator
    """A network takes [B, ...] and gives [B, classes] scores before softmax."""
    recipe: Recipe | None = None
    """None for estimators, which are fitted at once on the test-time views of each clip; a GridSearchCV is given folds
    of whole groups to choose by."""
    sampler_parameters: Parameters = field(default_factory=dict)
    short_side: int | None = None
    """Pixels of the pictures' shorter side, of which `size` are cut out: anywhere in training, where `crops` says in
    testing. None: `size`, so that it is always the middle."""
    keep: str = "centre"
    """What is kept of pictures: centre or whole (Geometry)."""
    crops: int = 1
    """Squares of each sub-clip in testing: 1 in the middle, 3 along the longer side, 5 with the corners, 10 with those
    mirrored (items.CROPS)."""
    weights: str = "none"
    """Name of the weight set that the model began with."""
    weights_sha256: str | None = None
    pretrained_on: tuple[str, ...] = ()
    """Ids of clips that those weights were trained or validated on, where they state it: none of them may be tested."""
    report: str = ""
    """What of those weights was loaded and what was not, in a line."""

    @property
    def geometry(self) -> Geometry:
        """Of the pictures that are read."""
        return Geometry(self.short_side or self.size, self.keep)


@dataclass(frozen=True)
class Member:
    """A run of another baseline whose probabilities are averaged, stream by stream, with those of others."""

    baseline: str
    parameters: Parameters
    """Over those of the settings and the CARD's."""
    weight: float = 1.0
