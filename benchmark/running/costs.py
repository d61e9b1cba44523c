"""What a stream costs, as a result states it: trained parameters, operations, frames and size of its input."""

from collections.abc import Sequence
from typing import Any, TypedDict

import pandas as pd
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.baseline import Stream
from benchmark.inputs.clips import Clips
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import views_to_test
from benchmark.inputs.sampling import views_of
from benchmark.models.transfer.weight_registry import NONE


class InputGeometry(TypedDict):
    """What the network sees, as Result.geometry holds it."""

    views: float
    """Of a clip; the mean where they differ."""
    frames: int
    """Of a view."""
    height: int
    """Pixels."""
    width: int


def parameters(stream: Stream) -> int:
    """Return the number of trained parameters: of a network, or of a linear estimator at the end of a pipeline."""
    if isinstance(stream.model, nn.Module):
        return sum(weight.numel() for weight in stream.model.parameters() if weight.requires_grad)
    steps: Sequence[tuple[str, Any]] = getattr(stream.model, "steps", [("", stream.model)])
    estimator = steps[-1][1]
    # One against the rest, 8 classes and 7,056 numbers: 8 * 7,056 weights and 8 constants, 56,456.
    return sum(int(getattr(estimator, name).size) for name in ("coef_", "intercept_") if hasattr(estimator, name))


def gflops(stream: Stream, clips: Clips, *, device: str) -> float | None:
    """Return the operations on one view, in 1e9; a multiplication and an addition count as two.

    torch counts them while a view of the first readable clip goes through. None for estimators on features by NumPy,
    which torch cannot count, or where no clip can be read.
    """
    first = views_to_test(stream, clips)[:1]
    # C3D on 16 x 112 x 112 with 101 classes: 77.1 GFLOPs, so 38.5 where a product and its sum count as one.
    if not first or not (isinstance(stream.model, nn.Module) or stream.weights != NONE):
        return None
    # A convolution of k x k x Cin on an H x W x Cout map counts as 2 k k Cin Cout H W: a multiplication and an addition
    # for each product. Papers that count one operation for both (MACs) state half of it.
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        # A black picture costs as many operations as one that could be read.
        (batch,) = prefetched_batches(
            stream, clips, [first], device=device, threads=0, on_unreadable=lambda sample, reason: None
        )
        if isinstance(stream.model, nn.Module):
            stream.model.eval()(batch.inputs)
    return counter.get_total_flops() / 1e9


def geometry(stream: Stream, predictions: pd.DataFrame) -> InputGeometry:
    """Return the network's input: frames of a view, pixels, and views of a clip (the mean where they differ)."""
    of_stream = predictions[(predictions["stream"] == stream.name) & ~predictions["failed"]]
    views = len(of_stream) / max(of_stream["clip_id"].nunique(), 1)
    return {
        "views": int(views) if views == int(views) else round(views, 1),
        "frames": frames_of_view(stream),
        "height": stream.size,
        "width": stream.size,
    }


def frames_of_view(stream: Stream) -> int:
    """Return the number of frames in a view of the stream."""
    return len(views_of([1], stream.sampler, stream.sampler_parameters, seed=None)[0].indices)
