"""C3D: every layer's output and the number of parameters, as the papers and two public implementations have them."""

from typing import Any

import pytest
import torch
from torch import nn

from benchmark.baseline import BASELINES
from slateboard.errors import SlateboardError

c3d = BASELINES.load("c3d")

LAYERS = {
    "conv1": (64, 16, 112, 112),
    "pool1": (64, 16, 56, 56),
    "conv2": (128, 16, 56, 56),
    "pool2": (128, 8, 28, 28),
    "conv3a": (256, 8, 28, 28),
    "conv3b": (256, 8, 28, 28),
    "pool3": (256, 4, 14, 14),
    "conv4a": (512, 4, 14, 14),
    "conv4b": (512, 4, 14, 14),
    "pool4": (512, 2, 7, 7),
    "conv5a": (512, 2, 7, 7),
    "conv5b": (512, 2, 7, 7),
    "pool5": (512, 1, 4, 4),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (487,),
}


def build(classes: int, **changes: Any) -> nn.Module:
    shape = {"width": 64, "fc": 4096, "frames": 16, "size": 112, "dropout": 0.5} | changes
    network: nn.Module = c3d.C3D(classes, **shape)
    return network


def test_every_layer_gives_the_shape_of_the_papers_table() -> None:
    with torch.device("meta"):
        network = build(487)
        seen: dict[str, tuple[int, ...]] = {}
        for name, layer in network.named_children():
            layer.register_forward_hook(
                lambda _layer, _inputs, output, name=name: seen.__setitem__(name, tuple(output.shape[1:]))
            )
        network(torch.empty(2, 3, 16, 112, 112))
    assert {name: seen[name] for name in LAYERS} == LAYERS


@pytest.mark.parametrize(("classes", "parameters"), [(487, 79_991_015), (101, 78_409_573)])
def test_parameters_agree_with_the_public_implementations(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        assert sum(weight.numel() for weight in build(classes).parameters()) == parameters


def test_state_dict_has_the_names_of_the_public_weights() -> None:
    with torch.device("meta"):
        names = list(build(487).state_dict())
    layers = ["conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b", "fc6", "fc7", "fc8"]
    assert names == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


@pytest.mark.parametrize(("frames", "size"), [(16, 64), (16, 48), (32, 112), (16, 16), (20, 50)])
def test_other_sizes_work(frames: int, size: int) -> None:
    network = build(8, width=2, fc=4, frames=frames, size=size).eval()
    assert network(torch.zeros(2, 3, frames, size, size)).shape == (2, 8)


def test_fewer_than_sixteen_frames_are_refused_in_words() -> None:
    with pytest.raises(SlateboardError, match="C3D needs 16 frames of 16 pixels or more, got 8 of 112"):
        build(8, frames=8)
