"""The only module that imports torchvision; the rest of the package calls `load()`."""

import ctypes
from importlib import metadata, util
from pathlib import Path
from types import ModuleType

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
    if architecture == "inception_v3":
        # The second head helps only trainings much longer than these, and wants at least 75 x 75 pixels.
        return models.inception_v3(aux_logits=False, init_weights=True)
    return models.get_model(architecture, weights=None)


def _plain() -> nn.Sequential:
    """Five convolutions of 24 to 128 channels that keep 8 x 8 places of a 64 x 64 picture: for small sets and no GPU.

    The networks made for 224 x 224 pixels shrink a small picture fourfold before they look at it.
    """
    layers: list[nn.Module] = []
    for inputs, outputs, kernel, stride in (
        (3, 24, 5, 2),
        (24, 48, 3, 2),
        (48, 96, 3, 1),
        (96, 96, 3, 2),
        (96, 128, 3, 1),
    ):
        layers += [
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, IMAGENET_CLASSES))


def _lite0(network: nn.Module) -> nn.Module:
    """Turn EfficientNet-B0 into Lite0: no squeeze-excitation, ReLU6 for SiLU, BatchNorm as in TensorFlow."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child).__name__ == "SqueezeExcitation":
                setattr(module, name, nn.Identity())
            elif isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU6(inplace=True))
            elif isinstance(child, nn.BatchNorm2d):
                child.eps = 1e-3
    return network


def head_of(network: nn.Module) -> str:
    """Return the dotted name of the layer that gives the 1000 class scores."""
    return [name for name, layer in network.named_modules() if _outputs(layer) == IMAGENET_CLASSES][-1]


def set_head(network: nn.Module, classes: int | None) -> None:
    """Put a new layer for `classes` in the place of the one for ImageNet; None: give the features below it."""
    name = head_of(network)
    layer = network.get_submodule(name)
    new: nn.Module = nn.Identity()
    if classes is not None and isinstance(layer, nn.Linear):
        new = nn.Linear(layer.in_features, classes)
    elif classes is not None and isinstance(layer, nn.Conv2d):
        new = nn.Conv2d(layer.in_channels, classes, kernel_size=1)
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, new)


def _outputs(layer: nn.Module) -> int | None:
    if isinstance(layer, nn.Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, nn.Conv2d) else None
