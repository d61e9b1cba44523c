"""Change training views by chance: augmentations by name, each view alike in all its frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch

from benchmark.models import vision
from slateboard.registry import Extension, Parameter, Registry, import_module

Transform = Callable[[torch.Tensor], torch.Tensor]


class AugmentationModule(Extension, Protocol):
    """What a file of benchmark/augmentations defines."""

    @property
    def WHOLE(self) -> bool:
        """True: it sees whole stored pictures; False: squares of `size` that are cut out already."""

    def transform(self, parameters: Mapping[str, Any], *, size: int, flips: bool) -> Transform:
        """Return a callable on the frames of a view, RGB float32 0..1 [T, 3, H, W] -> [T, 3, size, size] in 0..1.

        It draws from torch's generator; `flips` False: left, right, up and down must stay.
        """


AUGMENTATIONS = Registry("benchmark.augmentations", AugmentationModule)

NONE = "none"

HUST = {
    "flip": Parameter(0.5, "0-1", "chance of each of the two flips"),
    "jitter": Parameter(0.5, "0-1", "chance that colours change"),
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

    def __call__(self, frames: torch.Tensor, *, chance: int, flips: bool) -> torch.Tensor:
        """Return the frames [T, 3, size, size] of one view [T, 3, H, W], changed as the seed `chance` has it.

        torch's generator is left as it was. torchvision draws from that of the CPU on every device, so that seeding it
        costs no wait for a GPU and GPUs see the same draws.
        """
        before = torch.get_rng_state()
        try:
            # torch.manual_seed would seed the GPUs' generators too, which dropout draws from.
            torch.default_generator.manual_seed(chance)
            return _transform(self.name, self.size, flips)(frames)
        finally:
            torch.set_rng_state(before)


@cache
def sees_whole(name: str) -> bool:
    """Return whether an augmentation sees whole stored pictures; raises SlateboardError for a name there is not."""
    return name != NONE and AUGMENTATIONS.load(name).WHOLE


@cache
def _transform(name: str, size: int, flips: bool) -> Transform:
    module = AUGMENTATIONS.load(name)
    return module.transform(module.CARD.settle({}, where=f"augmentation {name}"), size=size, flips=flips)


def transforms() -> Any:
    """Return torchvision.transforms.v2, whose transforms change all frames [T, 3, H, W] of a view alike."""
    vision.load()
    return import_module("torchvision.transforms.v2")


def hust(parameters: Mapping[str, Any], *, first: Transform, flips: bool) -> Transform:
    """Return `first`, then both flips where they are allowed, then the change of colours (HUST's sets 2 and 3)."""
    v2 = transforms()
    jitter = v2.ColorJitter(**{name: parameters[name] for name in ("brightness", "contrast", "saturation", "hue")})
    chance = parameters["flip"] if flips else 0.0
    made: Transform = v2.Compose(
        [
            first,
            v2.RandomHorizontalFlip(chance),
            v2.RandomVerticalFlip(chance),
            v2.RandomApply([jitter], p=parameters["jitter"]),
        ]
    )
    return made
