"""Give BatchNorm layers that were folded away their statistics back, without changing what the network computes."""

from functools import partial

import torch
from torch import nn

from benchmark.inputs.loader import prefetched_batches
from benchmark.training.job import TrainingJob
from slateboard.progress import say

_VIEWS = 64
"""Views over which BatchNorm is measured; 64 views of 7 x 7 maps are 3,136 values a channel."""


def unfold_batchnorm(job: TrainingJob) -> None:
    """Measure BatchNorm on training views where the weights came with it folded away (recipe.folded_batchnorm)."""
    if not job.recipe.folded_batchnorm:
        return
    samples = [sample for batch in job.epoch_batches(0) for sample in batch][:_VIEWS]
    (batch,) = prefetched_batches(
        job.stream, job.training, [samples], device="cpu", threads=0, on_unreadable=job.note_unreadable
    )
    layers = restore_batchnorm_statistics(job.network, batch.inputs)
    say(f"{job.stream.name}: {layers} BatchNorm layers measured anew")


@torch.no_grad()
def restore_batchnorm_statistics(network: nn.Module, inputs: torch.Tensor) -> int:
    """Set mean and variance of each BatchNorm layer to those of its inputs, weight and bias so that it gives the same.

    In training mode a folded layer (mean 0, variance 1) would normalise by the batch and so destroy what the weights
    mean; after this it gives nearly what it gave before. Returns the number of layers.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d)]
    statistics: dict[nn.Module, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = [layer.register_forward_pre_hook(partial(_measure, statistics=statistics)) for layer in layers]
    # Evaluation mode, as the weights were made for the statistics that stand there. One pass measures all layers: a
    # layer gives the same before and after its change, so the inputs of the layers behind it do not move.
    network.eval()
    network(inputs)
    for hook in hooks:
        hook.remove()
    for layer, (mean, variance) in statistics.items():
        assert isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d)
        assert layer.running_mean is not None and layer.running_var is not None
        # BatchNorm gives  y = w (x - m) / sqrt(v + eps) + b.  With s = w / sqrt(v + eps) the same y for the measured
        # mean m' and variance v' takes  w' = s sqrt(v' + eps)  and  b' = b + s (m' - m).
        scale = layer.weight / (layer.running_var + layer.eps).sqrt()
        layer.bias.add_((mean - layer.running_mean) * scale)
        layer.weight.copy_(scale * (variance + layer.eps).sqrt())
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
    return len(statistics)


def _measure(
    layer: nn.Module, inputs: tuple[torch.Tensor], *, statistics: dict[nn.Module, tuple[torch.Tensor, torch.Tensor]]
) -> None:
    """Note mean and biased variance of each channel of a layer's input [B, C, ...]."""
    # [B, C, H, W] -> [C, B H W]: a mean and a variance a channel. Biased, over n rather than n - 1, which is what
    # BatchNorm divides by.
    channels = inputs[0].transpose(0, 1).flatten(1)
    statistics[layer] = (channels.mean(dim=1), channels.var(dim=1, unbiased=False))
