"""Random augmentation of training views, by name; all frames of a view are changed alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch

from benchmark.models import vision
from slateboard.registry import Extension, Parameter, Parameters, Registry, import_module

Transform = Callable[[torch.Tensor], torch.Tensor]


class AugmentationModule(Extension, Protocol):
    """What a file of benchmark/augmentations defines."""

    @property
    def WHOLE(self) -> bool:
        """True: it gets whole stored pictures; False: squares of `size` that are already cut out."""

    def transform(self, parameters: Parameters, *, size: int, may_flip: bool) -> Transform:
        """Return a callable on the frames of a view, RGB float32 [T, 3, H, W] in 0..1 -> [T, 3, size, size] in 0..1.

        It draws from torch's generator. `may_flip` False: it must not mirror, since direction is the label.
        """


AUGMENTATIONS = Registry("benchmark.augmentations", AugmentationModule)

NONE = "none"

HUST = {
    "flip_probability": Parameter(0.5, "0-1", "probability of the horizontal flip, and of the vertical one"),
    "jitter": Parameter(0.5, "0-1", "probability that colours change"),
    "brightness": Parameter(0.2, "share", "greatest change of brightness"),
    "contrast": Parameter(0.2, "share", "greatest change of contrast"),
    "saturation": Parameter(0.2, "share", "greatest change of saturation"),
    "hue": Parameter(0.2, "share", "greatest turn of hue, of the whole circle"),
}
"""Parameters of HUST's sets. The paper has no figures: these are the defaults of Albumentations, which it used."""


@dataclass(frozen=True)
class Augmentation:
    """One augmentation for views of one size."""

    name: str
    size: int
    """Side in pixels of what comes out."""

    def __call__(self, frames: torch.Tensor, *, seed: int, may_flip: bool) -> torch.Tensor:
        """Return the frames [T, 3, size, size] of one view [T, 3, H, W], augmented as `seed` decides.

        torch's generator is left as it was. torchvision draws from the CPU's generator on every device, so that seeding
        it does not wait for a GPU, and GPUs see the same draws.
        """
        before = torch.get_rng_state()
        try:
            # torch.manual_seed would seed the GPUs' generators too, which dropout draws from.
            torch.default_generator.manual_seed(seed)
            return _transform(self.name, self.size, may_flip)(frames)
        finally:
            torch.set_rng_state(before)


@cache
def sees_whole(name: str) -> bool:
    """Return whether an augmentation gets whole stored pictures; raises SlateboardError for an unknown name."""
    return name != NONE and AUGMENTATIONS.load(name).WHOLE


@cache
def _transform(name: str, size: int, may_flip: bool) -> Transform:
    module = AUGMENTATIONS.load(name)
    parameters = module.CARD.settle({}, where=f"augmentation {name}")
    return module.transform(parameters, size=size, may_flip=may_flip)


def transforms() -> Any:
    """Return torchvision.transforms.v2, whose transforms change all frames [T, 3, H, W] of a view alike."""
    vision.load()
    return import_module("torchvision.transforms.v2")


def hust(parameters: Parameters, *, resize: Transform, may_flip: bool) -> Transform:
    """Return `resize`, then both flips where they are allowed, then colour jitter (HUST's sets 2 and 3)."""
    v2 = transforms()
    jitter = v2.ColorJitter(**{name: parameters[name] for name in ("brightness", "contrast", "saturation", "hue")})
    # A probability of 0 rather than no flip: it draws all the same, so that the colours of a seed are the same in both
    # cases.
    flip_probability = parameters["flip_probability"] if may_flip else 0.0
    composed: Transform = v2.Compose(
        [
            resize,
            v2.RandomHorizontalFlip(flip_probability),
            v2.RandomVerticalFlip(flip_probability),
            v2.RandomApply([jitter], p=parameters["jitter"]),
        ]
    )
    return composed
