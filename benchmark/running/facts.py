"""What a result states beside its scores: machine, versions, numbers trained, operations, what was seen."""

import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.baseline import Stream
from benchmark.frames.pictures import decoder
from benchmark.inputs.clips import Clips
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import views_to_test
from benchmark.inputs.sampling import views_of
from benchmark.models.transfer.shelf import NONE
from slateboard import __version__


def environment(device: str) -> dict[str, str]:
    """Return the versions and the processor or GPU that decide a figure's last digits."""
    packages = ("torch", "torchvision", "lightning-fabric", "scikit-learn", "numpy")
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        "decoder": decoder(),
        "device": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "slateboard": __version__,
    }


def _processor() -> str:
    """Return the processor's name; Python itself does not know it on Linux."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def parameters(stream: Stream) -> int:
    """Return how many numbers were trained: of a network, or of a linear estimator at the end of a pipeline."""
    if isinstance(stream.model, nn.Module):
        return sum(weight.numel() for weight in stream.model.parameters() if weight.requires_grad)
    steps: Sequence[tuple[str, Any]] = getattr(stream.model, "steps", [("", stream.model)])
    last = steps[-1][1]
    return sum(int(getattr(last, name).size) for name in ("coef_", "intercept_") if hasattr(last, name))


def gflops(stream: Stream, clips: Clips, *, device: str) -> float | None:
    """Return the operations on one view, in 1e9, multiply and add counted as two.

    Counted by torch while a view of the first readable clip goes through. None where the work is NumPy's, which
    does not count, or where no clip can be read.
    """
    first = views_to_test(stream, clips)[:1]
    if not first or not (isinstance(stream.model, nn.Module) or stream.weights != NONE):
        return None
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        # A black picture costs as many operations as one that could be read.
        (batch,) = prefetched_batches(
            stream, clips, [first], device=device, threads=0, on_unreadable=lambda item, reason: None
        )
        if isinstance(stream.model, nn.Module):
            stream.model.eval()(batch.inputs)
    return counter.get_total_flops() / 1e9


def geometry(stream: Stream, predictions: pd.DataFrame) -> dict[str, Any]:
    """Return what the network sees: frames of a view, their size, and views of a clip (the mean where they differ)."""
    own = predictions[(predictions["stream"] == stream.name) & ~predictions["failed"]]
    views = len(own) / max(own["clip_id"].nunique(), 1)
    return {
        "views": int(views) if views == int(views) else round(views, 1),
        "frames": frames_of_view(stream),
        "height": stream.size,
        "width": stream.size,
    }


def frames_of_view(stream: Stream) -> int:
    """Return how many frames a view of the stream has."""
    return len(views_of([1], stream.sampler, stream.sampler_parameters, seed=None)[0].indices)
