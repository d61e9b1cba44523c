"""Train or fit the streams of one run and test them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning_fabric import Fabric
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.evaluation import fuse, predict
from benchmark.frames.choose import form_of, frames_of
from benchmark.inputs.clips import Clips, clips_of
from benchmark.inputs.samples import views_to_test
from benchmark.inputs.sampling import clips_repeating
from benchmark.models.transfer.shelf import Shelf
from benchmark.running import facts
from benchmark.running.fitting import fit
from benchmark.running.planning import JOINTLY
from benchmark.running.seen import refuse_seen
from benchmark.training import log
from benchmark.training.checkpoint import file_of
from benchmark.training.job import TrainingData
from benchmark.training.loop import train
from benchmark.training.stopping import selection
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.records.result import StreamFacts
from slateboard.records.run import Run
from slateboard.records.split import Split
from slateboard.records.trained_on import TRAINED_ON, TrainedOn
from slateboard.settings import Training
from slateboard.workspace import Workspace


@dataclass(frozen=True)
class Tested:
    """What a run left to be scored and told."""

    predictions: pd.DataFrame
    """As leaderboards.score reads them."""
    trained_on: TrainedOn
    streams: Mapping[str, StreamFacts]
    epochs: Mapping[str, int]
    """Epochs really trained, by stream."""
    selection: str
    """Result.selection."""
    geometry: Mapping[str, Any]
    frames: str
    """Result.frames."""


def learn(workspace: Workspace, dataset: Dataset, split: Split, record: Run, *, folder: Path, here: Fabric) -> Tested:
    """Train or fit all streams of a run, as its record says, and predict its test list.

    `folder` is the run's; only the first process writes into it. Raises SeenInTraining where what a stream learned
    from, be it before this run, is tested.
    """
    torch.set_num_threads(record.threads)
    torch.manual_seed(record.seed)
    build = BASELINES.load(record.baseline).build
    streams: list[Stream] = build(dataset.classes, record.parameters, weights_dir=Shelf.of(workspace.settings))
    for stream in streams:
        refuse_seen(TrainedOn(train=stream.pretrained_on, validation=()), split, where=f"weights of {stream.name}")
        if JOINTLY in record.parameters and not file_of(folder, stream.name).is_file():
            together = ", ".join(record.parameters[JOINTLY])
            raise SlateboardError(
                f"{folder} is one of runs trained jointly on {together}, and has no checkpoint of {stream.name}: make "
                "it with `slateboard bench joint`."
            )
    frames = [frames_of(workspace, dataset, stream.geometry, device=here.device) for stream in streams]
    data_of_streams = [TrainingData(dataset, split, one, workspace.settings.frames.threads) for one in frames]
    settings = workspace.settings.train
    with threadpool_limits(record.threads):
        trained_on = _all_trained(streams, data_of_streams, here, folder, settings, seed=record.seed)
        if here.global_rank == 0:
            trained_on.write(folder / TRAINED_ON)
        refuse_seen(trained_on, split, where=str(folder))
        return _tested(streams, data_of_streams, here, folder, trained_on)


def _all_trained(
    streams: Sequence[Stream],
    data_of_streams: Sequence[TrainingData],
    here: Fabric,
    folder: Path,
    settings: Training,
    *,
    seed: int,
) -> TrainedOn:
    """Train or fit the streams one after the other; return the clips that decided any of them."""
    trained_on = TrainedOn(train=(), validation=())
    for stream, data in zip(streams, data_of_streams, strict=True):
        if isinstance(stream.preprocess, nn.Module):
            stream.preprocess.to(here.device)
        if stream.recipe is not None:
            minutes, loggers = settings.checkpoint_minutes, settings.loggers
            trained_on |= train(
                stream, data, seed=seed, fabric=here, folder=folder, checkpoint_minutes=minutes, loggers=loggers
            )
        else:
            first = here.global_rank == 0
            trained_on |= fit(stream, data, device=str(here.device), folder=folder, first=first)
        trained_on |= TrainedOn(train=stream.pretrained_on, validation=())
    return trained_on


def _tested(
    streams: Sequence[Stream],
    data_of_streams: Sequence[TrainingData],
    here: Fabric,
    folder: Path,
    trained_on: TrainedOn,
) -> Tested:
    """Predict the test list stream by stream, and their mean where there are several."""
    tables, found, device = [], {}, str(here.device)
    rows = log.read(folder / "log.csv")
    for stream, data in zip(streams, data_of_streams, strict=True):
        clips = clips_of(data.dataset, data.split.test, data.frames)
        started = time.perf_counter()
        title = f"test {stream.name}"
        tables.append(predict(stream, clips, device=device, threads=data.threads, title=title))
        seconds = time.perf_counter() - started
        found[stream.name] = _facts(stream, clips, rows, test_seconds=seconds, device=device)
    predictions = pd.concat(tables, ignore_index=True)
    if len(streams) > 1:
        predictions = pd.concat([predictions, fuse(predictions)], ignore_index=True)
    epochs = log.epochs(folder / "log.csv")
    return Tested(
        predictions=predictions,
        trained_on=trained_on,
        streams=found,
        epochs=epochs,
        selection=selection([stream.recipe for stream in streams if stream.recipe is not None], rows),
        geometry=facts.geometry(streams[0], predictions),
        frames=", ".join(sorted({form_of(data.frames) for data in data_of_streams})),
    )


def _facts(
    stream: Stream, clips: Clips, rows: Sequence[Mapping[str, str]], *, test_seconds: float, device: str
) -> StreamFacts:
    # What a search chose, where there was one.
    fitted = getattr(stream.model, "best_estimator_", stream.model)
    return StreamFacts(
        parameters=facts.parameters(replace(stream, model=fitted)),
        gflops=facts.gflops(stream, clips, device=device),
        train_seconds=sum(float(row["seconds"]) for row in rows if row["stream"] == stream.name),
        test_seconds=test_seconds,
        n_repeating=clips_repeating(views_to_test(stream, clips)),
        weights=stream.weights,
        weights_report=(stream.report,) if stream.report else (),
    )
