"""What to say where a batch does not fit into memory: the number of views that does, found by halving."""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from slateboard.errors import SlateboardError


class DoesNotFit(SlateboardError):
    """A batch does not fit into memory; the text names one that does."""


@contextmanager
def fitting(title: str, *, views: int, rounds: int, device: str, attempt: Callable[[int], None]) -> Iterator[None]:
    """Turn running out of memory inside the block into one line that says what would fit.

    `views` go through the network at once in one of `rounds` of a step; `attempt(n)` does so with n of them, forward
    and backward. Raises DoesNotFit.
    """
    try:
        yield
        return
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        # The frames of the failed call hold its tensors, and with them the memory that the attempts need.
        traceback.clear_frames(error.__traceback__)
    fits = _largest(attempt, views)
    if not fits:
        raise DoesNotFit(
            f"{title}: not even one view fits into the memory of {device}. Take a smaller network, smaller pictures or "
            "fewer frames."
        )
    raise DoesNotFit(
        f"{title}: {views} views at once do not fit into the memory of {device}, {fits} do. Set accumulate = "
        f"{-(-views * rounds // fits)} for the same steps in more parts, or batch = {fits} for smaller ones."
    )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether memory was what lacked; on a CPU torch raises a bare RuntimeError of its allocator."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _largest(attempt: Callable[[int], None], views: int) -> int:
    """Return the first of views / 2, / 4, ... that fits; 0 where none does."""
    while views := views // 2:
        gc.collect()
        torch.cuda.empty_cache()
        try:
            attempt(views)
            return views
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)
    return 0
