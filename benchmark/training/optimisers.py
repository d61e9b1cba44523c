"""The optimiser that a recipe names, over the weights that are trained."""

import torch
from torch import nn

from benchmark.recipe import Recipe

_KINDS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def optimiser_of(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return SGD (with the recipe's momentum), Adam or AdamW over all weights that are not frozen."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(weights, momentum=recipe.momentum, lr=rate, weight_decay=decay)
    return _KINDS[recipe.optimiser](weights, lr=rate, weight_decay=decay)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate
