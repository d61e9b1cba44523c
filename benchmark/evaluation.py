"""Evaluate: scores of every view of every test clip by every stream, as predictions.parquet holds them."""

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
"""Views in a batch for an estimator."""


@dataclass(frozen=True)
class _ProcessScores:
    """Scores of the views of one process."""

    positions: NDArray[np.int64]
    """Positions of its samples among all."""
    scores: Floats
    """[views, classes]."""
    failed: dict[int, str] = field(default_factory=dict)
    """Position of a clip that turned out unreadable -> why."""


def predict(
    stream: Stream,
    clips: Clips,
    *,
    device: str,
    threads: int = 0,
    title: str = "",
    alter: Callable[[Sample], Sample] | None = None,
) -> pd.DataFrame:
    """Return a row for each clip and view of one stream.

    Columns: clip_id, view (0-based; a sub-clip's squares one after the other), stream, logits (float32, one a class),
    label_index (0-based), failed. A clip that cannot be decoded, known before or found out here, is one failed row
    without logits. With a title progress is shown. `alter` changes each sample before it is read, as probes do. Under
    torch.distributed each process takes the clips of its rank, and all return the same whole table.
    """
    samples = views_to_test(stream, clips)
    altered = samples if alter is None else [alter(sample) for sample in samples]
    world, rank = (distributed.get_world_size(), distributed.get_rank()) if distributed.is_initialized() else (1, 0)
    # Whole clips, so that the process that finds a clip unreadable has all of its views: 5 clips, 2 processes -> rank 0
    # has clips 0, 2, 4, rank 1 has 1, 3.
    positions = [position for position, sample in enumerate(samples) if sample.clip % world == rank]
    title = title if rank == 0 else ""
    scored = _score(stream, clips, altered, positions, device=device, threads=threads, title=title)
    of_processes: list[Any] = [scored]
    if world > 1:
        of_processes = [None] * world
        distributed.all_gather_object(of_processes, scored)
    return _table(stream, clips, samples, of_processes)


