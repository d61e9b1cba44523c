"""Evaluate: the scores of every view of every test clip by every stream, as predictions.parquet holds them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import distributed, nn

from benchmark.baseline import FUSED, Stream
from benchmark.inputs.clips import Clips
from benchmark.inputs.loader import Batch, prefetched_batches
from benchmark.inputs.samples import Sample, in_batches, views_to_test
from leaderboards.late_fusion import fuse_predictions
from slateboard.errors import SlateboardError
from slateboard.media.errors import Unreadable
from slateboard.progress import progress, say

Floats = NDArray[np.float32]
VIEWS = 16
"""Views described at once for an estimator."""


@dataclass(frozen=True)
class _Part:
    """What one process saw."""

    places: NDArray[np.int64]
    """Positions of its views among all."""
    scores: Floats
    """[views, classes]."""
    failed: dict[int, str] = field(default_factory=dict)
    """Position of a clip that was found unreadable on the way -> why."""


def predict(
    stream: Stream,
    clips: Clips,
    *,
    device: str,
    threads: int = 0,
    title: str = "",
    arranged: Callable[[Sample], Sample] | None = None,
) -> pd.DataFrame:
    """Return a row a clip and view of one stream.

    Columns: clip_id, view (0-based; a sub-clip's squares one after the other), stream, logits (float32, one a class),
    label_index (0-based), failed. A clip that could not be decoded, before or on the way, is one failed row with no
    logits. With a title progress is shown. `arranged` changes each view before it is read, as a probe does. Where
    torch.distributed is at work each process takes every rank-th clip, and all return the same whole table.
    """
    items = views_to_test(stream, clips)
    wanted = items if arranged is None else [arranged(item) for item in items]
    world, rank = (distributed.get_world_size(), distributed.get_rank()) if distributed.is_initialized() else (1, 0)
    own = [place for place, item in enumerate(items) if item.clip % world == rank]
    part = _part(stream, clips, wanted, own, device=device, threads=threads, title=title if rank == 0 else "")
    parts: list[Any] = [part]
    if world > 1:
        parts = [None] * world
        distributed.all_gather_object(parts, part)
    return _table(stream, clips, items, parts)


def _part(
    stream: Stream,
    clips: Clips,
    items: Sequence[Sample],
    own: Sequence[int],
    *,
    device: str,
    threads: int,
    title: str,
) -> _Part:
    """Score the views at the positions `own`."""
    # No more at once than a training step had in memory.
    size = VIEWS if stream.recipe is None else -(-stream.recipe.batch // stream.recipe.accumulate)
    batches = in_batches([items[place] for place in own], size)
    place_of = {(items[place].clip, items[place].number): place for place in own}
    failed: dict[int, str] = {}
    places: list[int] = []
    scores: list[Floats] = []
    shown = progress(title, len(own), unit="views") if title else nullcontext()
    with shown as bar:
        for batch in _readable(stream, clips, batches, failed, device=device, threads=threads):
            with torch.inference_mode():
                scores.append(logits(stream.model, batch.inputs, classes=len(clips.classes)))
            places += [place_of[item.clip, item.number] for item in batch.samples]
            if bar is not None:
                bar.step(len(batch.samples))
    found = np.concatenate(scores) if scores else np.empty((0, len(clips.classes)), dtype=np.float32)
    return _Part(np.array(places, dtype=np.int64), found, failed)


def _readable(
    stream: Stream,
    clips: Clips,
    batches: Sequence[list[Sample]],
    failed: dict[int, str],
    *,
    device: str,
    threads: int,
) -> Iterator[Batch]:
    """Yield batches in order; one with a clip that turns out unreadable comes clip by clip, without that clip."""
    waiting = list(batches)
    while waiting:
        done = 0
        try:
            for batch in prefetched_batches(stream, clips, waiting, device=device, threads=threads):
                done += 1
                yield batch
            return
        except Unreadable as error:
            apart = [list(own) for _, own in groupby(waiting[done], key=lambda item: item.clip)]
            if len(apart) == 1:
                failed[apart[0][0].clip] = str(error)
                apart = []
            waiting = [*apart, *waiting[done + 1 :]]


def _table(stream: Stream, clips: Clips, items: Sequence[Sample], parts: Sequence[_Part]) -> pd.DataFrame:
    """Return the rows by clip and view, failed clips among them; every view exactly once, or SlateboardError."""
    owner = np.fromiter((item.clip for item in items), dtype=np.int64, count=len(items))
    late = {clip: why for part in parts for clip, why in part.failed.items()}
    for position, why in sorted(late.items()):
        say(f"{stream.name}: not read: {clips.ids[position]}: {why}")
    lost = np.isin(owner, list(late))
    times = np.bincount(np.concatenate([part.places for part in parts]), minlength=len(items))
    wrong = sorted({clips.ids[position] for position in owner[~lost & (times != 1)].tolist()})
    if wrong:
        raise SlateboardError(
            f"{stream.name}: views of {len(wrong)} clips, as {wrong[0]}, were not scored exactly once by "
            f"{len(parts)} processes: all of them must read the same clips in the same order."
        )
    scores = np.empty((len(items), len(clips.classes)), dtype=np.float32)
    for part in parts:
        scores[part.places] = part.scores
    missing = np.setdiff1d(np.arange(len(clips.ids)), owner[~lost])
    read = np.flatnonzero(~lost)
    clip = np.concatenate([owner[read], missing])
    number = np.fromiter((items[place].number for place in read.tolist()), dtype=np.int64, count=len(read))
    nothing: Floats = np.empty(0, dtype=np.float32)
    table = pd.DataFrame(
        {
            "clip_id": np.array(clips.ids, dtype=object)[clip],
            "view": np.concatenate([number, np.zeros(len(missing), dtype=np.int64)]),
            "stream": stream.name,
            "logits": [*scores[read], *([nothing] * len(missing))],
            "label_index": clips.labels[clip],
            "failed": np.arange(len(clip)) >= len(read),
        }
    )
    return table.iloc[np.argsort(clip, kind="stable")].reset_index(drop=True)


def logits(model: Any, inputs: torch.Tensor, *, classes: int) -> Floats:
    """Return scores [views, classes] whose softmax is the prediction; -inf for a class that was never trained."""
    if isinstance(model, nn.Module):
        model.eval()
        scores: Floats = model(inputs).float().cpu().numpy()
        return scores
    features = inputs.cpu().numpy()
    known = np.asarray(model.classes_)
    if hasattr(model, "decision_function"):
        found = np.asarray(model.decision_function(features))
        # Of two classes scikit-learn gives one number, the log of their odds where it is a probability's.
        found = np.stack([-found / 2, found / 2], axis=1) if found.ndim == 1 else found
    else:
        found = np.asarray(model.predict_log_proba(features))
    scores = np.full((len(features), classes), -np.inf, dtype=np.float32)
    scores[:, known] = found
    return scores


def fuse(predictions: pd.DataFrame, *, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return rows of the stream `fused`: the mean of the streams' softmax, view by view (MEI paper 3.4), as logs.

    `weights` are relative, by stream; equal unless given.
    """
    streams = list(dict.fromkeys(predictions["stream"]))
    tables = [predictions[predictions["stream"] == stream] for stream in streams]
    return fuse_predictions(tables, stream=FUSED, weights=[weights[name] for name in streams] if weights else None)
