"""Train one network on one dataset, or several that share layers; write log.csv and checkpoints.

slateboard bench train c3d
torchrun --nproc-per-node 2 -m slateboard bench train c3d
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from pathlib import Path

import torch
from lightning_fabric import Fabric

from benchmark.baseline import Stream
from benchmark.inputs.loader import Batch
from benchmark.logger import Logger, figures, opened
from benchmark.recipe import learning_rate
from benchmark.training import log
from benchmark.training.material import Material
from benchmark.training.networks import agree, copied
from benchmark.training.optimisers import set_rate
from benchmark.training.phases import Phase, phase_at, phases_of, to_training
from benchmark.training.rounds import fed_rounds, step_seed
from benchmark.training.session import Training, begin, enter, explaining_memory, finish, is_due, loss_of, save
from benchmark.training.stopping import why_ended
from benchmark.training.task import Task, task_of
from slateboard.errors import SlateboardError
from slateboard.progress import Bar, progress
from slateboard.records.trained_on import TrainedOn

CHECKPOINT_MINUTES = 5.0
"""Between checkpoints inside an epoch: what is lost at most where a machine fails."""
_LOOK_SECONDS = 5.0
"""Between looks at the loss, at each of which the loop waits for the device."""


def train(
    stream: Stream,
    material: Material,
    *,
    seed: int,
    fabric: Fabric,
    folder: Path,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    loggers: Sequence[str] = (),
) -> TrainedOn:
    """Train the stream's network in place and return the clips that decided its weights.

    `folder` is the run's: log.csv and checkpoints/<stream>.pt. Killed and called again, it goes on from the last
    checkpoint and ends with the same weights, bit for bit on a CPU; what a checkpoint says of itself counts, be it of
    another split. Raises SlateboardError where the loss is no number, or a batch does not fit into memory.
    """
    alone = [(stream, material, folder)]
    return train_jointly(alone, seed=seed, fabric=fabric, checkpoint_minutes=checkpoint_minutes, loggers=loggers)[0]


def train_jointly(
    parts: Sequence[tuple[Stream, Material, Path]],
    *,
    seed: int,
    fabric: Fabric,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    loggers: Sequence[str] = (),
) -> list[TrainedOn]:
    """Train networks on a dataset each, a batch of each in every step (HUST 4.1.6), and return what decided each one.

    They share what layers they share (`networks.share_trunk`); the losses are added. An epoch is one of the longest
    dataset, the others begin anew. All follow the first one's recipe, and its folder has the checkpoint to go on from.
    """
    tasks = [task_of(stream, material, folder, seed=seed) for stream, material, folder in parts]
    recipe, phases = tasks[0].recipe, phases_of(tasks[0].recipe)
    training = begin(tasks, seed=seed, fabric=fabric, minutes=checkpoint_minutes)
    state = training.state
    if state.finished:
        return training.decided
    with ExitStack() as stack:
        views = sum(task.views * training.steps // task.steps for task in tasks)
        left = (recipe.total_epochs - state.epoch) * views - sum(int(row[2]) for row in state.sums)
        bar = stack.enter_context(progress(training.title, left, unit="views"))
        logs = [stack.enter_context(_opened(task, loggers if fabric.global_rank == 0 else ())) for task in tasks]
        stack.enter_context(explaining_memory(training))
        for epoch in range(state.epoch, recipe.total_epochs):
            phase = phase_at(phases, epoch)
            if training.model is None or epoch == phase.first:
                enter(training, phase)
            rate = _train_epoch(training, phase, bar)

            # The clock stands: what follows is not training.
            accuracies = _validate(training)
            known = [accuracy for accuracy in accuracies if accuracy is not None]
            mean = sum(known) / len(known) if known else None
            best, seconds = state.best_epoch, state.total_seconds
            ended = why_ended(recipe, phase, epoch=epoch + 1, accuracy=mean, best_epoch=best, seconds=seconds)
            # The first process's clock decides for all.
            ended = fabric.broadcast(ended)
            # The log before the checkpoint: a row too many is cut off at the next start, one too few is not mended.
            if fabric.global_rank == 0:
                _log(training, phase, accuracies, logs, rate=rate, ended=ended)
            state.epoch, state.step, state.sums, state.seconds = epoch + 1, 0, [], 0.0
            if ended:
                break
            save(training)
    finish(training)
    return training.decided


def _train_epoch(training: Training, phase: Phase, bar: Bar) -> float:
    """Go through what is left of an epoch, step by step; return the last learning rate. state.sums are its figures."""
    state, recipe, fabric, plain = training.state, training.recipe, training.fabric, training.plain
    assert plain is not None
    steps, stream, rate, note = training.steps, training.tasks[0].stream, 0.0, ""
    first = state.epoch * steps
    to_training(training.networks)
    sums = _sums(training)
    looked = kept = started = time.monotonic()
    for turn in fed_rounds(training.tasks, recipe, fabric, first=first + state.step, end=first + steps):
        if turn.is_first:
            done = turn.step - phase.first * steps
            rate = learning_rate(done, phase.recipe, steps=phase.recipe.epochs * steps)
            set_rate(plain, rate)
            # Dropout draws the same after a resume, and something else in each process.
            torch.manual_seed(step_seed(stream.name, seed=training.seed, step=turn.step) + fabric.global_rank)
        with fabric.no_backward_sync(training.model, enabled=not turn.is_last):
            scores = training.model(*[batch.inputs for _, batch, _ in turn.fed])
            loss = torch.zeros((), device=fabric.device)
            for number, (own, (_, batch, share)) in enumerate(zip(scores, turn.fed, strict=True)):
                own_loss = loss_of(own, batch, recipe)
                loss = loss + own_loss * share
                if share:
                    sums[number] += _figures(own, own_loss, batch)
            # DDP takes the mean over processes, but a step's loss is their sum.
            fabric.backward(loss * fabric.world_size)
        if not turn.is_last:
            continue
        if recipe.clip_norm:
            fabric.clip_gradients(training.model, plain, max_norm=recipe.clip_norm, error_if_nonfinite=False)
        training.optimiser.step()
        training.optimiser.zero_grad(set_to_none=True)
        if training.average is not None:
            training.average.update_parameters(training.networks)
        state.step += 1
        now = time.monotonic()
        if now - looked >= _LOOK_SECONDS:
            looked, note = now, f"epoch {state.epoch + 1}, loss {float(sums[0, 0] / sums[0, 2]):.3f}"
        bar.step(turn.views, note)
        if state.step < steps and is_due(training, since=kept):
            state.sums = _totals(training, sums)
            state.seconds += time.monotonic() - started
            save(training)
            kept = started = time.monotonic()
    state.sums = _totals(training, sums)
    state.seconds += time.monotonic() - started
    state.total_seconds += state.seconds
    return rate


def _sums(training: Training) -> torch.Tensor:
    """Return loss, right and seen of each network so far, float64 on the device: reading them would be waiting.

    Each process counts its own; what came before a resume is with the first one.
    """
    count, device = len(training.tasks), training.fabric.device
    if training.state.sums and training.fabric.global_rank == 0:
        return torch.tensor(training.state.sums, dtype=torch.float64, device=device)
    return torch.zeros(count, 3, dtype=torch.float64, device=device)


def _figures(scores: torch.Tensor, loss: torch.Tensor, batch: Batch) -> torch.Tensor:
    right = (scores.detach().argmax(dim=1) == batch.labels).sum()
    return torch.stack([loss.detach().double(), right.double(), torch.full_like(right, len(batch.labels)).double()])


def _totals(training: Training, sums: torch.Tensor) -> list[list[float]]:
    """Return the sums over all processes; SlateboardError where the loss is no number."""
    found = training.fabric.all_reduce(sums.clone(), reduce_op="sum")
    assert isinstance(found, torch.Tensor)
    if not found.isfinite().all():
        epoch = training.state.epoch + 1
        raise SlateboardError(f"{training.title}: the loss is no number in epoch {epoch}; lower learning_rate.")
    totals: list[list[float]] = found.tolist()
    if not all(seen for _, _, seen in totals):
        raise SlateboardError(
            f"{training.title}: no training clip can be read any more. Restore them, and run it again."
        )
    return totals


def _validate(training: Training) -> list[float | None]:
    """Return the accuracy of each network on its clips held back, and remember the best state."""
    state, tested = training.state, training.tested
    agree(tested, training.fabric)
    pairs = zip(training.tasks, tested.networks, strict=True)
    found = [task.accuracy(network, training.fabric) for task, network in pairs]
    known = [one for one in found if one is not None]
    if known and sum(known) / len(known) > state.best_accuracy:
        state.best_accuracy, state.best_epoch = sum(known) / len(known), state.epoch + 1
        state.best = copied(tested.weights()) if training.recipe.select == "best" else None
    return found


def _log(
    training: Training,
    phase: Phase,
    accuracies: Sequence[float | None],
    logs: Sequence[Sequence[Logger]],
    *,
    rate: float,
    ended: str,
) -> None:
    """Write the row of an epoch to the log of each run, and to its loggers."""
    state = training.state
    for task, accuracy, (loss, right, seen), others in zip(training.tasks, accuracies, state.sums, logs, strict=True):
        row = {
            "stream": task.stream.name,
            "phase": phase.number,
            "epoch": state.epoch + 1,
            "step": (state.epoch + 1) * training.steps,
            "train_loss": loss / seen,
            "train_accuracy": right / seen,
            "validation_accuracy": accuracy,
            "learning_rate": rate,
            "seconds": state.seconds,
            "clips_per_second": seen / state.seconds,
            "ended": ended,
        }
        log.append(task.folder / "log.csv", row)
        for other in others:
            other.log(state.epoch + 1, figures(row))


def _opened(task: Task, names: Sequence[str]) -> AbstractContextManager[list[Logger]]:
    parameters = {**asdict(task.recipe), "seed": task.seed}
    return opened(names, task.folder, stream=task.stream.name, parameters=parameters)
