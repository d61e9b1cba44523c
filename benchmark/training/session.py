"""One training: what its parts share, how it begins or goes on, and how it is saved and ended."""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.swa_utils import AveragedModel

from benchmark.inputs.loader import Batch, prefetched_batches
from benchmark.recipe import Recipe
from benchmark.training import checkpoint
from benchmark.training.calibrate import calibrate
from benchmark.training.checkpoint import Checkpoint, State
from benchmark.training.ema import average_of
from benchmark.training.memory import fitting
from benchmark.training.networks import Networks, spread
from benchmark.training.optimisers import optimiser_of
from benchmark.training.phases import Phase, free
from benchmark.training.task import Task, trained_on
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.progress import say
from slateboard.records.trained_on import TrainedOn

_CALIBRATION_VIEWS = 64
"""Views over which BatchNorm is measured where it was folded; 64 views of 7 x 7 maps are 3,136 values a channel."""
_AGREE_STEPS = 25
"""Steps after which several processes agree whether a checkpoint is due."""


@dataclass
class Training:
    """What the parts of the loop share."""

    tasks: Sequence[Task]
    seed: int
    fabric: Fabric
    minutes: float
    """Between checkpoints inside an epoch."""
    networks: Networks
    average: AveragedModel | None
    """Tested in the networks' place."""
    decided: list[TrainedOn]
    state: State
    saved: Checkpoint | None
    """What the training goes on from; its optimiser is loaded once."""
    scaler: dict[str, Any]
    """Of the loss before this training, for the next one to begin with."""
    model: Any = None
    """The networks, spread over processes, in the recipe's precision, compiled."""
    plain: torch.optim.Optimizer | None = None
    optimiser: Any = None
    """The same, with the scaling that the precision needs."""

    @property
    def recipe(self) -> Recipe:
        """Of all tasks."""
        return self.tasks[0].recipe

    @property
    def steps(self) -> int:
        """In an epoch."""
        return max(task.steps for task in self.tasks)

    @property
    def title(self) -> str:
        """For progress and errors."""
        return f"train {self.tasks[0].stream.name}"

    @property
    def tested(self) -> Networks:
        """The state that is validated and tested."""
        found = self.networks if self.average is None else self.average.module
        assert isinstance(found, Networks)
        return found


def begin(tasks: Sequence[Task], *, seed: int, fabric: Fabric, minutes: float) -> Training:
    """Return a training that is about to begin, or to go on from its checkpoint."""
    networks, state, decided = Networks([task.network for task in tasks]), State(), trained_on(tasks)
    scaler = dict(fabric.strategy.precision.state_dict())
    saved = checkpoint.read(checkpoint.file_of(tasks[0].folder, tasks[0].stream.name))
    if saved is None:
        _calibrate(tasks)
    else:
        # A run that was trained jointly has the other ones' weights besides.
        networks.load(saved.weights[: len(tasks)] if saved.state.finished else saved.weights)
        state = saved.state
        done = "is trained" if state.finished else "goes on"
        say(
            f"{tasks[0].stream.name}: {done} after epoch {state.epoch}" + (f", step {state.step}" if state.step else "")
        )
        decided[0] = saved.trained_on if state.finished else saved.trained_on | decided[0]
    networks.to(fabric.device)
    spread(networks, fabric)
    average = average_of(networks, tasks[0].recipe.ema)
    if saved is not None and not state.finished:
        if average is not None and saved.average is not None:
            average.load_state_dict(saved.average)
        fabric.strategy.precision.load_state_dict(saved.scaler or {})
    return Training(tasks, seed, fabric, minutes, networks, average, decided, state, saved, scaler)


def enter(training: Training, phase: Phase) -> None:
    """Begin a phase with an optimiser of its own, or go on inside it."""
    saved, state = training.saved, training.state
    free(training.networks, phase.train)
    plain = optimiser_of(training.networks, phase.recipe)
    if saved is not None and saved.optimiser is not None and (state.epoch > phase.first or state.step):
        plain.load_state_dict(saved.optimiser)
    # The wrapper of the phase before goes first: DDP's hooks on the weights would else answer to both.
    training.saved, training.plain, training.model, training.optimiser = None, plain, None, None
    forward: Any = _compiled(training) if training.recipe.compile else training.networks
    training.model, training.optimiser = training.fabric.setup(forward, plain)


