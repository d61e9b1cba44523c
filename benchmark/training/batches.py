"""What a training step sees, as a pure function of seed, stream, epoch and step, so that resume is arithmetic."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.baseline import Stream
from benchmark.clips import Clips
from benchmark.evaluation import prepared
from benchmark.recipe import Recipe
from benchmark.sampling import View, views_of


@dataclass(frozen=True)
class Item:
    """One view, as it is or mirrored."""

    view: View
    mirrored: bool


def epoch_batches(stream: Stream, clips: Clips, recipe: Recipe, *, seed: int, epoch: int) -> list[list[Item]]:
    """Return the batches of a 0-based epoch: every view once (mirrored ones besides), in an order of its own.

    Batches differ by one item at most, so that none is too small for BatchNorm.
    """
    key = (seed, zlib.crc32(stream.name.encode()), epoch)
    views = views_of(clips.lengths, stream.sampler, stream.sampler_parameters, seed=key)
    items = [Item(view, mirrored=False) for view in views]
    items += [Item(view, mirrored=True) for view in views if clips.labels[view.clip] in recipe.flip_classes]
    order = np.random.default_rng(key).permutation(len(items))
    steps = -(-len(items) // recipe.batch)
    return [[items[position] for position in part] for part in np.array_split(order, steps)]


def load(stream: Stream, clips: Clips, batch: Sequence[Item]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs [B, ...] and 0-based classes [B]."""
    inputs = []
    for item in batch:
        one = prepared(stream, clips, item.view)
        inputs.append(one.flip(-1) if item.mirrored else one)
    classes = torch.from_numpy(clips.labels[[item.view.clip for item in batch]])
    return torch.stack(inputs), classes


def step_seed(stream: Stream, *, seed: int, step: int) -> int:
    """Return the seed of torch's generator for one step: dropout draws the same after a resume."""
    return zlib.crc32(f"{seed}/{stream.name}/{step}".encode())
