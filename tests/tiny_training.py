"""A training of a second: drawn frames in memory, a network of three layers; also run by itself, in processes.

python tests/tiny_training.py RELEASE '{"FOLDER": {"epochs": 2}}' [reads after which it kills itself]
"""

import json
import os
import signal
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.devices import fabric
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry
from benchmark.recipe import Recipe
from benchmark.training import checkpoint, log
from benchmark.training.job import TrainingData
from benchmark.training.loop import train
from slateboard.dataset import Dataset, read_release
from slateboard.records.split import Split

SIZE = 8
RECIPE = Recipe(epochs=3, batch=5, optimiser="adam", learning_rate=0.02, validation_share=0.0, flip=False)


class Drawn:
    """Frames of noise, brighter for clips whose name says Right; counts what is read of each clip."""

    geometry = Geometry(SIZE)

    def __init__(self, *, dies_after: int | None = None) -> None:
        self.read: list[str] = []
        self._dies_after = dies_after

    def facts(self, clip_id: str) -> ClipFrames:
        return ClipFrames(20, SIZE, SIZE, "bt709", full_range=True)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        self.read.append(clip_id)
        if len(self.read) == self._dies_after:
            os.kill(os.getpid(), signal.SIGKILL)
        generator = np.random.default_rng(zlib.crc32(clip_id.encode()))
        frames = generator.integers(0, 200, (20, box.height * box.width * 3 // 2), dtype=np.uint8)
        return frames[indices] + np.uint8(40 * ("Right" in clip_id))


class Cut(Exception):
    """Stands for whatever ends a training."""


class Cutting(Drawn):
    """Fails after so many reads."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        if len(self.read) == self._after:
            raise Cut
        return super().planes(clip_id, indices, box)


def network(*, classes: int = 2, dropout: float = 0.5, norm: bool = False) -> nn.Sequential:
    """Return two convolutions and a dense layer; the same numbers each time."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2),
        nn.BatchNorm2d(6) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(8, classes),
    )


def tiny_stream(
    *, name: str = "all", classes: int = 2, dropout: float = 0.5, norm: bool = False, **over: Any
) -> Stream:
    """Return a stream of two frames' mean; `over` are fields of the recipe."""
    return Stream(
        name="all",
        sampler="dense_clip",
        sampler_parameters={"frames": 2},
        size=SIZE,
        preprocess=lambda frames: frames.mean(dim=1) - 0.5,
        model=network(classes=classes, dropout=dropout, norm=norm),
        recipe=replace(RECIPE, **over),
    )


def tiny_data(dataset: Dataset, *, frames: Drawn | None = None) -> TrainingData:
    """Return the dataset, its split and drawn frames."""
    split = Split.read(dataset.root / "splits" / "seags" / "1" / "split.json")
    return TrainingData(dataset, split, frames or Drawn())


def main(release: str, jobs: str, dies_after: str = "0") -> None:
    """Train in each folder, under whatever started this process; only the first of several may write."""
    torch.set_num_threads(1)
    dataset, here = read_release(Path(release)), fabric("cpu")
    if here.global_rank:
        checkpoint.atomic_write = log.append = _forbidden
    for folder, over in json.loads(jobs).items():
        minutes = over.pop("checkpoint_minutes", 5.0)
        frames, stream = Drawn(dies_after=int(dies_after) or None), tiny_stream(**over)
        material = tiny_data(dataset, frames=frames)
        train(stream, material, seed=0, fabric=here, folder=Path(folder), checkpoint_minutes=minutes)
        state = torch.cat([value.double().flatten() for value in stream.model.state_dict().values()])
        every = here.all_gather(state).reshape(here.world_size, -1)
        assert all(torch.equal(one, state) for one in every), "processes would test different networks"
        if here.global_rank == 0:
            print(json.dumps(frames.read))


def _forbidden(*_: object) -> None:
    raise AssertionError("only the first process writes")


if __name__ == "__main__":
    main(*sys.argv[1:])
