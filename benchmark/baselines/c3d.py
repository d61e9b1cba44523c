"""C3D: eight 3D convolutions and three dense layers on 16 consecutive frames."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.frames.colour import normalize
from benchmark.inputs.sampling import SAMPLERS
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.models.weights import load, weights_parameter
from benchmark.recipe import recipe_of, training
from slateboard.errors import SlateboardError
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="C3D",
    source="Tran et al., ICCV 2015, and the authors' Caffe files for UCF101; HUST and Sevilla: docs/baselines.md",
    parameters={
        "width": Parameter(64, "channels", "of the first convolution; the later ones have 2, 4 and 8 times as many"),
        "fc": Parameter(4096, "numbers", "of each of the two dense layers"),
        "frames": Parameter(16, "frames", "length of a sub-clip"),
        "sampler": Parameter("dense_clip", "-", "dense_clip (one at random in training), uniform_clips or centre_clip"),
        "size": Parameter(112, "pixels", "side of the pictures"),
        "keep": Parameter("whole", "-", "part of the pictures out of which squares are cut: whole or centre"),
        "short_side": Parameter(0, "pixels", "of pictures out of which squares are cut; 0: 8/7 of size (112: 128)"),
        "dropout": Parameter(0.5, "share", "after each dense layer"),
        "test_clips": Parameter(5, "-", "sub-clips of a clip in testing; of uniform_clips also in training"),
        "weights": weights_parameter("none"),
        **training(
            # 60,000 steps, of which each third has a tenth of the learning rate before it: on the 9,537 clips of
            # UCF101's split 1, mirrored, that is 94 epochs.
            epochs=94,
            batch=30,
            optimiser="sgd",
            learning_rate=0.003,
            weight_decay=0.005,
            schedule="step",
            # 2 * 9,537 / 30 views are 636 steps an epoch: epochs 31 and 63 end after 19,716 and 40,068 steps.
            step_epochs=(31, 63),
        ),
    },
)

POSITIONS: Mapping[str, str] = {
    "features.0": "conv1",
    "features.3": "conv2",
    "features.6": "conv3a",
    "features.8": "conv3b",
    "features.11": "conv4a",
    "features.13": "conv4b",
    "features.16": "conv5a",
    "features.18": "conv5b",
    "classifier.0": "fc6",
    "classifier.3": "fc7",
    "classifier.6": "fc8",
}
"""Names of layers in some public files, which are their positions -> names here."""
_HALVINGS = 16
"""Four poolings halve time and five halve the picture; less than this leaves nothing of time."""


class C3D(nn.Module):
    """Layers by the names of the public weights (conv1 ... fc8); input [B, 3, frames, size, size]."""

    def __init__(self, classes: int, *, width: int, fc: int, frames: int, size: int, dropout: float) -> None:
        super().__init__()
        if frames < _HALVINGS or size < _HALVINGS:
            raise SlateboardError(f"C3D needs 16 frames of 16 pixels or more, got {frames} of {size}.")
        # A kernel of 3 with padding 1 and stride 1 keeps the side of a map, n + 2 - 3 + 1 = n: only the poolings shrink
        # it. Five of them halve the picture. The first one leaves time alone, so that 16 frames last through the other
        # four: 16 -> 16 -> 8 -> 4 -> 2 -> 1.
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
        # The picture is halved four times before pool5, which with its padding gives half and one: 112 -> 56 -> 28 ->
        # 14 -> 7 -> 4, so that fc6 has 8 * 64 * 1 * 4 * 4 = 8,192 inputs, as the authors' network has.
        side = size // _HALVINGS // 2 + 1
        # Of the 79,991,015 parameters with 487 classes (Sevilla thesis) fc6 has 33.6 million, all convolutions 27.7.
        self.fc6 = nn.Linear(8 * width * (frames // _HALVINGS) * side * side, fc)
        self.fc7 = nn.Linear(fc, fc)
        self.fc8 = nn.Linear(fc, classes)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        # Standard deviation sqrt(2 / inputs of a number): ReLU takes half of the mean square away, the 2 gives it back,
        # so that it neither fades nor grows from layer to layer. conv1: 3 * 27 = 81 inputs, 0.157.
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            else:
                nn.init.kaiming_normal_(weight, nonlinearity="relu")

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return class scores [B, classes]."""
        # Width 64, 16 frames of 112 (channels x time x height x width): pool1 64 x 16 x 56 x 56, pool2 128 x 8 x 28 x
        # 28, pool3 256 x 4 x 14 x 14, pool4 512 x 2 x 7 x 7, pool5 512 x 1 x 4 x 4, flattened to 8,192 numbers.
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


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return one stream; squares are cut out anywhere of the whole picture in training, in the middle in testing."""
    shape = {name: parameters[name] for name in ("width", "fc", "frames", "size", "dropout")}
    network = C3D(len(classes), **shape)
    sampler_values = {"frames": parameters["frames"], "clips": parameters["test_clips"]}
    sampler_parameters = SAMPLERS.load(parameters["sampler"]).CARD.parameters
    initial = load(
        network, "c3d", parameters["weights"], folder=weights_dir, head="fc8", classes=classes, aliases=POSITIONS
    )
    return [
        Stream(
            name="all",
            sampler=parameters["sampler"],
            sampler_parameters={name: value for name, value in sampler_values.items() if name in sampler_parameters},
            size=parameters["size"],
            # 112 -> 2 * round(64) = 128; 64 -> 2 * round(36.6) = 74: even, as chroma has half of the pixels.
            short_side=parameters["short_side"] or 2 * round(parameters["size"] * 4 / 7),
            keep=parameters["keep"],
            # Views are [B, T, 3, H, W]; Conv3d takes channels before time, [B, 3, T, H, W].
            preprocess=lambda frames: normalize(frames, initial.mean, initial.std).transpose(1, 2),
            # Twice as fast on a CPU as the default order (width 8, 16 x 64 x 64: 52 clips/s against 29).
            model=network.to(memory_format=torch.channels_last_3d),  # type: ignore[call-overload]
            recipe=recipe_of(parameters),
            **initial.stream_fields,
        )
    ]
