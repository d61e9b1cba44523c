"""The only module that imports torchvision; the rest of the package calls `load()`."""

import ctypes
from collections.abc import Mapping
from importlib import metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from slateboard.errors import MissingRequirement, SlateboardError, did_you_mean

# The registry's Linux torchvision is built for CUDA. Beside a CPU torch its extension does not load, and the
# package then describes two operators that were never defined, which fails its import (0.28.0, seen).
_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[torch.library.Library] = []

EFFICIENTNET_LITE0 = "efficientnet_lite0"
PLAIN = "plain"
"""Not of torchvision: a small network for small pictures, see `_plain`."""
IMAGENET_CLASSES = 1000
_OWN_SIZES = {EFFICIENTNET_LITE0: 224, PLAIN: 64}
"""Of the networks that torchvision has no weights of."""
_SECOND_HEADS = {"inception_v3": "AuxLogits.", "googlenet": "aux"}
"""What the keys of second heads begin with."""
Triple = tuple[float, float, float]
HALF: Triple = (0.5, 0.5, 0.5)


def load() -> ModuleType:
    """Import torchvision, with the two missing operators defined first where its extension does not load."""
    if not _libraries and torch.version.cuda is None and not _extension_loads():
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for name in _OPERATORS:
            library.define(name + _SCHEMA)  # type: ignore[no-untyped-call]
        # The definitions live as long as this reference.
        _libraries.append(library)
    import torchvision  # type: ignore[import-untyped]

    module: ModuleType = torchvision
    return module


def version() -> str:
    """Return the version of torchvision."""
    return metadata.version("torchvision")


def _extension_loads() -> bool:
    spec = util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise MissingRequirement("torchvision is not installed: run `pip install slateboard`.")
    extension = Path(spec.origin).parent / "_C.so"
    if not extension.exists():
        return True
    try:
        ctypes.CDLL(str(extension))
    except OSError:
        return False
    return True


def architectures() -> list[str]:
    """Return the names of image classification networks that `build` knows."""
    return sorted([*load().models.list_models(module=load().models), EFFICIENTNET_LITE0, PLAIN])


def build(architecture: str) -> nn.Module:
    """Return an untrained network of 1000 ImageNet classes; its numbers come from torch's global generator."""
    if architecture not in architectures():
        raise SlateboardError(f"Unknown backbone '{architecture}'. {did_you_mean(architecture, architectures())}")
    models = load().models
    if architecture == PLAIN:
        return _plain()
    if architecture == EFFICIENTNET_LITE0:
        return _lite0(models.efficientnet_b0())
    if architecture in _SECOND_HEADS:
        # A second head helps only trainings much longer than these, and wants at least 75 x 75 pixels.
        return models.get_model(architecture, weights=None, aux_logits=False, init_weights=True)
    return models.get_model(architecture, weights=None)


def own_size(architecture: str) -> int:
    """Return the side in pixels of the squares that a network was made for, as torchvision's weights state it."""
    if architecture in _OWN_SIZES:
        return _OWN_SIZES[architecture]
    return int(torchvision_weights(architecture).transforms().crop_size[0])


def torchvision_weights(architecture: str) -> Any:
    """Return torchvision's entry of its best weights for an architecture; nothing is downloaded."""
    if architecture not in architectures() or architecture in _OWN_SIZES:
        raise SlateboardError(f"torchvision has no weights of '{architecture}'. Name others, or `none`.")
    return load().models.get_model_weights(architecture).DEFAULT


def input_of(entry: Any) -> tuple[Triple, Triple]:
    """Return mean and standard deviation that an entry of torchvision's weights states for RGB in 0..1.

    InceptionV3 and GoogLeNet came from TensorFlow: torchvision turns what it normalises by ImageNet's figures back to
    -1..1 inside the network (`transform_input`). Here they get -1..1 at once.
    """
    if str(entry).partition("_Weights")[0] in ("Inception_V3", "GoogLeNet"):
        # (x - 0.5) / 0.5 of x in 0..1 is in -1..1.
        return HALF, HALF
    shown = entry.transforms()
    return tuple(shown.mean), tuple(shown.std)


def _plain() -> nn.Sequential:
    """Five convolutions of 24 to 128 channels that keep 8 x 8 places of a 64 x 64 picture: for small sets and no GPU.

    The networks made for 224 x 224 pixels shrink a small picture fourfold before they look at it.
    """
    # A map of side n becomes floor((n + 2 (k // 2) - k) / stride) + 1: 64 -> 32 -> 16 -> 16 -> 8 -> 8. With the head
    # for 1000 classes it has 376,960 parameters.
    layers: list[nn.Module] = []
    for inputs, outputs, kernel, stride in (
        (3, 24, 5, 2),
        (24, 48, 3, 2),
        (48, 96, 3, 1),
        (96, 96, 3, 2),
        (96, 128, 3, 1),
    ):
        layers += [
            # No bias: BatchNorm subtracts the mean of each channel, and the bias with it.
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, IMAGENET_CLASSES))


def _lite0(network: nn.Module) -> nn.Module:
    """Turn EfficientNet-B0 into Lite0: no squeeze-excitation, ReLU6 for SiLU, BatchNorm as in TensorFlow."""
    # B0 has 5,288,548 parameters, Lite0 4,652,008: the rest was in the squeeze-excitation.
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child).__name__ == "SqueezeExcitation":
                setattr(module, name, nn.Identity())
            elif isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU6(inplace=True))
            elif isinstance(child, nn.BatchNorm2d):
                # torch has 1e-5. BatchNorm divides by sqrt(variance + eps): for a channel of variance 1e-3 the other
                # eps would make its output 1.41 times as large.
                child.eps = 1e-3
    return network


def head_of(network: nn.Module) -> str:
    """Return the dotted name of the layer that gives the 1000 class scores."""
    # The last one with 1000 outputs: `fc` of ResNet-50, `classifier.1` of SqueezeNet, which is a convolution of 1 x 1.
    return [name for name, layer in network.named_modules() if _outputs(layer) == IMAGENET_CLASSES][-1]


def image_network(architecture: str, classes: int | None) -> tuple[nn.Module, str]:
    """Return an untrained network with a head for `classes`, and the name of that layer; None: `set_head`."""
    network = build(architecture)
    head = head_of(network)
    set_head(network, classes)
    return network, head


def set_head(network: nn.Module, classes: int | None) -> None:
    """Put a new layer for `classes` in the place of the one for ImageNet; None: give the features below it."""
    name = head_of(network)
    layer = network.get_submodule(name)
    new: nn.Module = nn.Identity()
    if classes is not None and isinstance(layer, nn.Linear):
        new = nn.Linear(layer.in_features, classes)
    # SqueezeNet scores every place and then takes the mean; without the layer it gives the mean of its 512 features.
    elif classes is not None and isinstance(layer, nn.Conv2d):
        new = nn.Conv2d(layer.in_channels, classes, kernel_size=1)
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, new)


def without_second_head(architecture: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights without those of the second head of an architecture, which is not built."""
    start = _SECOND_HEADS.get(architecture)
    return {key: value for key, value in state.items() if start is None or not key.startswith(start)}


def _outputs(layer: nn.Module) -> int | None:
    if isinstance(layer, nn.Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, nn.Conv2d) else None
