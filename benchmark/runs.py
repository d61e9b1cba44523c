"""A run from its record to its result: train, test, score, draw; result.json last, so that it means whole."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark import facts
from benchmark.baseline import BASELINES, FUSED, Stream
from benchmark.clips import Clips, clips_of, readable
from benchmark.evaluation import fuse, predict, prepared
from benchmark.figures import draw_confusion, draw_curves
from benchmark.frames import store
from benchmark.frames.pictures import Geometry
from benchmark.page import write_page
from benchmark.sampling import views_of
from benchmark.seen import group_warnings, refuse_seen
from benchmark.training import log
from benchmark.training.loop import Material, train
from benchmark.weights import NONE, identity
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.files import digest, whole, write_json
from slateboard.progress import say, track
from slateboard.records.result import Result, Score
from slateboard.records.run import Run
from slateboard.records.split import Split
from slateboard.records.trained_on import TRAINED_ON, TrainedOn
from slateboard.settings import Settings
from slateboard.workspace import Workspace
from splits.audit.audit import lists_sha256

RESULT = "result.json"
"""Written last: a folder without it is a run that is not whole."""


@dataclass(frozen=True)
class Outcome:
    """A run that is whole."""

    folder: Path
    result: Result
    is_new: bool
    """False: it was there already, and nothing was done."""


def run(
    workspace: Workspace, dataset: Dataset, split: Split, baseline: str, *, seed: int, runs: Path | None = None
) -> Outcome:
    """Train and test one baseline, or return the run that is there; killed and called again, it goes on.

    Parameters are those of settings.baselines over the CARD's. The folder of the run lies below `runs`, the
    workspace's unless given. Raises SlateboardError with what is wrong, SeenInTraining where a checkpoint in that
    folder was trained or validated on clips that are to be tested.
    """
    record = plan(workspace.settings, dataset, split, baseline, seed=seed)
    folder = (runs or workspace.runs) / record.folder
    if (folder / RESULT).is_file():
        return Outcome(folder, Result.read(folder / RESULT), is_new=False)
    device = facts.device(workspace.settings.train.device)
    environment = facts.environment(device)
    record.write(folder / "config.toml")
    write_json(folder / "environment.json", environment)
    say(f"{baseline}: run {record.folder} on {environment['device']}")
    torch.set_num_threads(record.threads)
    torch.manual_seed(seed)
    module = BASELINES.load(baseline)
    streams = module.build(dataset.classes, record.parameters, weights_dir=workspace.settings.weights_dir)
    materials = [_material(workspace, dataset, split, stream) for stream in streams]
    with threadpool_limits(record.threads):
        trained_on = TrainedOn(train=(), validation=())
        for stream, material in zip(streams, materials, strict=True):
            trained_on |= _learn(stream, material, folder, seed=seed, device=device)
        trained_on.write(folder / TRAINED_ON)
        refuse_seen(trained_on, split, where=str(folder))
        started = time.perf_counter()
        predictions = _test(streams, materials, device=device)
        test_seconds = time.perf_counter() - started
    with whole(folder / "predictions.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    scores = score(predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs)
    _draw(folder, scores, dataset.classes)
    failed = predictions.loc[predictions["failed"], "clip_id"].nunique()
    result = Result(
        run=record,
        title=module.CARD.title,
        train_sha256=digest(trained_on.train),
        n_expected=len(split.test),
        n_scored=len(split.test) - failed,
        n_failed=failed,
        scores=scores,
        parameters=sum(map(facts.parameters, streams)),
        gflops=_gflops(streams, materials, device=device),
        train_seconds=log.seconds(folder / "log.csv"),
        test_seconds=test_seconds,
        epochs=log.epochs(folder / "log.csv"),
        selection=_selection(streams, log.epochs(folder / "log.csv")),
        geometry=facts.geometry(streams[0], predictions),
        warnings=group_warnings(trained_on, dataset.clips, split),
        environment=environment,
    )
    write_page(folder, result)
    result.write(folder / RESULT)
    return Outcome(folder, result, is_new=True)


def plan(settings: Settings, dataset: Dataset, split: Split, baseline: str, *, seed: int) -> Run:
    """Return the record of a run, its parameters filled in and checked."""
    card = BASELINES.load(baseline).CARD
    from_settings = (
        {"validation_share": settings.train.validation_share} if "validation_share" in card.parameters else {}
    )
    given: Mapping[str, object] = {**from_settings, **settings.baselines.get(baseline, {})}
    parameters = card.settle(given, where=f"baselines.{baseline}")
    weights, sha256 = identity(
        parameters.get("backbone", ""), parameters.get("weights", NONE), folder=settings.weights_dir
    )
    return Run(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=split.protocol,
        split=split.number,
        split_sha256=lists_sha256(split),
        baseline=baseline,
        parameters=parameters,
        weights=weights,
        weights_sha256=sha256,
        seed=seed,
        threads=settings.train.threads,
    )


def _material(workspace: Workspace, dataset: Dataset, split: Split, stream: Stream) -> Material:
    frames = store.build(workspace.stores, dataset, Geometry(stream.size))
    return Material(dataset.clips, split, frames, len(dataset.classes))


def _learn(stream: Stream, material: Material, folder: Path, *, seed: int, device: str) -> TrainedOn:
    """Train a network or fit an estimator; return the clips that decided it."""
    if isinstance(stream.model, nn.Module):
        return train(stream, material, seed=seed, device=device, folder=folder)
    started = time.perf_counter()
    clips = clips_of(material.table, material.split.train, material.store)
    clips = readable(clips, purpose=f"training {stream.name}")
    features, labels = _features(stream, clips)
    stream.model.fit(features, labels)
    seconds = time.perf_counter() - started
    row = {"stream": stream.name, "epoch": 0, "step": 0, "seconds": seconds, "clips_per_second": len(labels) / seconds}
    log.append(folder / "log.csv", row)
    return TrainedOn(train=clips.ids, validation=())


def _features(stream: Stream, clips: Clips) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return a row of float32 features and a 0-based class for every test-time view of every clip."""
    views = views_of(clips.lengths, stream.sampler, stream.sampler_parameters, seed=None)
    described = track(views, f"describe {stream.name}", total=len(views), unit="views")
    features = torch.stack([prepared(stream, clips, view) for view in described])
    return features.numpy(), clips.labels[[view.clip for view in views]]


