"""Give BatchNorm layers that were folded away their statistics back, without changing what the network computes."""

from functools import partial

import torch
from torch import nn


@torch.no_grad()
def calibrate(network: nn.Module, inputs: torch.Tensor) -> int:
    """Set mean and variance of every BatchNorm to those of its inputs, and weight and bias so that nothing changes.

    In training mode a folded layer (mean 0, variance 1) would normalise by the batch and destroy what the weights
    mean; after this it gives nearly what it gave before. Returns the number of layers.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d)]
    seen: dict[nn.Module, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = [layer.register_forward_pre_hook(partial(_measure, seen=seen)) for layer in layers]
    network.eval()
    network(inputs)
    for hook in hooks:
        hook.remove()
    for layer, (mean, variance) in seen.items():
        assert isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d)
        assert layer.running_mean is not None and layer.running_var is not None
        scale = layer.weight / (layer.running_var + layer.eps).sqrt()
        layer.bias.add_((mean - layer.running_mean) * scale)
        layer.weight.copy_(scale * (variance + layer.eps).sqrt())
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
    return len(seen)


def _measure(
    layer: nn.Module, inputs: tuple[torch.Tensor], *, seen: dict[nn.Module, tuple[torch.Tensor, torch.Tensor]]
) -> None:
    values = inputs[0].transpose(0, 1).flatten(1)
    seen[layer] = (values.mean(dim=1), values.var(dim=1, unbiased=False))
