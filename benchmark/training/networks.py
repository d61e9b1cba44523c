"""The networks that one training changes, as the one module that is stepped, spread and saved."""

from collections.abc import Sequence

import torch
from lightning_fabric import Fabric
from torch import nn

Weights = dict[str, torch.Tensor]


class Networks(nn.Module):
    """One network, or several that may share layers, each on views of its own."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the scores [B, classes] of each network for its own input."""
        return tuple(network(views) for network, views in zip(self.networks, inputs, strict=True))

    def weights(self) -> list[Weights]:
        """Return the state of each network; the tensors go on changing with it."""
        return [network.state_dict() for network in self.networks]

    def load(self, weights: Sequence[Weights]) -> None:
        """Set the state of each network."""
        for network, own in zip(self.networks, weights, strict=True):
            network.load_state_dict(own)


def spread(networks: Networks, fabric: Fabric) -> None:
    """Let BatchNorm see the views of all processes, where there are several GPUs.

    torch has no such layer for CPUs: there each process normalises by its own part of a batch, and the statistics of
    the first one are kept. `devices.described` records which.
    """
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(networks)  # type: ignore[no-untyped-call]


def copied(weights: Sequence[Weights]) -> list[Weights]:
    """Return states that no longer change with their networks."""
    return [{name: value.detach().clone() for name, value in own.items()} for own in weights]


def agree(networks: nn.Module, fabric: Fabric) -> None:
    """Give every process the first one's BatchNorm statistics, which each had updated by its own part."""
    if fabric.world_size > 1:
        for value in networks.buffers():
            torch.distributed.broadcast(value, src=0)


def share_trunk(first: nn.Module, second: nn.Module) -> int:
    """Put the layers of the first network into the second, all but the last one with weights; return how many.

    For two networks of one make with different classes. A layer of another shape stays as it is.
    """
    known = dict(first.named_modules())
    layers = [name for name, layer in second.named_modules() if any(True for _ in layer.parameters(recurse=False))]
    shared = 0
    for name in layers[:-1]:
        own, other = second.get_submodule(name), known.get(name)
        if other is None or _shapes(own) != _shapes(other):
            continue
        if any(True for _ in own.children()):
            # Only what is its own: the layers below it, the last one maybe, are looked at by themselves.
            for weight, value in list(other.named_parameters(recurse=False)):
                setattr(own, weight, value)
        else:
            parent, _, last = name.rpartition(".")
            setattr(second.get_submodule(parent), last, other)
        shared += 1
    return shared


def _shapes(layer: nn.Module) -> dict[str, torch.Size]:
    """Return the shapes of what is a layer's own."""
    own = [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
    return {name: value.shape for name, value in own}