def _score(
    stream: Stream,
    clips: Clips,
    samples: Sequence[Sample],
    positions: Sequence[int],
    *,
    device: str,
    threads: int,
    title: str,
) -> _ProcessScores:
    """Score the samples at these positions."""
    # No more views at once than a training step has in memory.
    size = VIEWS if stream.recipe is None else -(-stream.recipe.batch // stream.recipe.accumulate)
    batches = in_batches([samples[position] for position in positions], size)
    position_of = {(samples[position].clip, samples[position].number): position for position in positions}
    failed: dict[int, str] = {}
    scored: list[int] = []
    scores: list[Floats] = []
    shown = progress(title, len(positions), unit="views") if title else nullcontext()
    with shown as bar:
        for batch in _readable(stream, clips, batches, failed, device=device, threads=threads):
            with torch.inference_mode():
                scores.append(logits(stream.model, batch.inputs, classes=len(clips.classes)))
            scored += [position_of[sample.clip, sample.number] for sample in batch.samples]
            if bar is not None:
                bar.step(len(batch.samples))
    rows = np.concatenate(scores) if scores else np.empty((0, len(clips.classes)), dtype=np.float32)
    return _ProcessScores(np.array(scored, dtype=np.int64), rows, failed)


def _readable(
    stream: Stream,
    clips: Clips,
    batches: Sequence[list[Sample]],
    failed: dict[int, str],
    *,
    device: str,
    threads: int,
) -> Iterator[Batch]:
    """Yield batches in order; one with an unreadable clip comes clip by clip without it, and `failed` has it."""
    remaining = list(batches)
    while remaining:
        count = 0
        try:
            for batch in prefetched_batches(stream, clips, remaining, device=device, threads=threads):
                count += 1
                yield batch
            return
        except Unreadable as error:
            # Batch `count` failed. Split it by clip and begin again there; a batch of one clip is that clip, left out.
            by_clip = [list(of_clip) for _, of_clip in groupby(remaining[count], key=lambda sample: sample.clip)]
            if len(by_clip) == 1:
                failed[by_clip[0][0].clip] = str(error)
                by_clip = []
            remaining = [*by_clip, *remaining[count + 1 :]]


def _table(
    stream: Stream, clips: Clips, samples: Sequence[Sample], of_processes: Sequence[_ProcessScores]
) -> pd.DataFrame:
    """Return the rows by clip and view, failed clips among them; SlateboardError unless every view is scored once."""
    clip_of = np.fromiter((sample.clip for sample in samples), dtype=np.int64, count=len(samples))
    failed = {clip: reason for scored in of_processes for clip, reason in scored.failed.items()}
    for clip, reason in sorted(failed.items()):
        say(f"{stream.name}: not read: {clips.ids[clip]}: {reason}")
    is_failed = np.isin(clip_of, list(failed))
    # Processes could get equal numbers of views by repeating some, as torch's DistributedSampler does; a repeated view
    # would count twice in the mean of its clip.
    times = np.bincount(np.concatenate([scored.positions for scored in of_processes]), minlength=len(samples))
    wrong = sorted({clips.ids[clip] for clip in clip_of[~is_failed & (times != 1)].tolist()})
    if wrong:
        raise SlateboardError(
            f"{stream.name}: views of {len(wrong)} clips, as {wrong[0]}, were not scored exactly once by "
            f"{len(of_processes)} processes: all of them must read the same clips in the same order."
        )
    scores = np.empty((len(samples), len(clips.classes)), dtype=np.float32)
    for scored in of_processes:
        scores[scored.positions] = scored.scores
    missing = np.setdiff1d(np.arange(len(clips.ids)), clip_of[~is_failed])
    read = np.flatnonzero(~is_failed)
    clip_column = np.concatenate([clip_of[read], missing])
    numbers = np.fromiter((samples[position].number for position in read.tolist()), dtype=np.int64, count=len(read))
    no_scores: Floats = np.empty(0, dtype=np.float32)
    table = pd.DataFrame(
        {
            "clip_id": np.array(clips.ids, dtype=object)[clip_column],
            "view": np.concatenate([numbers, np.zeros(len(missing), dtype=np.int64)]),
            "stream": stream.name,
            "logits": [*scores[read], *([no_scores] * len(missing))],
            "label_index": clips.labels[clip_column],
            "failed": np.arange(len(clip_column)) >= len(read),
        }
    )
    return table.iloc[np.argsort(clip_column, kind="stable")].reset_index(drop=True)


def logits(model: Any, inputs: torch.Tensor, *, classes: int) -> Floats:
    """Return scores [views, classes] whose softmax is the prediction; -inf for a class without training clips."""
    if isinstance(model, nn.Module):
        model.eval()
        scores: Floats = model(inputs).float().cpu().numpy()
        return scores
    features = inputs.cpu().numpy()
    trained_classes = np.asarray(model.classes_)
    if hasattr(model, "decision_function"):
        decisions = np.asarray(model.decision_function(features))
        # For two classes scikit-learn gives one number d, of logistic regression log p1 / p0. The softmax of -d/2, d/2
        # is 1 / (1 + exp(d)), 1 / (1 + exp(-d)): these p0 and p1.
        decisions = np.stack([-decisions / 2, decisions / 2], axis=1) if decisions.ndim == 1 else decisions
    else:
        decisions = np.asarray(model.predict_log_proba(features))
    scores = np.full((len(features), classes), -np.inf, dtype=np.float32)
    scores[:, trained_classes] = decisions
    return scores


def fuse(predictions: pd.DataFrame, *, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return rows of the stream `fused`: the mean of the streams' softmax, view by view (MEI paper 3.4), as logs.

    `weights` are relative, by stream; equal unless given.
    """
    streams = list(dict.fromkeys(predictions["stream"]))
    tables = [predictions[predictions["stream"] == stream] for stream in streams]
    return fuse_predictions(tables, stream=FUSED, weights=[weights[name] for name in streams] if weights else None)
