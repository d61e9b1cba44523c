"""Decoder sensitivity: a finished run on the same test clips, decoded by somebody else's decoder."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.devices import device_kind
from benchmark.evaluation import fuse, predict
from benchmark.frames.build import built
from benchmark.frames.pictures import decoder
from benchmark.frames.shard import PLANES
from benchmark.frames.shards import Shards
from benchmark.frames.store import Store
from benchmark.inputs.clips import clips_of
from benchmark.running.rerun import Loaded
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


class Row(Record):
    """One stream with the frames of one decoder."""

    decoder: str
    """Name and version."""
    stream: str
    n_clips: int
    n_failed: int
    """Clips that this decoder could not read; they count as wrong."""
    n_other_count: int
    """Clips that both read, of which it gives another number of frames than PyAV."""
    accuracy: float
    """Per video, 0-1."""
    changed: float
    """Share of clips whose predicted class is another than when the run was tested, 0-1."""
    largest_change: float
    """Greatest difference of any probability from when the run was tested, 0-1."""


class Sensitivity(Record):
    """What lies as sensitivity.json in the folder of a run."""

    tested: dict[str, float]
    """Stream -> accuracy as predictions.parquet of the run has it, 0-1; a clip that failed is wrong."""
    rows: tuple[Row, ...]
    """PyAV first: what differs from `tested` there is not the decoder's doing, but the form's or the machine's."""
    spread: dict[str, float]
    """Stream -> the highest accuracy of any decoder less the lowest, 0-1."""


def sensitivity(workspace: Workspace, loaded: Loaded, decoders: Sequence[str]) -> tuple[Sensitivity, pd.DataFrame]:
    """Return the accuracy of a finished run by decoder, and its predictions with a column `decoder`.

    Each decoder's pictures of the test clips are stored as planes; views are chosen by the number of frames that this
    decoder gives.
    """
    tested = read_predictions(loaded.folder)
    rows: list[Row] = []
    tables = []
    usual: dict[str, Store] = {}
    torch.set_num_threads(loaded.record.threads)
    with threadpool_limits(loaded.record.threads):
        for name in dict.fromkeys([PYAV, *decoders]):
            stores = {stream.name: _store(workspace, loaded, stream.name, decoded_by=name) for stream in loaded.streams}
            usual = usual or stores
            table = _predicted(workspace, loaded, stores, title=name)
            first = next(iter(stores))
            others = _other_counts(loaded, usual[first], stores[first])
            rows += _rows(loaded, tested, table, decoded_by=name, other_counts=others)
            tables.append(table.assign(decoder=decoder(name)))
    by_stream = {row.stream: [one.accuracy for one in rows if one.stream == row.stream] for row in rows}
    same = compare(tested, tested, loaded.dataset.clips, loaded.split)
    found = Sensitivity(
        tested={one.stream: one.overall.accuracy for one in same},
        rows=tuple(rows),
        spread={stream: max(all_of) - min(all_of) for stream, all_of in by_stream.items()},
    )
    return found, pd.concat(tables, ignore_index=True)


def tested_part(loaded: Loaded) -> Dataset:
    """Return the dataset of a run with its test clips alone; its identity is another one."""
    clips = loaded.dataset.clips
    own = clips[clips["clip_id"].isin(loaded.split.test)].reset_index(drop=True)
    return replace(loaded.dataset, clips=own, sha256=digest([loaded.dataset.sha256, sorted(own["clip_id"])]))


def _store(workspace: Workspace, loaded: Loaded, stream: str, *, decoded_by: str) -> Store:
    geometry = next(one.geometry for one in loaded.streams if one.name == stream)
    place = Place(budget=Budget.of(workspace.settings.limits))
    folder = built(workspace.stores, tested_part(loaded), geometry, form=PLANES, decoded_by=decoded_by, place=place)
    return Store(Shards(folder, geometry))


def _predicted(workspace: Workspace, loaded: Loaded, stores: dict[str, Store], *, title: str) -> pd.DataFrame:
    """Return the predictions of all streams, and of their mean where there are several."""
    device = device_kind(workspace.settings.train.device)
    found = []
    for stream in loaded.streams:
        for part in (stream.model, stream.prepare):
            if isinstance(part, nn.Module):
                part.to(device)
        clips = clips_of(loaded.dataset, loaded.split.test, stores[stream.name])
        found.append(predict(stream, clips, device=device, title=f"{title} {stream.name}"))
    together = pd.concat(found, ignore_index=True)
    return pd.concat([together, fuse(together)], ignore_index=True) if len(found) > 1 else together


def _other_counts(loaded: Loaded, one: Store, other: Store) -> int:
    """Return of how many clips that both read two decoders give different numbers of frames."""
    pairs = [(one.facts(clip).frames, other.facts(clip).frames) for clip in loaded.split.test]
    return sum(a != b for a, b in pairs if a and b)


def _rows(
    loaded: Loaded, tested: pd.DataFrame, table: pd.DataFrame, *, decoded_by: str, other_counts: int
) -> list[Row]:
    """Return a row a stream of what a decoder's frames gave, against what was tested."""
    failed = table[table["failed"]].groupby("stream")["clip_id"].nunique()
    count = len(loaded.split.test)
    return [
        Row(
            decoder=decoder(decoded_by),
            stream=one.stream,
            n_clips=count,
            n_failed=int(failed.get(one.stream, 0)),
            n_other_count=other_counts,
            accuracy=one.overall.other,
            changed=one.n_changed / count,
            largest_change=one.largest_change,
        )
        for one in compare(tested, table, loaded.dataset.clips, loaded.split)
    ]
