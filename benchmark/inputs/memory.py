"""Memory of batches on a CPU: getting pages anew costs more than the work that is done in them."""

import ctypes
import math
import weakref
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
_NEVER = 2**31 - 1


@cache
def keep_freed_memory() -> bool:
    """Have the C library give large blocks out again; return whether it is one that can (glibc).

    Otherwise what is made for a moment comes from the system, page by page: 1.4 ms a megabyte, where copying takes 0.1.
    With it C3D was fed at 8.2 rather than 6.9 x the best other reader (Blocks at work in both; 2026-11-22), and
    training steps took 10 to 25 % less CPU and 8 to 15 % more memory (C3D of width 8, MobileNetV2; 2026-11-21). What a
    process once held it holds to its end: with glibc 2.36 one block of 64 MB that came and went over and over left up
    to eight of them held.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_ARENA_MAX, 1) and mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))


class Blocks:
    """Memory that is taken up again, by whole tensors, as soon as nothing refers to one.

    The C library cuts a freed block up for smaller ones, and then has none of its size: an epoch's memory grew.
    """

    def __init__(self, *, pinned: bool = False) -> None:
        self.pinned = pinned
        self._free: defaultdict[int, list[NDArray[np.uint8]]] = defaultdict(list)

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Return a tensor of anything; `pinned`: where a GPU copies from by itself, which torch takes up again."""
        if self.pinned:
            return torch.empty(shape, dtype=dtype, pin_memory=True)
        free = self._free[math.prod(shape) * dtype.itemsize]
        try:
            block = free.pop()
        except IndexError:
            block = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
        # A tensor of an array holds the array, and this view goes when the last tensor of it does.
        lent = block[:]
        weakref.finalize(lent, free.append, block).atexit = False
        return torch.from_numpy(lent).view(dtype).view(*shape)
