"""C3D: eight 3D convolutions and three dense layers on 16 consecutive frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from benchmark.baseline import Stream, mirrored_classes, normalised
from benchmark.recipe import Recipe
from slateboard.errors import SlateboardError
from slateboard.registry import Card, Parameter

CARD = Card(
    title="C3D",
    source="Tran et al., ICCV 2015; layer table of Sevilla 3.1.1; the papers' sizes are the defaults",
    parameters={
        "width": Parameter(64, "channels", "of the first convolution; the later ones have 2, 4 and 8 times as many"),
        "fc": Parameter(4096, "numbers", "of each of the two dense layers"),
        "frames": Parameter(16, "frames", "length of a sub-clip"),
        "size": Parameter(112, "pixels", "side of the pictures"),
        "dropout": Parameter(0.5, "share", "after each dense layer"),
        "test_clips": Parameter(5, "-", "sub-clips of a clip in testing"),
        "epochs": Parameter(60, "epochs", "one random sub-clip of each clip an epoch"),
        "batch": Parameter(30, "clips", "in a step (Tran et al.: 30)"),
        "optimiser": Parameter("sgd", "-", "sgd, adam or adamw"),
        "learning_rate": Parameter(0.003, "-", "at its highest (Tran et al.: 0.003)"),
        "weight_decay": Parameter(5e-4, "-", "the later implementations' value"),
        "schedule": Parameter("cosine", "-", "constant or cosine"),
        "warmup_share": Parameter(0.05, "share", "of the steps over which the learning rate rises"),
        "label_smoothing": Parameter(0.0, "0-1", "share of the target that is spread over all classes"),
        "shift": Parameter(0, "pixels", "by which a training view is moved at most, by chance"),
        "colour": Parameter(0.0, "share", "by which the colours of a training view are changed at most, by chance"),
        "flip": Parameter(True, "-", "double the training clips by mirrored copies"),
        "never_flip": Parameter([], "-", "names of classes whose direction is their label"),
        "validation_share": Parameter(0.3, "share", "held back to watch; that of [train] unless given"),
    },
)

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
"""Of the input; there are no pretrained weights whose normalisation it would have to share."""
_HALVINGS = 16
"""Four poolings halve time and five halve the picture; less than this leaves nothing of time."""


class C3D(nn.Module):
    """Layers by the names of the public weights (conv1 ... fc8); input [B, 3, frames, size, size]."""

    def __init__(self, classes: int, *, width: int, fc: int, frames: int, size: int, dropout: float) -> None:
        super().__init__()
        if frames < _HALVINGS or size < _HALVINGS:
            raise SlateboardError(f"C3D needs 16 frames of 16 pixels or more, got {frames} of {size}.")
        self.conv1 = _convolution(3, width)
        self.conv2 = _convolution(width, 2 * width)
        self.conv3a = _convolution(2 * width, 4 * width)
        self.conv3b = _convolution(4 * width, 4 * width)
        self.conv4a = _convolution(4 * width, 8 * width)
        self.conv4b = _convolution(8 * width, 8 * width)
        self.conv5a = _convolution(8 * width, 8 * width)
        self.conv5b = _convolution(8 * width, 8 * width)
        self.pool1 = nn.MaxPool3d((1, 2, 2))
        self.pool2 = nn.MaxPool3d(2)
        self.pool3 = nn.MaxPool3d(2)
        self.pool4 = nn.MaxPool3d(2)
        # Without this padding the map of the papers' size would be 3 x 3, and fc6 would have 4,608 inputs.
        self.pool5 = nn.MaxPool3d(2, padding=(0, 1, 1))
        # The picture is halved four times before pool5, which with its padding gives half and one.
        side = size // _HALVINGS // 2 + 1
        self.fc6 = nn.Linear(8 * width * (frames // _HALVINGS) * side * side, fc)
        self.fc7 = nn.Linear(fc, fc)
        self.fc8 = nn.Linear(fc, classes)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            else:
                nn.init.kaiming_normal_(weight, nonlinearity="relu")

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return class scores [B, classes]."""
        x = self.pool1(self.relu(self.conv1(clips)))
        x = self.pool2(self.relu(self.conv2(x)))
        x = self.pool3(self.relu(self.conv3b(self.relu(self.conv3a(x)))))
        x = self.pool4(self.relu(self.conv4b(self.relu(self.conv4a(x)))))
        x = self.pool5(self.relu(self.conv5b(self.relu(self.conv5a(x)))))
        x = self.dropout(self.relu(self.fc6(x.flatten(1))))
        x = self.dropout(self.relu(self.fc7(x)))
        scores: torch.Tensor = self.fc8(x)
        return scores


def _convolution(inputs: int, outputs: int) -> nn.Conv3d:
    return nn.Conv3d(inputs, outputs, kernel_size=3, padding=1)


def build(classes: Sequence[str], parameters: Mapping[str, Any], *, weights_dir: str) -> list[Stream]:
    """Return one stream, trained from scratch."""
    shape = {name: parameters[name] for name in ("width", "fc", "frames", "size", "dropout")}
    knobs = ("epochs", "batch", "optimiser", "learning_rate", "weight_decay", "schedule", "warmup_share")
    return [
        Stream(
            name="all",
            sampler="dense_clip",
            sampler_parameters={"frames": parameters["frames"], "clips": parameters["test_clips"]},
            size=parameters["size"],
            prepare=_prepare,
            # Twice as fast on a CPU as the default order (width 8, 16 x 64 x 64: 52 clips/s against 29).
            model=C3D(len(classes), **shape).to(  # type: ignore[call-overload]
                memory_format=torch.channels_last_3d
            ),
            recipe=Recipe(
                flip_classes=mirrored_classes(classes, flip=parameters["flip"], never=parameters["never_flip"]),
                **{
                    name: parameters[name]
                    for name in (*knobs, "label_smoothing", "shift", "colour", "validation_share")
                },
            ),
        )
    ]


def _prepare(frames: torch.Tensor) -> torch.Tensor:
    """Return frames [T, 3, H, W] as the network's [3, T, H, W], normalised."""
    return normalised(frames, MEAN, STD).transpose(0, 1)
