"""What to do where a batch does not fit into memory: the largest number of views that does, found by halving."""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from benchmark.inputs.loader import prefetched_batches
from benchmark.training.accumulation import summed_loss
from benchmark.training.session import Session
from slateboard.errors import SlateboardError


class DoesNotFit(SlateboardError):
    """A batch does not fit into memory; the text names one that does."""


def suggest_batch_on_oom(session: Session) -> AbstractContextManager[None]:
    """Turn running out of memory inside the block into DoesNotFit, which names a batch that does fit."""
    fabric, recipe = session.fabric, session.recipe
    largest = max(-(-job.views // job.steps) for job in session.jobs)
    of_process = -(-largest // fabric.world_size)

    def attempt(views: int) -> None:
        batches = [
            next(
                prefetched_batches(
                    job.stream,
                    job.training,
                    [job.epoch_batches(0)[0][:views]],
                    device=fabric.device,
                    threads=0,
                    recipe=recipe,
                    on_unreadable=job.note_unreadable,
                )
            )
            for job in session.jobs
        ]
        # With leaves of its own, so that no process waits for another one's gradient.
        leaves = {
            name: parameter.detach().requires_grad_(parameter.requires_grad)
            for name, parameter in session.networks.named_parameters()
        }
        with fabric.autocast():
            inputs = tuple(batch.inputs for batch in batches)
            scores = torch.func.functional_call(session.networks, leaves, inputs)
            pairs = zip(scores, batches, strict=True)
            losses = [summed_loss(of_network.float(), batch.labels, recipe) for of_network, batch in pairs]
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]

    return suggest_fitting(
        session.title,
        views=-(-of_process // recipe.accumulate),
        micro_batches=min(recipe.accumulate, of_process),
        device=str(fabric.device),
        attempt=attempt,
    )


@contextmanager
def suggest_fitting(
    title: str, *, views: int, micro_batches: int, device: str, attempt: Callable[[int], None]
) -> Iterator[None]:
    """Turn running out of memory inside the block into DoesNotFit, which says what would fit.

    `views` go through the network at once in each of the `micro_batches` of a step; `attempt(n)` puts n views through,
    forward and backward.
    """
    try:
        yield
        return
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        # The frames of the failed call hold its tensors, and with them the memory that the attempts need.
        traceback.clear_frames(error.__traceback__)
    fits = _largest_fitting(attempt, views)
    if not fits:
        raise DoesNotFit(
            f"{title}: not even one view fits into the memory of {device}. Take a smaller network, smaller pictures or "
            "fewer frames."
        )
    # 32 views in one micro-batch, 8 fit: accumulate = 4 keeps the step, batch = 8 makes a smaller one.
    raise DoesNotFit(
        f"{title}: {views} views at once do not fit into the memory of {device}, {fits} do. Set accumulate = "
        f"{-(-views * micro_batches // fits)} for the same steps in more parts, or batch = {fits} for smaller ones."
    )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error is of memory; on a CPU torch raises a bare RuntimeError of its allocator."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _largest_fitting(attempt: Callable[[int], None], views: int) -> int:
    """Return the first of views / 2, / 4, ... that fits; 0 where none does."""
    # 33 views: 16, 8, 4, 2, 1, so at most log2(33) = 5 attempts, and what fits is within a factor of two of the most.
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
