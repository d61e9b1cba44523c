"""The interface of a baseline: streams, each a sampler, a preparation and a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.recipe import Recipe
from slateboard.registry import Registry

BASELINES = Registry("benchmark.baselines", ("CARD", "build"))
"""build(classes, parameters, *, weights_dir) -> list[Stream]; `classes` are names in the order of classInd.txt."""

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
    """Side of the pictures in pixels."""
    prepare: Callable[[torch.Tensor], torch.Tensor]
    """Sampled frames, RGB in 0..1, [T, 3, size, size] -> the model's input for this view, normalised."""
    model: nn.Module | Estimator
    """A network takes [B, *prepared] and gives [B, classes] scores before softmax."""
    recipe: Recipe | None = None
    """None for estimators, which are fitted at once on one view a clip."""
    sampler_parameters: Mapping[str, Any] = field(default_factory=dict)
    weights: str = "none"
    """Name of the weight set that the model began with."""
    weights_sha256: str | None = None


def mirrored_classes(classes: Sequence[str], *, flip: bool, never: Sequence[str]) -> tuple[int, ...]:
    """Return the 0-based classes whose views are doubled by mirrored copies: all but those named in `never`."""
    return tuple(index for index, name in enumerate(classes) if flip and name not in never)


def normalised(pictures: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return pictures [..., 3, H, W] less mean, over std."""
    shape = (3, 1, 1)
    return (pictures - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
