"""Pretrained weights: named files in a folder, each with its own normalisation, checked before use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmark import vision
from slateboard.errors import MissingRequirement, SlateboardError, did_you_mean
from slateboard.files import sha256_of
from slateboard.progress import say

Triple = tuple[float, float, float]

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HALF = (0.5, 0.5, 0.5)
NONE, TORCHVISION = "none", "torchvision"


@dataclass(frozen=True)
class WeightSet:
    """What one file of weights is; input is RGB in 0..1, less `mean`, over `std`."""

    name: str
    file: str
    architecture: str
    mean: Triple
    std: Triple
    sha256: str
    classes: int = vision.IMAGENET_CLASSES
    has_classifier: bool = True
    """False: the layer of the class scores is not in the file; only useful where that layer is replaced."""
    folded: bool = False
    """True: BatchNorm was folded into the convolutions, so its statistics must be measured before fine-tuning."""
    note: str = ""


WEIGHT_SETS: Mapping[str, WeightSet] = {
    weight_set.name: weight_set
    for weight_set in (
        WeightSet(
            name="mobilenet_v2_tf",
            file="mobilenet_v2_tf_fp16.pt",
            architecture="mobilenet_v2",
            mean=_HALF,
            std=_HALF,
            sha256="d51f20b70f9bea4bd29017d4a099b7f58c2851a9235040ad1450a33b30c8bf54",
            folded=True,
            note="float16; from TensorFlow's int8 MobileNetV2 1.0 224, BatchNorm folded",
        ),
        WeightSet(
            name="mobilenet_v2_trunk",
            file="mobilenet_v2_trunk.pt",
            architecture="mobilenet_v2",
            mean=_IMAGENET_MEAN,
            std=_IMAGENET_STD,
            sha256="db4cf81e946ed6c7fe9c8e41d3379d95c099abba90fbd9461d94ebac38cb9b44",
            has_classifier=False,
            note="float32, real BatchNorm statistics, no classifier",
        ),
        WeightSet(
            name="squeezenet1_1",
            file="squeezenet1_1.pt",
            architecture="squeezenet1_1",
            mean=_IMAGENET_MEAN,
            std=_IMAGENET_STD,
            sha256="1e1e844be558e4584d282767d3fad2e6d3c3a0a9a37e84ff4d01d9622e05a5ea",
            note="float32, the ONNX model zoo's SqueezeNet 1.1; no BatchNorm",
        ),
        WeightSet(
            name="efficientnet_lite0",
            file="efficientnet_lite0_fp16.pt",
            architecture=vision.EFFICIENTNET_LITE0,
            mean=(127 / 255, 127 / 255, 127 / 255),
            std=(128 / 255, 128 / 255, 128 / 255),
            sha256="c2b89e746b66cd3574516e4d68fd56e807925179127e39d08235a873fe6d7ece",
            note="float16; EfficientNet-Lite0, which has no squeeze-excitation",
        ),
    )
}


@dataclass(frozen=True)
class Pretrained:
    """A network with the weights that were asked for, and the input they were trained on."""

    network: nn.Module
    """With its 1000-class head; a head that was not in the file is untrained."""
    mean: Triple
    std: Triple
    folded: bool
    name: str
    sha256: str | None
    """Of the file; None for untrained networks."""
    report: str
    """What matched, in one line."""


def pretrained(architecture: str, weights: str, *, folder: str) -> Pretrained:
    """Build a torchvision network and load weights into it; say what matched.

    `weights`: `none`, `torchvision` (its own download), a name of WEIGHT_SETS (found in `folder`), or the path of
    a file whose SHA-256 is in WEIGHT_SETS. Raises SlateboardError where anything but the head does not match.
    """
    network = vision.build(architecture)
    if weights == NONE:
        return Pretrained(network, _HALF, (0.25, 0.25, 0.25), False, NONE, None, f"{architecture}: untrained")
    if weights == TORCHVISION:
        return _torchvision(architecture, network)
    weight_set, path = find(weights, folder=folder)
    if weight_set.architecture != architecture:
        raise SlateboardError(
            f"Weights '{weights}' are of a {weight_set.architecture}, not of a {architecture}. "
            f'Set backbone = "{weight_set.architecture}" or choose other weights.'
        )
    report = f"{architecture} from {path.name}: " + load_into(network, read(path), has_head=weight_set.has_classifier)
    say(f"{report} ({weight_set.note})")
    return Pretrained(
        network,
        weight_set.mean,
        weight_set.std,
        weight_set.folded,
        weight_set.name,
        weight_set.sha256,
        report,
    )


def find(weights: str, *, folder: str) -> tuple[WeightSet, Path]:
    """Return the weight set of that name or file, and its file with the SHA-256 that the table gives."""
    if weights in WEIGHT_SETS:
        weight_set = WEIGHT_SETS[weights]
        path = Path(folder or ".") / weight_set.file
        if not folder or not path.is_file():
            raise MissingRequirement(
                f"Weights '{weights}' need the file {weight_set.file}, which is not in '{folder or 'any folder'}'. "
                "Set weights_dir in slateboard.toml or SLATEBOARD_WEIGHTS to the folder that holds it."
            )
        if sha256_of(path) != weight_set.sha256:
            raise SlateboardError(f"{path} is not the file it was (SHA-256 differs from the table's). Fetch it again.")
        return weight_set, path
    path = Path(weights)
    if not path.is_file():
        known = [NONE, TORCHVISION, *WEIGHT_SETS]
        raise SlateboardError(f"Unknown weights '{weights}', and no such file. {did_you_mean(weights, known)}")
    found = sha256_of(path)
    for weight_set in WEIGHT_SETS.values():
        if weight_set.sha256 == found:
            return weight_set, path
    raise SlateboardError(
        f"{path} is in no row of WEIGHT_SETS, so its input normalisation is not known. "
        "Add a row to benchmark/weights.py that states it."
    )


def identity(architecture: str, weights: str, *, folder: str) -> tuple[str, str | None]:
    """Return name and SHA-256 of weights before they are loaded, as a run's record has them.

    torchvision's file names carry the first 8 digits, which its download checks.
    """
    if weights == NONE:
        return NONE, None
    if weights == TORCHVISION:
        chosen = _default(architecture)
        return str(chosen), Path(chosen.url).stem.rpartition("-")[2]
    weight_set, _ = find(weights, folder=folder)
    return weight_set.name, weight_set.sha256


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict; float16 becomes float32."""
    state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def load_into(network: nn.Module, state: Mapping[str, torch.Tensor], *, has_head: bool) -> str:
    """Load a state dict and return what matched; only the head may be missing, and only if `has_head` is false."""
    own = network.state_dict()
    head = vision.head_of(network)
    absent = set(own) - set(state)
    allowed = set() if has_head else {key for key in own if key.startswith(f"{head}.")}
    faults = [f"lacks {key}" for key in sorted(absent - allowed)]
    faults += [f"has unknown {key}" for key in sorted(set(state) - set(own))]
    faults += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(own[key].shape)}"
        for key in sorted(set(own) & set(state))
        if own[key].shape != state[key].shape
    ]
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise SlateboardError(f"The weights do not fit the network: {'; '.join(faults[:5])}{more}. Nothing was loaded.")
    network.load_state_dict(dict(state), strict=not absent)
    without = f", without its head {head}" if absent else ""
    return f"{len(own) - len(absent)} of {len(own)} tensors matched{without}"


def _default(architecture: str) -> Any:
    """Return torchvision's entry of its best weights for an architecture."""
    if architecture not in vision.architectures() or architecture == vision.EFFICIENTNET_LITE0:
        raise SlateboardError(f"torchvision has no weights of '{architecture}'. Name others, or `none`.")
    return vision.load().models.get_model_weights(architecture).DEFAULT


def _torchvision(architecture: str, network: nn.Module) -> Pretrained:
    """Load torchvision's default weights; they state their own normalisation."""
    chosen = _default(architecture)
    try:
        state = chosen.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        raise MissingRequirement(
            f'{chosen.url} could not be downloaded ({error}). Name weights of a folder, or use weights = "none".'
        ) from None
    # InceptionV3 has more in its file than is built: the second head.
    kept = {key: value for key, value in state.items() if not key.startswith("AuxLogits.")}
    report = f"{architecture} from {chosen}: " + load_into(network, kept, has_head=True)
    say(report)
    shown = chosen.transforms()
    name, sha256 = identity(architecture, TORCHVISION, folder="")
    return Pretrained(network, tuple(shown.mean), tuple(shown.std), False, name, sha256, report)
