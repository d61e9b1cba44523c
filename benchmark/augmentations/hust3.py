"""HUST's set (3): whole pictures are resized, flipped and recoloured at random."""

from benchmark.inputs.augmentation import HUST, Transform, hust, transforms
from slateboard.registry import Card, Parameters

CARD = Card(title="Resize, flips, colours", source="HUST paper, augmentation (3)", parameters=HUST)
WHOLE = True


def transform(parameters: Parameters, *, size: int, may_flip: bool) -> Transform:
    """Return resize, flips and colour jitter, one after the other."""
    return hust(parameters, resize=transforms().Resize((size, size)), may_flip=may_flip)
