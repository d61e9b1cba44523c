"""The moving average of the weights, which is tested in their place (Polyak averaging, by torch)."""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def average_of(network: nn.Module, decay: float) -> AveragedModel | None:
    """Return what follows the network after each `update_parameters`, `decay` of it kept; None for 0.

    BatchNorm's statistics are averaged too: they belong to the weights they were measured with.
    """
    if not decay:
        return None
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
    average.requires_grad_(False)
    return average
