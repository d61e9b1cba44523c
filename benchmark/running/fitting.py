"""Fit an estimator of scikit-learn to the test-time views of its training clips."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmark.baseline import Stream
from benchmark.evaluation import VIEWS
from benchmark.inputs.clips import Clips, clips_of, readable
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import Sample, in_batches, views_to_test
from benchmark.models.estimators import ENDING, save_estimator
from benchmark.models.search import fit_by_group
from benchmark.training import log
from benchmark.training.job import TrainingData
from slateboard.errors import SlateboardError
from slateboard.progress import progress, say
from slateboard.records.run_folder import CHECKPOINTS, TRAINING_LOG
from slateboard.records.trained_on import TrainedOn
from splits.groups import group_keys


def fit(stream: Stream, data: TrainingData, *, device: str, folder: Path, writes: bool) -> TrainedOn:
    """Fit the stream's estimator in place to all training clips that can be read, and return those.

    With `writes`, as the first of several processes has it, its row of log.csv and checkpoints/<stream>.skops are
    written into the run's `folder`.
    """
    assert not isinstance(stream.model, nn.Module)
    started = time.perf_counter()
    clips = clips_of(data.dataset, data.split.train, data.frames)
    clips = readable(clips, purpose=f"training {stream.name}")
    samples = views_to_test(stream, clips)
    features, clip_of_row = _features(stream, clips, samples, device=device, threads=data.threads)
    # Rows are views: view r is of clip clip_of_row[r], whose class and group it takes. All views of a clip, and all
    # clips of a group, are so in one fold of a search.
    keys = group_keys(data.dataset.clips).set_axis(data.dataset.clips["clip_id"]).loc[list(clips.ids)]
    labels = clips.labels[clip_of_row]
    fit_by_group(stream.model, features, labels, keys.to_numpy()[clip_of_row])
    seconds = time.perf_counter() - started
    if writes:
        rate = len(labels) / seconds
        row: log.LogRow = {
            "stream": stream.name,
            "epoch": 0,
            "step": 0,
            "seconds": seconds,
            "clips_per_second": rate,
        }
        log.append(folder / TRAINING_LOG, row)
        # Of a grid search the chosen estimator is saved: the search itself cannot be loaded safely.
        fitted = getattr(stream.model, "best_estimator_", stream.model)
        save_estimator(folder / CHECKPOINTS / f"{stream.name}{ENDING}", fitted)
    return TrainedOn(train=clips.ids, validation=())


def _features(
    stream: Stream, clips: Clips, samples: Sequence[Sample], *, device: str, threads: int
) -> tuple[NDArray[np.float32], list[int]]:
    """Return float32 features [views, numbers] of the views that can be read, and the position of each one's clip."""
    features, clip_of_row = [], []
    unreadable: dict[str, str] = {}

    def on_unreadable(sample: Sample, reason: str) -> None:
        if sample.clip_id not in unreadable:
            unreadable[sample.clip_id] = reason
            say(f"{stream.name} is fitted without {sample.clip_id}: {reason}")

    with progress(f"describe {stream.name}", len(samples), unit="views") as bar:
        batches = in_batches(samples, VIEWS)
        for batch in prefetched_batches(
            stream, clips, batches, device=device, threads=threads, on_unreadable=on_unreadable
        ):
            if not batch.is_blank:
                features.append(batch.inputs.cpu().numpy())
                clip_of_row += [sample.clip for sample in batch.samples]
            bar.step(len(batch.samples))
    if not features:
        raise SlateboardError(f"{stream.name}: no training clip can be read any more. Restore them, and run it again.")
    return np.concatenate(features), clip_of_row
