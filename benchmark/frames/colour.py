"""I420 pictures of a batch to RGB, on whatever device they lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmark.frames.geometry import picture_bytes
from slateboard.media.colour import rgb_matrix

_TWICE = 257
"""A byte times 257, as 16 bits, is that byte twice."""


@dataclass(frozen=True)
class Pictures:
    """Frames of B views, T each, as they were stored."""

    planes: torch.Tensor
    """uint8 [B, T, height * width * 3 / 2]: luma, then U, then V. A smaller picture ends before the row does."""
    height: int
    """Of the largest pictures, even; all are alike but for those that an augmentation sees whole."""
    width: int
    colours: torch.Tensor
    """float32 [B, 3, 4]: RGB in 0..1 = colours @ (Y, U, V in 0..255, and 1)."""

    def to(self, device: torch.device | str) -> "Pictures":
        """Return the same on a device; from pinned memory the copy does not wait."""
        moved = {name: getattr(self, name).to(device, non_blocking=True) for name in ("planes", "colours")}
        return replace(self, **moved)

    def part(self, first: int, last: int, *, height: int | None = None, width: int | None = None) -> "Pictures":
        """Return the views from `first` up to before `last`; height and width where theirs are smaller."""
        height, width = height or self.height, width or self.width
        planes = self.planes[first:last, :, : picture_bytes(height, width)]
        return Pictures(planes, height, width, self.colours[first:last])

    def rgb(self, out: torch.Tensor | None = None) -> torch.Tensor:
        """Return RGB float32 [B, T, 3, height, width] in 0..1, in `out` where it is given; chroma is repeated."""
        (views, frames), height, width = self.planes.shape[:2], self.height, self.width
        luma = self.planes[..., : height * width].float().view(views, frames, 1, height // 2, 2, width)
        wide = self.planes[..., height * width :].to(torch.int16).mul_(_TWICE).view(torch.uint8)
        # Colour is mixed where there is half the number of rows, and added to both rows of luma that it belongs to.
        tint = self.colours[:, None, :, 1:3] @ wide.float().view(views, frames, 2, -1)
        tint = tint.add_(self.colours[:, None, :, 3:]).view(views, frames, 3, height // 2, 1, width)
        scale = self.colours[:, None, :, :1, None, None]
        rows = None if out is None else out.view(views, frames, 3, height // 2, 2, width)
        return torch.addcmul(tint, luma, scale, out=rows).view(views, frames, 3, height, width).clamp_(0, 1)


def colours(matrices: Sequence[tuple[str, bool]]) -> torch.Tensor:
    """Return float32 [B, 3, 4] of (matrix, full range) pairs, as Pictures wants them."""
    known = {pair: _colour(*pair) for pair in set(matrices)}
    return torch.from_numpy(np.stack([known[pair] for pair in matrices]))


def _colour(matrix: str, full_range: bool) -> np.ndarray:
    to_rgb, offset = rgb_matrix(matrix, full_range)  # type: ignore[arg-type]
    return (np.hstack([to_rgb, -(to_rgb @ offset)[:, None]]) / 255).astype(np.float32)
