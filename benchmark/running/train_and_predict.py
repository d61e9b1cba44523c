"""Train or fit the streams of one run, and predict its test list."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from lightning_fabric import Fabric
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.evaluation import fuse, predict
from benchmark.frames.open_frames import form_of, open_frames
from benchmark.inputs.clips import Clips, clips_of
from benchmark.inputs.samples import views_to_test
from benchmark.inputs.sampling import clips_repeating
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.running import costs
from benchmark.running.contamination import check_contamination
from benchmark.running.fitting import fit
from benchmark.running.planning import JOINTLY
from benchmark.training import log
from benchmark.training.checkpoint import file_of
from benchmark.training.job import TrainingData
from benchmark.training.loop import train
from benchmark.training.stopping import selection
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.records.result import StreamCosts
from slateboard.records.run import Run
from slateboard.records.run_folder import TRAINED_ON, TRAINING_LOG
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn
from slateboard.settings import TrainingSettings
from slateboard.workspace import Workspace


@dataclass(frozen=True)
class RunOutput:
    """What a run is scored and reported by."""

    predictions: pd.DataFrame
    """As leaderboards.score reads them."""
    trained_on: TrainedOn
    streams: Mapping[str, StreamCosts]
    epochs: Mapping[str, int]
    """Epochs that were trained, by stream."""
    selection: str
    """Result.selection."""
    geometry: Mapping[str, object]
    """Result.geometry."""
    frames: str
    """Result.frames."""


def train_and_predict(
    workspace: Workspace, dataset: Dataset, split: Split, record: Run, *, folder: Path, fabric: Fabric
) -> RunOutput:
    """Train or fit all streams of a run, as its record says, and predict its test list.

    `folder` is the run's; only the first process writes into it. Raises ContaminatedTestSet where a test clip has
    influenced a stream's weights, in this run or before it.
    """
    torch.set_num_threads(record.threads)
    # Before the streams are built: their first weights are drawn from torch's generator.
    torch.manual_seed(record.seed)
    build = BASELINES.load(record.baseline).build
    streams: list[Stream] = build(dataset.classes, record.parameters, weights_dir=WeightRegistry.of(workspace.settings))
    for stream in streams:
        pretrained_on = TrainedOn(train=stream.pretrained_on, validation=())
        check_contamination(pretrained_on, split, where=f"weights of {stream.name}")
        if JOINTLY in record.parameters and not file_of(folder, stream.name).is_file():
            together = ", ".join(record.parameters[JOINTLY])
            raise SlateboardError(
                f"{folder} is one of runs trained jointly on {together}, and has no checkpoint of {stream.name}: make "
                "it with `slateboard bench joint`."
            )
    frames = [open_frames(workspace, dataset, stream.geometry, device=fabric.device) for stream in streams]
    threads = workspace.settings.frames.threads
    data_of_streams = [TrainingData(dataset, split, of_stream, threads) for of_stream in frames]
    settings = workspace.settings.train
    with threadpool_limits(record.threads):
        trained_on = _train_streams(streams, data_of_streams, fabric, folder, settings, seed=record.seed)
        if fabric.global_rank == 0:
            # Before the test: a run that is killed there has left what it was trained on.
            trained_on.write(folder / TRAINED_ON)
        check_contamination(trained_on, split, where=str(folder))
        return _predict_streams(streams, data_of_streams, fabric, folder, trained_on)


def _train_streams(
    streams: Sequence[Stream],
    data_of_streams: Sequence[TrainingData],
    fabric: Fabric,
    folder: Path,
    settings: TrainingSettings,
    *,
    seed: int,
) -> TrainedOn:
    """Train or fit the streams one after the other; return the clips that influenced any of them."""
    trained_on = TrainedOn(train=(), validation=())
    for stream, data in zip(streams, data_of_streams, strict=True):
        if isinstance(stream.preprocess, nn.Module):
            stream.preprocess.to(fabric.device)
        if stream.recipe is not None:
            minutes, loggers = settings.checkpoint_minutes, settings.loggers
            trained_on |= train(
                stream, data, seed=seed, fabric=fabric, folder=folder, checkpoint_minutes=minutes, loggers=loggers
            )
        else:
            writes = fabric.global_rank == 0
            trained_on |= fit(stream, data, device=str(fabric.device), folder=folder, writes=writes)
        trained_on |= TrainedOn(train=stream.pretrained_on, validation=())
    return trained_on


def _predict_streams(
    streams: Sequence[Stream],
    data_of_streams: Sequence[TrainingData],
    fabric: Fabric,
    folder: Path,
    trained_on: TrainedOn,
) -> RunOutput:
    """Predict the test list stream by stream, and their mean where there are several."""
    tables, streams_facts, device = [], {}, str(fabric.device)
    rows = log.read(folder / TRAINING_LOG)
    for stream, data in zip(streams, data_of_streams, strict=True):
        clips = clips_of(data.dataset, data.split.test, data.frames)
        # Reading and preparing frames is in it: what a person waits for.
        started = time.perf_counter()
        title = f"test {stream.name}"
        tables.append(predict(stream, clips, device=device, threads=data.threads, title=title))
        seconds = time.perf_counter() - started
        streams_facts[stream.name] = _facts(stream, clips, rows, test_seconds=seconds, device=device)
    predictions = pd.concat(tables, ignore_index=True)
    # Two streams or more: their mean is a stream of its own, and the main one.
    if len(streams) > 1:
        predictions = pd.concat([predictions, fuse(predictions)], ignore_index=True)
    epochs = log.epochs(folder / TRAINING_LOG)
    return RunOutput(
        predictions=predictions,
        trained_on=trained_on,
        streams=streams_facts,
        epochs=epochs,
        selection=selection([stream.recipe for stream in streams if stream.recipe is not None], rows),
        geometry=costs.geometry(streams[0], predictions),
        frames=", ".join(sorted({form_of(data.frames) for data in data_of_streams})),
    )


def _facts(
    stream: Stream, clips: Clips, rows: Sequence[Mapping[str, str]], *, test_seconds: float, device: str
) -> StreamCosts:
    # Where a grid search chose among estimators, the chosen one is what was trained.
    fitted = getattr(stream.model, "best_estimator_", stream.model)
    return StreamCosts(
        parameters=costs.parameters(replace(stream, model=fitted)),
        gflops=costs.gflops(stream, clips, device=device),
        train_seconds=sum(float(row["seconds"]) for row in rows if row["stream"] == stream.name),
        test_seconds=test_seconds,
        n_repeating=clips_repeating(views_to_test(stream, clips)),
        weights=stream.weights,
        weights_report=(stream.report,) if stream.report else (),
    )
