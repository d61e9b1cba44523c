"""torchvision loads beside this torch, and every backbone's head can be replaced."""

import pytest
import torch
from torch import nn

from benchmark.models import vision
from slateboard.errors import SlateboardError


def test_torchvision_loads() -> None:
    assert vision.load().__version__.split("+")[0] == vision.version().split("+")[0]
    assert vision.load() is vision.load()


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "resnet18", "squeezenet1_1", "shufflenet_v2_x0_5", "efficientnet_b0", "efficientnet_lite0"]
)
def test_a_new_head_gives_the_classes_and_no_head_gives_features(name: str) -> None:
    network = vision.build(name).eval()
    pictures = torch.zeros(1, 3, 64, 64)
    vision.set_head(network, 7)
    with torch.inference_mode():
        assert network(pictures).shape == (1, 7)
        network = vision.build(name).eval()
        vision.set_head(network, None)
        assert network(pictures).shape[0] == 1
        assert network(pictures).shape[1] > 200


@pytest.mark.parametrize("name", ["densenet201", "inception_v3", "resnet50"])
def test_the_papers_other_backbones_have_a_head_too(name: str) -> None:
    with torch.device("meta"):
        network = vision.build(name)
        vision.set_head(network, 8)
        assert network.eval()(torch.empty(2, 3, 96, 96)).shape == (2, 8)


def test_an_unknown_backbone_names_the_nearest() -> None:
    with pytest.raises(SlateboardError, match=r"Unknown backbone 'resnet81'. Did you mean 'resnet18'"):
        vision.build("resnet81")


def test_lite0_has_neither_squeeze_excitation_nor_silu() -> None:
    kinds = {type(layer).__name__ for layer in vision.build("efficientnet_lite0").modules()}
    assert not kinds & {"SqueezeExcitation", "SiLU"}
    assert all(
        layer.eps == 1e-3 for layer in vision.build("efficientnet_lite0").modules() if isinstance(layer, nn.BatchNorm2d)
    )
