"""HUST's set (1): whole pictures are resized; nothing is random."""

from benchmark.inputs.augmentation import Transform, transforms
from slateboard.registry import Card, Parameters

CARD = Card(title="Resize", source="HUST paper, augmentation (1); the network's own normalisation follows")
WHOLE = True


def transform(parameters: Parameters, *, size: int, may_flip: bool) -> Transform:
    """Return a transform that resizes pictures to size x size pixels, whatever their aspect."""
    # 128 x 170 -> 112 x 112: what was 1.33 times as wide as high becomes a square, and shapes are narrowed by that.
    resize: Transform = transforms().Resize((size, size))
    return resize
