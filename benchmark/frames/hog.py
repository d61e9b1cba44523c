"""Histograms of oriented gradients with signed directions, and motion history images, in NumPy."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

_EPSILON = 1e-3
_CLIP = 0.2
"""Greatest share of one bin in its block (Lowe's limit, Dalal and Triggs 2005, 6.4)."""


def hog(picture: Picture, *, cell: int, bins: int) -> Picture:
    """Return the descriptor of a grey picture [H, W] in 0..1 (Dalal and Triggs, CVPR 2005).

    Cells of cell x cell pixels, `bins` directions over 360 degrees (signed: a bright edge that enters from the
    left differs from one that enters from the right), blocks of 2 x 2 cells, L2-Hys. Votes are shared between the
    two nearest directions. Pixels that fill no cell at the right and lower border are left out.
    """
    # (f(x + 1) - f(x - 1)) / 2 along each axis, one-sided at the border.
    down, across = np.gradient(picture.astype(np.float32))
    strength = np.hypot(across, down)
    direction = np.mod(np.arctan2(down, across) / (2 * np.pi), 1) * bins
    # 18 bins: 90 degrees are 4.5 bins. A tiny negative angle rounds to a whole turn, 18.0 bins, which % puts into bin
    # 0.
    lower = np.floor(direction).astype(np.int64) % bins
    # A direction of 4.3 bins votes 0.7 for bin 4 and 0.3 for bin 5; 17.6 of 18 bins for bins 17 and 0.
    share = direction - np.floor(direction)
    rows, columns = picture.shape[0] // cell, picture.shape[1] // cell
    histograms = np.zeros((rows, columns, bins), dtype=np.float32)
    cell_of = np.arange(picture.shape[0])[:, None] // cell, np.arange(picture.shape[1])[None, :] // cell
    inside = (cell_of[0] < rows) & (cell_of[1] < columns)
    row, column = (np.broadcast_to(axis, picture.shape)[inside] for axis in cell_of)
    # add.at adds every vote. histograms[...] += votes would keep one of the many pixels of a cell and bin.
    for bin_index, vote in ((lower, 1 - share), ((lower + 1) % bins, share)):
        np.add.at(histograms, (row, column, bin_index[inside]), (strength * vote)[inside])
    # R x C cells make (R - 1) (C - 1) blocks that overlap: 8 x 8 cells of 18 bins -> 7 x 7 blocks of 72 numbers. So an
    # inner cell is in four blocks, each time normalised by other neighbours.
    corners = (histograms[:-1, :-1], histograms[:-1, 1:], histograms[1:, :-1], histograms[1:, 1:])
    blocks = np.concatenate(corners, axis=-1)
    # L2-Hys (6.4): to unit length, clip, to unit length again, with v / sqrt(|v|^2 + eps^2).
    blocks = np.minimum(_unit(blocks), _CLIP)
    return _unit(blocks).reshape(-1)


def _unit(blocks: Picture) -> Picture:
    # A flat block stays 0; without eps it would be 0 / 0.
    length = np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + _EPSILON**2)
    return (blocks / length).astype(np.float32)


def motion_history(pictures: Picture, *, threshold: float) -> Picture:
    """Return the motion history image [H, W] in 0..1 of grey pictures [T, H, W] in 0..1.

    Where two neighbouring pictures differ by more than `threshold` stands the time of the last such change, later
    ones brighter, 0 where nothing ever moved (Bobick and Davis, PAMI 2001, with the whole clip as duration).
    """
    history = np.zeros(pictures.shape[1:], dtype=np.float32)
    last = len(pictures) - 1
    for step in range(1, len(pictures)):
        # 10 pictures have 9 steps, of brightness 1/9 ... 9/9; a later change overwrites an earlier one.
        moved = np.abs(pictures[step] - pictures[step - 1]) > threshold
        history[moved] = step / last
    return history
