"""Linear probe: frozen features of a pretrained network, mean and spread over frames, logistic regression."""

from collections.abc import Sequence

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from benchmark.baseline import Estimator, Stream
from benchmark.frames.colour import normalize
from benchmark.models.backbone import backbone, even, size_of
from benchmark.models.transfer.weight_registry import NONE, WeightRegistry
from benchmark.models.weights import Pretrained, pretrained
from slateboard.errors import SlateboardError
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Linear probe",
    source="torchvision; scikit-learn LogisticRegression",
    parameters={
        **backbone("mobilenet_v2"),
        "frames": Parameter(16, "frames", "spread over the clip"),
        "spread": Parameter(True, "-", "standard deviation over the frames beside the mean: how much there is motion"),
        "crops": Parameter(3, "-", "squares of a picture: 3 (all of it, along the longer side), 5, or 1 (the middle)"),
        "c": Parameter(0.0, "-", "inverse strength of regularisation; 0: chosen by groups of the training list"),
    },
)

_CANDIDATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths that are tried; of equally accurate ones GridSearchCV takes the first, the strongest."""


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return one stream; raises SlateboardError without weights, as untrained features say nothing."""
    if parameters["weights"] == NONE:
        raise SlateboardError("linear_probe needs pretrained weights: set weights under [baselines.linear_probe].")
    initial = pretrained(parameters["backbone"], parameters["weights"], folder=weights_dir)
    size, crops = size_of(parameters), parameters["crops"]
    return [
        Stream(
            name="all",
            sampler="uniform",
            sampler_parameters={"count": parameters["frames"]},
            size=even(size),
            keep="centre" if crops == 1 else "whole",
            crops=crops,
            preprocess=Features(initial, size=size, spread=parameters["spread"]),
            model=_classifier(parameters["c"]),
            **initial.stream_fields,
        )
    ]


def _classifier(c: float) -> Estimator:
    """Return standardisation and logistic regression; with `c` 0 inside a grid search of `c`."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=c or 1.0, max_iter=2000))
    if c:
        return regression
    # 5 candidates in 5 folds are 25 fits, and one more of the best candidate on the whole training list.
    return GridSearchCV(regression, {"logisticregression__C": list(_CANDIDATES)})


class Features(nn.Module):
    """Features of views by a frozen network: their mean over frames, and with `spread` the standard deviation too."""

    def __init__(self, initial: Pretrained, *, size: int, spread: bool) -> None:
        super().__init__()
        self.network = initial.network.eval().requires_grad_(False)
        self.mean, self.std, self.size, self.spread = initial.mean, initial.std, size, spread

    @torch.no_grad()
    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return float32 [B, numbers], or [B, 2 numbers] with the standard deviation over frames."""
        # [B, T, 3, H, W] -> [B T, 3, H, W] -> features [B, T, numbers]; mobilenet_v2 has 1,280, so 2,560 with the
        # spread.
        pictures = frames.flatten(0, 1)[..., : self.size, : self.size]
        features = self.network(normalize(pictures, self.mean, self.std)).view(*frames.shape[:2], -1)
        moments = [features.mean(dim=1)]
        if self.spread:
            # Over T rather than T - 1 frames: of a single frame the spread is 0, where T - 1 gives NaN.
            moments.append(features.std(dim=1, correction=0))
        return torch.cat(moments, dim=1)
