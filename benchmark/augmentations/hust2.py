"""HUST's set (2): a random part of the picture, resized, flipped and recoloured at random."""

from benchmark.inputs.augmentation import HUST, Transform, hust, transforms
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Random part, flips, colours",
    source="HUST paper, augmentation (2); RandomResizedCrop: Szegedy et al., CVPR 2015",
    parameters={
        "least": Parameter(0.08, "share", "of the picture's area that is kept at least"),
        "aspect": Parameter(4 / 3, "-", "greatest ratio of the part's sides, either way"),
        **HUST,
    },
)
WHOLE = True


def transform(parameters: Parameters, *, size: int, may_flip: bool) -> Transform:
    """Return crop, flips and colour jitter, one after the other."""
    # aspect 4 / 3: sides from 3 : 4 to 4 : 3
    # least 0.08: of 128 x 170 pixels 1,741 at least, as 42 x 42.
    aspect = parameters["aspect"]
    crop = transforms().RandomResizedCrop(size, scale=(parameters["least"], 1.0), ratio=(1 / aspect, aspect))
    return hust(parameters, resize=crop, may_flip=may_flip)
