"""Colour: I420 pictures of a batch to RGB on their device, jitter of training views, and normalisation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.frames.geometry import picture_bytes
from slateboard.media.colour import rgb_matrix

_TWICE = 257
"""A byte times 257, as 16 bits, is that byte twice: 0x3c * 257 = 0x3c3c."""


@dataclass(frozen=True)
class Pictures:
    """Frames of B views, T each, in I420 as a store holds them."""

    planes: torch.Tensor
    """uint8 [B, T, height * width * 3 / 2]: luma, then U, then V. A smaller picture does not fill its row."""
    height: int
    """Pixels of the largest picture, even; sizes differ only where an augmentation gets whole pictures."""
    width: int
    colours: torch.Tensor
    """float32 [B, 3, 4]: RGB in 0..1 = colours @ (Y, U, V in 0..255, and 1)."""

    def to(self, device: torch.device | str) -> "Pictures":
        """Return the same pictures on a device; copies from pinned memory are asynchronous."""
        tensors = {name: getattr(self, name).to(device, non_blocking=True) for name in ("planes", "colours")}
        return replace(self, **tensors)

    def views(self, start: int, stop: int, *, height: int | None = None, width: int | None = None) -> "Pictures":
        """Return the views [start, stop); `height` and `width` where their pictures are smaller than the largest."""
        height, width = height or self.height, width or self.width
        planes = self.planes[start:stop, :, : picture_bytes(height, width)]
        return Pictures(planes, height, width, self.colours[start:stop])

    def rgb(self, out: torch.Tensor | None = None) -> torch.Tensor:
        """Return RGB float32 [B, T, 3, height, width] in 0..1, in `out` where it is given; chroma is repeated."""
        # I420 has 1.5 bytes a pixel, the float32 RGB made of it 12. So pictures are stored, and copied to a GPU, as
        # planes.
        (views, frames), height, width = self.planes.shape[:2], self.height, self.width
        luma = self.planes[..., : height * width].float().view(views, frames, 1, height // 2, 2, width)
        # U and V have half of the columns: writing each byte twice gives them all.
        wide = self.planes[..., height * width :].to(torch.int16).mul_(_TWICE).view(torch.uint8)
        # RGB = M[:, 0] Y + (M[:, 1] U + M[:, 2] V + M[:, 3]). The bracket is the same for the two rows that share their
        # chroma, so it is multiplied out at half the height and broadcast over both.
        tint = self.colours[:, None, :, 1:3] @ wide.float().view(views, frames, 2, -1)
        tint = tint.add_(self.colours[:, None, :, 3:]).view(views, frames, 3, height // 2, 1, width)
        scale = self.colours[:, None, :, :1, None, None]
        rows = None if out is None else out.view(views, frames, 3, height // 2, 2, width)
        # Not every YUV is a colour: with bt601 in limited range Y = V = 255 gives R = 1.89. Hence the clamp.
        return torch.addcmul(tint, luma, scale, out=rows).view(views, frames, 3, height, width).clamp_(0, 1)


def colours(matrices: Sequence[tuple[str, bool]]) -> torch.Tensor:
    """Return Pictures.colours, float32 [B, 3, 4], of (matrix, full range) pairs."""
    return torch.from_numpy(np.stack([_colour(*pair) for pair in matrices]))


@cache
def _colour(matrix: str, full_range: bool) -> NDArray[np.float32]:
    """Return float32 [3, 4]: RGB = to_rgb (YUV - offset) / 255, with the constant -to_rgb offset as fourth column."""
    to_rgb, offset = rgb_matrix(matrix, full_range)  # type: ignore[arg-type]
    # bt601, limited range: R = 0.00457 Y + 0.00626 V - 0.874, so that Y = 235 with V = 128 gives 1.
    return (np.hstack([to_rgb, -(to_rgb @ offset)[:, None]]) / 255).astype(np.float32)


def jitter_colours(pictures: Pictures, *, share: float, seeds: Sequence[int]) -> Pictures:
    """Return pictures with each channel scaled by 1 +- `share` and raised by +- `share` / 2, one draw a view.

    All frames of a view change alike. A view's change is a pure function of its seed in `seeds` [B], and costs nothing:
    only the matrices that make RGB change, not the planes.
    """
    # With M = [A | b] the RGB of a picture is A yuv + b. A channel's 1 + share r, |r| <= 1, scales its row of both.
    draws = np.stack([np.random.default_rng(seed).uniform(-1, 1, (2, 3)) for seed in seeds])
    scale, offset = (torch.from_numpy(share * draws[:, row]).to(pictures.colours) for row in (0, 1))
    colours = pictures.colours * (1 + scale)[..., None]
    colours[..., 3] += offset / 2
    return replace(pictures, colours=colours)


def normalize(pictures: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return pictures [..., 3, H, W] less `mean`, divided by `std`, channel by channel."""
    shape = (3, 1, 1)
    return (pictures - pictures.new_tensor(mean).view(shape)).div_(pictures.new_tensor(std).view(shape))
