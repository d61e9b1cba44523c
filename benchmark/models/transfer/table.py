"""The weight sets that are known by name: what each file is, and the input it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.models import vision
from benchmark.models.vision import HALF, Triple

UNTRAINED: tuple[Triple, Triple] = (HALF, (0.25, 0.25, 0.25))
"""Mean and standard deviation for networks that no weights bind to any."""
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class WeightSet:
    """What one file of weights is; input is RGB in 0..1, less `mean`, over `std`."""

    name: str
    file: str
    """Name in the folder of weights, or a path."""
    architecture: str
    mean: Triple
    std: Triple
    sha256: str
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
            mean=HALF,
            std=HALF,
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
            # In 0..255: (x - 127) / 128, from -0.99 to 1.
            mean=(127 / 255, 127 / 255, 127 / 255),
            std=(128 / 255, 128 / 255, 128 / 255),
            sha256="c2b89e746b66cd3574516e4d68fd56e807925179127e39d08235a873fe6d7ece",
            note="float16; EfficientNet-Lite0, which has no squeeze-excitation",
        ),
    )
}
