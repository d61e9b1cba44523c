"""Decoder sensitivity: a finished run on the same test clips, decoded by another decoder."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.devices import device_kind
from benchmark.evaluation import fuse, predict
from benchmark.frames.build import build_store
from benchmark.frames.pictures import decoder
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.shard_reader import Shards
from benchmark.frames.shard_writer import PLANES
from benchmark.inputs.clips import clips_of
from benchmark.running.load import LoadedRun
from leaderboards.comparison import compare
from leaderboards.predictions import read_predictions
from slateboard.dataset import Dataset
from slateboard.engine import Budget, Place
from slateboard.files import digest
from slateboard.media.decoders import PYAV
from slateboard.records.base import Record
from slateboard.workspace import Workspace

SENSITIVITY = "sensitivity.json"
"""In the folder of a run."""


class DecoderScore(Record):
    """The accuracy of one stream with the frames of one decoder."""

    decoder: str
    """Name and version."""
    stream: str
    n_clips: int
    n_failed: int
    """Clips that this decoder could not read; they count as wrong."""
    n_other_count: int
    """Clips that both read and of which it gives another number of frames than PyAV."""
    accuracy: float
    """Per video, 0-1."""
    changed: float
    """Share of clips whose predicted class is another than when the run was tested, 0-1."""
    largest_change: float
    """Greatest difference of any probability from when the run was tested, 0-1."""


class Sensitivity(Record):
    """Content of sensitivity.json in the folder of a run."""

    tested: dict[str, float]
    """Stream -> accuracy by predictions.parquet of the run, 0-1; a clip that failed is wrong."""
    rows: tuple[DecoderScore, ...]
    """PyAV first: its difference from `tested` comes from the form of the store or the machine, not the decoder."""
    spread: dict[str, float]
    """Stream -> the highest accuracy of any decoder less the lowest, 0-1."""


def sensitivity(workspace: Workspace, loaded: LoadedRun, decoders: Sequence[str]) -> tuple[Sensitivity, pd.DataFrame]:
    """Return the accuracy of a finished run by decoder, and its predictions with a column `decoder`.

    Each decoder's pictures of the test clips are stored as planes; views are chosen by the number of frames that this
    decoder gives.
    """
    tested = read_predictions(loaded.folder)
    rows: list[DecoderScore] = []
    tables = []
    pyav_stores: dict[str, PlaneStore] = {}
    torch.set_num_threads(loaded.record.threads)
    with threadpool_limits(loaded.record.threads):
        for name in dict.fromkeys([PYAV, *decoders]):
            stores = {stream.name: _store(workspace, loaded, stream.name, decoded_by=name) for stream in loaded.streams}
            # PyAV is the first name, so its stores are those that the others are counted against.
            pyav_stores = pyav_stores or stores
            table = _predict(workspace, loaded, stores, title=name)
            stream_name = next(iter(stores))
            different = _count_different(loaded, pyav_stores[stream_name], stores[stream_name])
            rows += _scores(loaded, tested, table, decoded_by=name, different_counts=different)
            tables.append(table.assign(decoder=decoder(name)))
    accuracies: dict[str, list[float]] = {}
    for row in rows:
        accuracies.setdefault(row.stream, []).append(row.accuracy)
    # spread is the greatest accuracy less the least: what the choice of a decoder alone can make of one run.
    # Compared with itself: the accuracies of predictions.parquet, by the same code as those of the decoders.
    unchanged = compare(tested, tested, loaded.dataset.clips, loaded.split)
    result = Sensitivity(
        tested={comparison.stream: comparison.overall.accuracy for comparison in unchanged},
        rows=tuple(rows),
        spread={stream: max(of_stream) - min(of_stream) for stream, of_stream in accuracies.items()},
    )
    return result, pd.concat(tables, ignore_index=True)


def only_test_clips(loaded: LoadedRun) -> Dataset:
    """Return the dataset of a run with its test clips alone; its identity is another one."""
    clips = loaded.dataset.clips
    tested = clips[clips["clip_id"].isin(loaded.split.test)].reset_index(drop=True)
    return replace(loaded.dataset, clips=tested, sha256=digest([loaded.dataset.sha256, sorted(tested["clip_id"])]))


def _store(workspace: Workspace, loaded: LoadedRun, stream_name: str, *, decoded_by: str) -> PlaneStore:
    geometry = next(stream.geometry for stream in loaded.streams if stream.name == stream_name)
    place = Place(budget=Budget.of(workspace.settings.limits))
    clips = only_test_clips(loaded)
    folder = build_store(workspace.stores, clips, geometry, form=PLANES, decoded_by=decoded_by, place=place)
    return PlaneStore(Shards(folder, geometry))


def _predict(workspace: Workspace, loaded: LoadedRun, stores: dict[str, PlaneStore], *, title: str) -> pd.DataFrame:
    """Return the predictions of all streams, and of their mean where there are several."""
    device = device_kind(workspace.settings.train.device)
    tables = []
    for stream in loaded.streams:
        for module in (stream.model, stream.preprocess):
            if isinstance(module, nn.Module):
                module.to(device)
        clips = clips_of(loaded.dataset, loaded.split.test, stores[stream.name])
        tables.append(predict(stream, clips, device=device, title=f"{title} {stream.name}"))
    predictions = pd.concat(tables, ignore_index=True)
    return pd.concat([predictions, fuse(predictions)], ignore_index=True) if len(tables) > 1 else predictions


def _count_different(loaded: LoadedRun, pyav_store: PlaneStore, store: PlaneStore) -> int:
    """Return the number of clips that both read and of which two decoders give different numbers of frames."""
    # Decoders differ at the ends of files: 121 frames by one and 120 by another are the same clip with other views.
    counts = [(pyav_store.facts(clip).frames, store.facts(clip).frames) for clip in loaded.split.test]
    return sum(pyav != decoded for pyav, decoded in counts if pyav and decoded)


def _scores(
    loaded: LoadedRun, tested: pd.DataFrame, table: pd.DataFrame, *, decoded_by: str, different_counts: int
) -> list[DecoderScore]:
    """Return a score a stream: the predictions from a decoder's frames against those of the test."""
    failed = table[table["failed"]].groupby("stream")["clip_id"].nunique()
    count = len(loaded.split.test)
    return [
        DecoderScore(
            decoder=decoder(decoded_by),
            stream=comparison.stream,
            n_clips=count,
            n_failed=int(failed.get(comparison.stream, 0)),
            n_other_count=different_counts,
            accuracy=comparison.overall.other,
            changed=comparison.n_changed / count,
            largest_change=comparison.largest_change,
        )
        for comparison in compare(tested, table, loaded.dataset.clips, loaded.split)
    ]