def _test(streams: Sequence[Stream], materials: Sequence[Material], *, device: str) -> pd.DataFrame:
    """Return predictions of all streams on the test list, and of their mean where there are several."""
    tables = []
    for stream, material in zip(streams, materials, strict=True):
        clips = clips_of(material.table, material.split.test, material.store)
        tables.append(predict(stream, clips, classes=material.classes, device=device, title=f"test {stream.name}"))
    found = pd.concat(tables, ignore_index=True)
    return pd.concat([found, fuse(found)], ignore_index=True) if len(streams) > 1 else found


def _gflops(streams: Sequence[Stream], materials: Sequence[Material], *, device: str) -> float | None:
    """Return the operations on one view of every stream; None where one of them cannot be counted."""
    counts = [
        facts.gflops(stream, material.store, material.split.test, device=device)
        for stream, material in zip(streams, materials, strict=True)
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _selection(streams: Sequence[Stream], epochs: Mapping[str, int]) -> str:
    """Return which state was tested."""
    recipes = {stream.name: stream.recipe for stream in streams if stream.recipe is not None}
    if not recipes:
        return "fitted"
    early = any(epochs[name] < recipe.epochs for name, recipe in recipes.items())
    return "stopped early" if early else "last"


def _draw(folder: Path, scores: Sequence[Score], classes: Sequence[str]) -> None:
    """Draw the curves of all streams and the confusion matrix of the one that counts."""
    main = next((one for one in scores if one.stream == FUSED), scores[0])
    draw_confusion(folder / "confusion.png", main, classes)
    rows = log.read(folder / "log.csv")
    if any(int(row["epoch"]) for row in rows):
        draw_curves(folder / "curves.png", rows)