def _compiled(training: Training) -> Any:
    """Return the networks as torch compiles them; MissingRequirement where a CPU's compiler is not there."""
    compilers = (os.environ.get("CXX", "g++"), "g++", "clang++")
    if training.fabric.device.type == "cpu" and not any(map(shutil.which, compilers)):
        raise MissingRequirement("compile needs a C++ compiler on a CPU: install g++, or set compile = false.")
    return torch.compile(training.networks)


def is_due(training: Training, *, since: float) -> bool:
    """Say whether it is time for a checkpoint; of several processes the first one's clock decides."""
    if not training.minutes:
        return True
    if training.fabric.world_size > 1 and training.state.step % _AGREE_STEPS:
        return False
    return training.fabric.broadcast(time.monotonic() - since >= 60 * training.minutes)


def save(training: Training) -> None:
    """Write the checkpoint to go on from."""
    if training.fabric.global_rank == 0:
        assert training.plain is not None
        average = None if training.average is None else training.average.state_dict()
        scaler = training.fabric.strategy.precision.state_dict()
        weights = training.networks.weights()
        optimiser = training.plain.state_dict()
        one = Checkpoint(training.state, training.decided[0], weights, optimiser, average, scaler)
        one.write(checkpoint.file_of(training.tasks[0].folder, training.tasks[0].stream.name))


def finish(training: Training) -> None:
    """Leave the state that is tested in the networks and in the last checkpoints, the first run's last of all."""
    state, networks = training.state, training.networks
    networks.load(state.best or training.tested.weights())
    if not all(weight.isfinite().all() for weight in networks.parameters()):
        # The loss of the last step was taken before it.
        raise SlateboardError(f"{training.title}: weights are no numbers after the last step; lower learning_rate.")
    state.finished, state.best = True, None
    training.fabric.strategy.precision.load_state_dict(training.scaler)
    if training.fabric.global_rank == 0:
        weights = networks.weights()
        for number in reversed(range(len(weights))):
            own = weights if number == 0 else weights[number : number + 1]
            task = training.tasks[number]
            last = Checkpoint(state, training.decided[number], own)
            last.write(checkpoint.file_of(task.folder, task.stream.name))


def loss_of(scores: torch.Tensor, batch: Batch, recipe: Recipe) -> torch.Tensor:
    """Return the cross entropy, summed over the views of a batch."""
    return nn.functional.cross_entropy(scores, batch.labels, label_smoothing=recipe.label_smoothing, reduction="sum")


def _calibrate(tasks: Sequence[Task]) -> None:
    """Measure BatchNorm where a network's weights came with it folded away."""
    for task in tasks:
        if task.recipe.folded:
            items = [item for batch in task.epoch(0) for item in batch][:_CALIBRATION_VIEWS]
            (batch,) = prefetched_batches(
                task.stream, task.training, [items], device="cpu", threads=0, on_unreadable=task.on_unreadable
            )
            layers = calibrate(task.network, batch.inputs)
            say(f"{task.stream.name}: {layers} BatchNorm layers measured anew")


def explaining_memory(training: Training) -> AbstractContextManager[None]:
    """Say what would fit where a batch does not."""
    fabric, recipe = training.fabric, training.recipe
    largest = max(-(-task.views // task.steps) for task in training.tasks)
    own = -(-largest // fabric.world_size)

    def attempt(views: int) -> None:
        first = [(task, task.epoch(0)[0][:views]) for task in training.tasks]
        fed = [
            next(
                prefetched_batches(
                    one.stream,
                    one.training,
                    [items],
                    device=fabric.device,
                    threads=0,
                    recipe=recipe,
                    on_unreadable=one.on_unreadable,
                )
            )
            for one, items in first
        ]
        # With leaves of its own, so that no process waits for another one's gradient.
        leaves = {
            name: one.detach().requires_grad_(one.requires_grad) for name, one in training.networks.named_parameters()
        }
        with fabric.autocast():
            inputs = tuple(batch.inputs for batch in fed)
            scores = torch.func.functional_call(training.networks, leaves, inputs)
            losses = [loss_of(one.float(), batch, recipe) for one, batch in zip(scores, fed, strict=True)]
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]

    return fitting(
        training.title,
        views=-(-own // recipe.accumulate),
        rounds=min(recipe.accumulate, own),
        device=str(fabric.device),
        attempt=attempt,
    )
