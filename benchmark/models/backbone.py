"""Image networks on single pictures: the parameters and the stream that baselines with a backbone share."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmark.baseline import Stream
from benchmark.frames.colour import normalize
from benchmark.models import vision
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.models.weights import pretrained, weights_parameter
from benchmark.recipe import recipe_of
from slateboard.registry import Parameter, Parameters

Embed = Callable[[torch.Tensor], torch.Tensor]


def backbone(default: str) -> dict[str, Parameter]:
    """Return the parameters that name an image network, its first weights and its input."""
    return {
        "backbone": Parameter(default, "-", "image network of torchvision, efficientnet_lite0 or plain"),
        "weights": weights_parameter("torchvision"),
        "size": Parameter(0, "pixels", "side of the pictures; 0: the backbone's own (224; InceptionV3 299)"),
    }


def size_of(parameters: Parameters) -> int:
    """Return the side in pixels of what the backbone sees."""
    return int(parameters["size"]) or vision.own_size(parameters["backbone"])


def even(size: int) -> int:
    """Return the side of the squares that are read for it: chroma has half of it, and so it is never odd."""
    # InceptionV3: squares of 300 pixels are read, and the last row and column are cut off again.
    return size + size % 2


def picture_stream(
    name: str,
    classes: Sequence[str],
    parameters: Parameters,
    *,
    sampler: str,
    sampler_parameters: Parameters,
    embed: Embed,
    weights_dir: str | WeightRegistry,
    **recipe: Any,
) -> Stream:
    """Return a stream that fine-tunes its own copy of the backbone on one picture a view.

    `embed` makes the picture [B, 3, H, W] of views [B, T, 3, H, W]; `recipe` are fields over those of `parameters`.
    """
    size = size_of(parameters)
    initial = pretrained(
        parameters["backbone"], parameters["weights"], folder=weights_dir, classes=classes, stream=name
    )
    return Stream(
        name=name,
        sampler=sampler,
        sampler_parameters=sampler_parameters,
        size=even(size),
        short_side=parameters["short_side"] or None,
        # An odd size, as InceptionV3's 299, is read one pixel larger.
        preprocess=lambda frames: normalize(embed(frames)[..., :size, :size], initial.mean, initial.std),
        model=initial.network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        recipe=recipe_of(parameters, folded_batchnorm=initial.folded_batchnorm, **recipe),
        **initial.stream_fields,
    )


def only(frames: torch.Tensor) -> torch.Tensor:
    """Return the only frame [B, 3, H, W] of views [B, 1, 3, H, W]."""
    return frames[:, 0]
