"""MEI two-stream: one network on motion embedded images, one on the last frames, fused by the mean."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch

from benchmark import vision
from benchmark.baseline import Stream, mirrored_classes, normalised
from benchmark.frames.mei import mei, weights
from benchmark.recipe import Recipe
from benchmark.weights import pretrained
from slateboard.registry import Card, Parameter

CARD = Card(
    title="MEI two-stream",
    source="Motion Embedded Images, Informatica 2023, 3.1-3.4 and 4.4-4.5",
    parameters={
        "backbone": Parameter("efficientnet_b0", "-", "network of torchvision, or efficientnet_lite0"),
        "weights": Parameter("torchvision", "-", "none, torchvision, a name of benchmark/weights.py, or a file"),
        "method": Parameter("gradient", "-", "gradient (later frames heavier) or equal"),
        "n": Parameter(10, "frames", "frames in an MEI"),
        "interval": Parameter(5, "frames", "distance between first frames of MEIs (10 for UCF101)"),
        "size": Parameter(224, "pixels", "side of the pictures"),
        "motion_epochs": Parameter(50, "epochs", "most epochs of the motion stream"),
        "normal_epochs": Parameter(10, "epochs", "most epochs of the normal stream"),
        "batch": Parameter(32, "images", "images in a step; the paper does not say"),
        "optimiser": Parameter("adam", "-", "sgd, adam or adamw; the paper does not say"),
        "learning_rate": Parameter(1e-4, "-", "the paper does not say"),
        "weight_decay": Parameter(0.0, "-", "the paper does not say"),
        "schedule": Parameter("constant", "-", "constant or cosine"),
        "warmup_share": Parameter(0.0, "share", "of the steps over which the learning rate rises"),
        "shift": Parameter(0, "pixels", "by which a training view is moved at most, by chance"),
        "colour": Parameter(0.0, "share", "by which the colours of a training view are changed at most, by chance"),
        "flip": Parameter(True, "-", "double the training images by mirrored copies"),
        "never_flip": Parameter([], "-", "names of classes whose direction is their label"),
        "validation_share": Parameter(0.3, "share", "held back to watch; that of [train] unless given"),
        "stop_accuracy": Parameter(0.9, "0-1", "validation accuracy above which training ends; 1: never"),
    },
)


def build(classes: Sequence[str], parameters: Mapping[str, Any], *, weights_dir: str) -> list[Stream]:
    """Return the streams `motion` and `normal`; each has its own copy of the backbone, trained by itself."""
    weights(parameters["n"], parameters["method"])
    return [_stream(name, classes, parameters, weights_dir=weights_dir) for name in ("motion", "normal")]


def _stream(name: str, classes: Sequence[str], parameters: Mapping[str, Any], *, weights_dir: str) -> Stream:
    trained = pretrained(parameters["backbone"], parameters["weights"], folder=weights_dir)
    vision.set_head(trained.network, len(classes))
    embed = partial(mei, method=parameters["method"]) if name == "motion" else _last
    mirrored = mirrored_classes(classes, flip=parameters["flip"], never=parameters["never_flip"])
    return Stream(
        name=name,
        sampler="mei_batches",
        sampler_parameters={"n": parameters["n"], "interval": parameters["interval"]},
        size=parameters["size"],
        prepare=lambda frames: normalised(embed(frames), trained.mean, trained.std),
        model=trained.network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        recipe=Recipe(
            epochs=parameters[f"{name}_epochs"],
            flip_classes=mirrored,
            folded=trained.folded,
            **{
                key: parameters[key]
                for key in (
                    "batch",
                    "optimiser",
                    "learning_rate",
                    "weight_decay",
                    "schedule",
                    "warmup_share",
                    "shift",
                    "colour",
                    "validation_share",
                    "stop_accuracy",
                )
            },
        ),
        weights=trained.name,
        weights_sha256=trained.sha256,
    )


def _last(frames: torch.Tensor) -> torch.Tensor:
    """Return the last frame [3, H, W] of a batch: what the normal stream sees (3.3)."""
    return frames[-1]
