"""Linear probe: frozen features of a pretrained network, mean over frames, logistic regression."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from benchmark import vision
from benchmark.baseline import Stream, normalised
from benchmark.weights import NONE, pretrained
from slateboard.errors import SlateboardError
from slateboard.registry import Card, Parameter

CARD = Card(
    title="Linear probe",
    source="torchvision; scikit-learn LogisticRegression",
    parameters={
        "backbone": Parameter("mobilenet_v2", "-", "network of torchvision, or efficientnet_lite0"),
        "weights": Parameter("torchvision", "-", "torchvision, a name of benchmark/weights.py, or a file"),
        "size": Parameter(224, "pixels", "side of the pictures"),
        "frames": Parameter(8, "frames", "spread over the clip"),
        "c": Parameter(0.01, "-", "inverse strength of regularisation"),
    },
)


def build(classes: Sequence[str], parameters: Mapping[str, Any], *, weights_dir: str) -> list[Stream]:
    """Return one stream; raises SlateboardError without weights, as untrained features say nothing."""
    if parameters["weights"] == NONE:
        raise SlateboardError("linear_probe needs pretrained weights: set weights under [baselines.linear_probe].")
    trained = pretrained(parameters["backbone"], parameters["weights"], folder=weights_dir)
    vision.set_head(trained.network, None)
    trained.network.eval().requires_grad_(False)
    return [
        Stream(
            name="all",
            sampler="uniform",
            sampler_parameters={"count": parameters["frames"]},
            size=parameters["size"],
            prepare=partial(_features, network=trained.network, mean=trained.mean, std=trained.std),
            model=make_pipeline(StandardScaler(), LogisticRegression(C=parameters["c"], max_iter=2000)),
            weights=trained.name,
            weights_sha256=trained.sha256,
        )
    ]


@torch.no_grad()
def _features(frames: torch.Tensor, *, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return the mean feature [numbers] of frames [T, 3, H, W]."""
    features: torch.Tensor = network(normalised(frames, mean, std))
    return features.mean(dim=0)
