"""Gradient accumulation: which views of a step go through the networks together, what each counts, and their sums."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import nn

from benchmark.inputs.loader import Batch, prefetched_batches
from benchmark.inputs.samples import Sample
from benchmark.recipe import Recipe
from benchmark.training.job import TrainingJob


@dataclass(frozen=True)
class Portion:
    """The samples that one process puts through one network in one micro-batch."""

    samples: Sequence[Sample]
    loss_weight: float
    """Of each sample's loss in the loss of the step; 0 for a portion that would be empty and repeats a sample, because
    every process takes part in every micro-batch."""


@dataclass(frozen=True)
class MicroBatch:
    """One forward and backward pass of one process; the optimiser steps after the last one of a step."""

    step: int
    """0-based in the training."""
    is_first: bool
    is_last: bool
    views: int
    """Of the whole step, over all networks and processes."""
    batches: Sequence[Batch]
    """One for each network."""
    loss_weights: Sequence[float]
    """Portion.loss_weight of each network; 0 where none of its samples could be read."""


def split_step(
    batches: Sequence[Sequence[Sample]], *, accumulate: int, rank: int, world: int
) -> list[tuple[Portion, ...]]:
    """Return the micro-batches of a step for process `rank` of `world`: a portion of the batch of each network."""
    # The loss of a step is the mean over its views, added over the networks n with their batches B_n:
    #     L = sum_n  1 / |B_n|  sum_{i in B_n} loss_i
    # Every view is in the portion of exactly one process and one micro-batch. So with the weight 1 / |B_n| for each of
    # its views, the portions' losses add up to L, however unequal they are. A mean over each portion would not do.
    # 5 views, world=2, accumulate=2 -> rank 0: (0, 4), (2); rank 1: (1), (3); each view weighs 1/5.
    count = min(accumulate, max(-(-len(batch) // world) for batch in batches))
    of_rank = [batch[rank::world] for batch in batches]
    return [
        tuple(_portion(samples[number::count], batch) for samples, batch in zip(of_rank, batches, strict=True))
        for number in range(count)
    ]


def _portion(samples: Sequence[Sample], batch: Sequence[Sample]) -> Portion:
    return Portion(samples, 1 / len(batch)) if samples else Portion(batch[:1], 0.0)


def micro_batches(
    jobs: Sequence[TrainingJob], recipe: Recipe, fabric: Fabric, *, first: int, end: int
) -> Iterator[MicroBatch]:
    """Yield the micro-batches of this process in steps [first, end) of a training; their frames are prefetched.

    They are a pure function of the jobs' seed and the number of the step; nothing before `first` is read.
    """
    steps = list(zip(*[job.batches(first, end) for job in jobs], strict=True))
    processes = {"rank": fabric.global_rank, "world": fabric.world_size}
    portions = [split_step(batches, accumulate=recipe.accumulate, **processes) for batches in steps]
    loaders = [
        prefetched_batches(
            job.stream,
            job.training,
            [of_networks[network].samples for of_step in portions for of_networks in of_step],
            device=fabric.device,
            threads=job.data.threads,
            recipe=recipe,
            on_unreadable=job.note_unreadable,
        )
        for network, job in enumerate(jobs)
    ]
    for step, (of_step, batches) in enumerate(zip(portions, steps, strict=True), first):
        for number, of_networks in enumerate(of_step):
            loaded = [next(loader) for loader in loaders]
            yield MicroBatch(
                step=step,
                is_first=number == 0,
                is_last=number + 1 == len(of_step),
                views=sum(map(len, batches)),
                batches=loaded,
                loss_weights=list(map(_loss_weight, loaded, of_networks)),
            )


def _loss_weight(batch: Batch, portion: Portion) -> float:
    """Return the weight of each sample of a batch in the loss: none of one that could not be read."""
    return 0.0 if batch.is_blank else portion.loss_weight


def step_seed(stream: str, *, seed: int, step: int) -> int:
    """Return the seed of torch's generator for a 0-based step, so that dropout draws the same after a resume."""
    return zlib.crc32(f"{seed}/{stream}/{step}".encode())


def summed_loss(scores: torch.Tensor, labels: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return the cross entropy of scores [B, classes] to labels [B], summed over the views."""
    return nn.functional.cross_entropy(scores, labels, label_smoothing=recipe.label_smoothing, reduction="sum")


class EpochSums:
    """Loss, correct views and views of an epoch for each network, float64 on the device: reading them waits for it.

    Each process sums its own views; `resumed`, the totals of the checkpoint, are counted by the first process alone.
    """

    def __init__(self, networks: int, fabric: Fabric, *, resumed: Sequence[Sequence[float]]) -> None:
        # float64: 300,000 views of UCF101 at the loss of guessing, ln 101 = 4.6, sum to 1.4 million, which float32
        # knows to 0.125 and float64 to 2e-10.
        self._fabric = fabric
        if resumed and fabric.global_rank == 0:
            self._sums = torch.tensor(resumed, dtype=torch.float64, device=fabric.device)
        else:
            self._sums = torch.zeros(networks, 3, dtype=torch.float64, device=fabric.device)

    def add(self, network: int, scores: torch.Tensor, loss: torch.Tensor, labels: torch.Tensor) -> None:
        """Add a batch of a network, by its scores [B, classes], its summed loss and its labels [B]."""
        correct = (scores.detach().argmax(dim=1) == labels).sum()
        views = torch.full_like(correct, len(labels))
        self._sums[network] += torch.stack([loss.detach().double(), correct.double(), views.double()])

    def mean_loss(self) -> float:
        """Return the mean loss so far of the first network in this process."""
        return float(self._sums[0, 0] / self._sums[0, 2])

    def totals(self) -> list[list[float]]:
        """Return the sums over all processes, [loss, correct, views] for each network."""
        # A clone, as all_reduce writes its result into what it is given: the own sums go on after a checkpoint, and
        # with the totals in them they would be counted again by every process.
        totals = self._fabric.all_reduce(self._sums.clone(), reduce_op="sum")
        assert isinstance(totals, torch.Tensor)
        of_networks: list[list[float]] = totals.tolist()
        return of_networks
