"""Perceptual hashes of frames: alike pictures differ in few bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from slateboard.media.scale import scale

_SIDE = 32
_KEPT = 8


def frame_hash(luma: NDArray[np.uint8]) -> int:
    """Return a 64-bit DCT hash of a luma plane [height, width]: signs of low frequencies about their median.

    The form is Zauner's pHash (2010): 32 x 32 by area, 8 x 8 lowest frequencies, threshold at the median.
    """
    small = scale(luma, (_SIDE, _SIDE)).astype(np.float64)
    low = dctn(small, norm="ortho")[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def fingerprint(hashes: Sequence[int]) -> str:
    """Return frame hashes as hex joined by `-`."""
    return "-".join(f"{value:016x}" for value in hashes)


def sampled(frames: int, count: int = 4) -> list[int]:
    """Return `count` frame indices spread over a clip, away from its ends; repeated if the clip is shorter."""
    return [min(frames - 1, int((position + 0.5) * frames / count)) for position in range(count)]
