"""Rounds: who puts which views of a step through the networks, divided over processes and over time."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lightning_fabric import Fabric

from benchmark.inputs.loader import Batch, prefetched_batches
from benchmark.inputs.samples import Sample
from benchmark.recipe import Recipe
from benchmark.training.task import Task


@dataclass(frozen=True)
class Part:
    """What one process puts through one network in one round."""

    items: Sequence[Sample]
    share: float
    """Of the step's mean loss that one of these items has: 1 / all items of the step, whoever has them; 0 for a part
    that was empty and repeats an item, because every process takes part in every round."""


@dataclass(frozen=True)
class Round:
    """One pass forward and backward of one process; a step of the optimiser follows on the last of its step."""

    step: int
    """0-based in the training."""
    is_first: bool
    is_last: bool
    views: int
    """Of the whole step, over all networks and processes."""
    fed: Sequence[tuple[Task, Batch, float]]
    """Of each network; the number is Part.share."""


def parts_of(batches: Sequence[Sequence[Sample]], *, accumulate: int, rank: int, world: int) -> list[tuple[Part, ...]]:
    """Return the rounds of a step for one of `world` processes: a part of the batch of each network.

    Summed over rounds and processes, the losses times their shares are the mean loss of each whole batch, so that the
    gradient does not depend on how it was divided, even where parts differ in size.
    """
    rounds = min(accumulate, max(-(-len(batch) // world) for batch in batches))
    own = [batch[rank::world] for batch in batches]
    return [
        tuple(_part(part[number::rounds], batch) for part, batch in zip(own, batches, strict=True))
        for number in range(rounds)
    ]


def _part(items: Sequence[Sample], batch: Sequence[Sample]) -> Part:
    return Part(items, 1 / len(batch)) if items else Part(batch[:1], 0.0)


def fed_rounds(tasks: Sequence[Task], recipe: Recipe, fabric: Fabric, *, first: int, end: int) -> Iterator[Round]:
    """Yield the rounds of this process in steps `first` to `end` of a training, with their frames read ahead.

    A pure function of the tasks' seed and the step's number but for the reading; nothing before `first` is read.
    """
    steps = list(zip(*[task.batches(first, end) for task in tasks], strict=True))
    spread = {"accumulate": recipe.accumulate, "rank": fabric.global_rank, "world": fabric.world_size}
    planned = [parts_of(batches, **spread) for batches in steps]
    feeds = [
        prefetched_batches(
            task.stream,
            task.training,
            [parts[number].items for rounds in planned for parts in rounds],
            device=fabric.device,
            threads=task.material.threads,
            recipe=recipe,
            on_unreadable=task.on_unreadable,
        )
        for number, task in enumerate(tasks)
    ]
    for step, (batches, rounds) in enumerate(zip(steps, planned, strict=True), first):
        for number, parts in enumerate(rounds):
            yield Round(
                step=step,
                is_first=number == 0,
                is_last=number + 1 == len(rounds),
                views=sum(map(len, batches)),
                fed=[_fed(task, next(feed), part) for task, feed, part in zip(tasks, feeds, parts, strict=True)],
            )


def _fed(task: Task, batch: Batch, part: Part) -> tuple[Task, Batch, float]:
    """Return a network's batch and the share of its items in the loss: none of one that could not be read."""
    return task, batch, 0.0 if batch.is_blank else part.share


def step_seed(stream: str, *, seed: int, step: int) -> int:
    """Return the seed of torch's generator for a 0-based step, so that dropout draws the same after a resume."""
    return zlib.crc32(f"{seed}/{stream}/{step}".encode())
