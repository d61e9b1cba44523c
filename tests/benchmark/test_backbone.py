"""Image networks as parts of baselines: every backbone of the papers at its own size, and what a probe sees of it."""

from typing import Any

import pytest
import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.models import vision
from benchmark.models.backbone import even
from benchmark.models.vision import HALF
from benchmark.models.weights import Pretrained

OWN_SIZES = {
    "mobilenet_v2": 224,
    "densenet201": 224,
    "resnet50": 224,
    "inception_v3": 299,
    **{f"efficientnet_b{n}": size for n, size in enumerate((224, 240, 288, 300, 380, 456, 528, 600))},
}


def streams(baseline: str, **own: Any) -> list[Stream]:
    module = BASELINES.load(baseline)
    settled = module.CARD.settle({"weights": "none", **own}, where=baseline)
    found: list[Stream] = module.build(["a", "b", "c"], settled, weights_dir="")
    return found


@pytest.mark.parametrize(("backbone", "size"), OWN_SIZES.items())
def test_a_backbone_sees_pictures_of_its_own_size(backbone: str, size: int) -> None:
    with torch.device("meta"):
        (stream,) = streams("single_frame", backbone=backbone)
        inputs = stream.preprocess(torch.empty(1, 1, 3, stream.size, stream.size))
        assert stream.size == even(size)
        assert inputs.shape == (1, 3, size, size)
        assert isinstance(stream.model, nn.Module)
        assert stream.model.eval()(inputs).shape == (1, 3)


def test_a_size_that_is_given_counts() -> None:
    (stream,) = streams("single_frame", backbone="plain", size=48)
    assert (stream.size, stream.short_side) == (48, None)


def test_the_streams_of_an_mei_network_have_epochs_and_weights_of_their_own() -> None:
    motion, normal = streams("mei_two_stream", backbone="plain", size=32, motion_epochs=7, normal_epochs=3)
    assert (motion.name, normal.name) == ("motion", "normal")
    assert motion.recipe is not None and normal.recipe is not None
    assert (motion.recipe.epochs, normal.recipe.epochs) == (7, 3)
    assert motion.sampler_parameters == normal.sampler_parameters == {"n": 10, "interval": 5}
    assert isinstance(motion.model, nn.Module) and isinstance(normal.model, nn.Module)
    shared = {id(weight) for weight in motion.model.parameters()} & {id(weight) for weight in normal.model.parameters()}
    assert shared == set()


def test_the_motion_stream_sees_the_weighted_sum_and_the_normal_stream_the_last_frame() -> None:
    motion, normal = streams("mei_two_stream", backbone="plain", size=32)
    frames = torch.linspace(0, 1, 10).view(1, 10, 1, 1, 1).expand(1, 10, 3, 32, 32)
    # 2 / (N (N + 1)) times the sum of p (p - 1) / 9 for p = 1..10 is 2/3; then less 0.5, over 0.25.
    assert torch.allclose(motion.preprocess(frames), torch.full((1, 3, 32, 32), (2 / 3 - 0.5) / 0.25), atol=1e-5)
    assert torch.allclose(normal.preprocess(frames[:, -1:]), torch.full((1, 3, 32, 32), 2.0))


@pytest.mark.parametrize("spread", [False, True])
def test_a_probe_sees_the_mean_over_frames_and_their_spread(spread: bool) -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    features = BASELINES.load("linear_probe").Features(
        Pretrained(network, HALF, HALF, "own", None, ""), size=4, spread=spread
    )
    frames = torch.zeros(1, 2, 3, 4, 4)
    frames[0, 1, 0] = 1.0
    expected = torch.tensor([[0.0, -1.0, -1.0, 1.0, 0.0, 0.0]])
    assert torch.allclose(features(frames), expected if spread else expected[:, :3])


def test_input_of_inception_is_what_it_saw_before_torchvision() -> None:
    assert vision.input_of(vision.torchvision_weights("inception_v3")) == (HALF, HALF)
    assert vision.input_of(vision.torchvision_weights("resnet50")) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
