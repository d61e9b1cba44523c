"""What is optimised and how: the optimiser of a recipe, its moving average (EMA), and the layers that are frozen."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from benchmark.recipe import Recipe
from slateboard.errors import SlateboardError

_ADAPTIVE = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def build_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return SGD (with the recipe's momentum), Adam or AdamW over all parameters that are not frozen."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=recipe.momentum, lr=rate, weight_decay=decay)
    return _ADAPTIVE[recipe.optimiser](parameters, lr=rate, weight_decay=decay)


def build_average(network: nn.Module, decay: float) -> AveragedModel | None:
    """Return the exponential moving average of the weights, which is tested in their place; None where decay is 0.

    BatchNorm's statistics are averaged too: they belong to the weights that they were measured with.
    """
    if not decay:
        return None
    # Polyak averaging: after each step, average = decay * average + (1 - decay) * weights. With a decay of 0.999 about
    # the last 1 / (1 - 0.999) = 1,000 steps count.
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
    average.requires_grad_(False)
    return average


def freeze_all_but(network: nn.Module, train: str | int | None) -> None:
    """Unfreeze the layers of a phase and freeze the rest; layers are modules with parameters, in construction order.

    `train` is Phase.train; None changes nothing. Raises SlateboardError where the network has fewer layers.
    """
    if train is None:
        return
    # The last 3 of C3D are fc6, fc7 and fc8 (Sevilla). BatchNorm counts too: of MobileNetV2 they are its last
    # convolution, the BatchNorm after it, and the classifier.
    layers = [layer for layer in network.modules() if any(True for _ in layer.parameters(recurse=False))]
    count = len(layers) if train == "all" else 1 if train == "head" else int(train)
    if count > len(layers):
        raise SlateboardError(f"A phase trains the last {count} layers, but the network has {len(layers)} of them.")
    network.requires_grad_(False)
    for layer in layers[-count:]:
        for parameter in layer.parameters(recurse=False):
            parameter.requires_grad_(True)


def train_mode(network: nn.Module) -> None:
    """Set training mode; BatchNorm with frozen weights keeps the statistics that it came with."""
    # Freezing stops gradients alone: in training mode a frozen BatchNorm would go on averaging its statistics over the
    # new data, and give something else for the same weights.
    network.train()
    for layer in network.modules():
        parameters = list(layer.parameters(recurse=False))
        is_frozen = bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and is_frozen:
            layer.eval()
