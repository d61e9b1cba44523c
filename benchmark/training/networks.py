"""The networks of one training as one module, which is wrapped, stepped and saved; layers that two of them share."""

from collections.abc import Sequence

import torch
from lightning_fabric import Fabric
from torch import nn

Weights = dict[str, torch.Tensor]


class Networks(nn.Module):
    """One network, or several that may share layers, each with an input of its own."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the scores [B, classes] of each network for its own input."""
        return tuple(network(views) for network, views in zip(self.networks, inputs, strict=True))

    def weights(self) -> list[Weights]:
        """Return the state of each network; its tensors go on changing with the network."""
        return [network.state_dict() for network in self.networks]

    def load(self, weights: Sequence[Weights]) -> None:
        """Set the state of each network."""
        for network, state in zip(self.networks, weights, strict=True):
            network.load_state_dict(state)


def use_sync_batchnorm(networks: Networks, fabric: Fabric) -> None:
    """Make BatchNorm use the views of all processes, where there are several GPUs.

    torch has no such layer for CPUs: there each process normalises by its own views, and the statistics of the first
    one are kept. `devices.described` records which.
    """
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(networks)  # type: ignore[no-untyped-call]


def clone_state(weights: Sequence[Weights]) -> list[Weights]:
    """Return copies of states that no longer change with their networks."""
    return [{name: value.detach().clone() for name, value in state.items()} for state in weights]


def broadcast_buffers(networks: nn.Module, fabric: Fabric) -> None:
    """Give every process the first one's BatchNorm statistics; each has updated its own by its own views."""
    if fabric.world_size > 1:
        for value in networks.buffers():
            torch.distributed.broadcast(value, src=0)


def share_trunk(source: nn.Module, target: nn.Module) -> int:
    """Put the layers of `source` into `target`, all but the last one with weights; return how many.

    For two networks of one architecture with different classes. A layer of another shape stays as it is.
    """
    source_layers = dict(source.named_modules())
    names = [name for name, layer in target.named_modules() if any(True for _ in layer.parameters(recurse=False))]
    shared = 0
    # c3d with 101 and with 51 classes: conv1 to fc7 become one layer each, with one gradient; fc8 stays two.
    for name in names[:-1]:
        layer, replacement = target.get_submodule(name), source_layers.get(name)
        if replacement is None or _shapes(layer) != _shapes(replacement):
            continue
        if any(True for _ in layer.children()):
            # Only its direct parameters: the layers below it, perhaps the last one, are looked at by themselves.
            for parameter_name, parameter in list(replacement.named_parameters(recurse=False)):
                setattr(layer, parameter_name, parameter)
        else:
            parent, _, attribute = name.rpartition(".")
            setattr(target.get_submodule(parent), attribute, replacement)
        shared += 1
    return shared


def _shapes(layer: nn.Module) -> dict[str, torch.Size]:
    """Return the shapes of a layer's direct parameters and buffers."""
    tensors = [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
    return {name: value.shape for name, value in tensors}
