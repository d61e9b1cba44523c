"""Train one network on one dataset, or several that share layers; write log.csv and checkpoints.

slateboard bench train c3d
torchrun --nproc-per-node 2 -m slateboard bench train c3d
"""

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from pathlib import Path

import torch
from lightning_fabric import Fabric

from benchmark.baseline import Stream
from benchmark.logger import Logger, numeric_figures, open_loggers
from benchmark.recipe import Recipe
from benchmark.training import log
from benchmark.training.accumulation import EpochSums, micro_batches, step_seed, summed_loss
from benchmark.training.checkpoint import TrainingState
from benchmark.training.job import TrainingData, TrainingJob, plan_job
from benchmark.training.memory import suggest_batch_on_oom
from benchmark.training.networks import clone_state
from benchmark.training.optim import train_mode
from benchmark.training.phases import Phase, phase_at, plan_phases
from benchmark.training.session import Session, begin
from benchmark.training.stopping import why_ended
from slateboard.errors import SlateboardError
from slateboard.progress import Bar, progress
from slateboard.records.trained_on import TrainedOn

CHECKPOINT_MINUTES = 5.0
"""Between checkpoints inside an epoch: the most that is lost where a machine fails."""
_AGREE_STEPS = 25
"""Steps after which several processes agree on whether a checkpoint is due."""
_LOOK_SECONDS = 5.0
"""Between looks at the loss, at each of which the loop waits for the device."""


def train(
    stream: Stream,
    data: TrainingData,
    *,
    seed: int,
    fabric: Fabric,
    folder: Path,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    loggers: Sequence[str] = (),
) -> TrainedOn:
    """Train the stream's network in place and return the clips that influenced its weights.

    `folder` is the run's: log.csv and checkpoints/<stream>.pt. Killed and called again, it goes on from the last
    checkpoint and ends with the same weights, bit for bit on a CPU; what a checkpoint says of itself counts, even where
    it is of another split. Raises SlateboardError where the loss becomes NaN, or a batch does not fit into memory.
    """
    alone = [(stream, data, folder)]
    return train_jointly(alone, seed=seed, fabric=fabric, checkpoint_minutes=checkpoint_minutes, loggers=loggers)[0]


def train_jointly(
    trainings: Sequence[tuple[Stream, TrainingData, Path]],
    *,
    seed: int,
    fabric: Fabric,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    loggers: Sequence[str] = (),
) -> list[TrainedOn]:
    """Train networks on a dataset each, a batch of each in every step (HUST 4.1.6); return what influenced each one.

    They share the layers that `networks.share_trunk` made common; the losses are added. An epoch is one of the longest
    dataset, the others begin anew. All follow the first one's recipe; its folder has the checkpoint to go on from.
    """
    # Plan the data of each network, then begin anew or go on from a checkpoint.
    jobs = [plan_job(stream, data, folder, seed=seed) for stream, data, folder in trainings]
    recipe, phases = jobs[0].recipe, plan_phases(jobs[0].recipe)
    session, state = begin(jobs, fabric)
    if state.finished:
        return session.trained_on
    with ExitStack() as stack:
        bar = stack.enter_context(progress(session.title, _views_left(session, state), unit="views"))
        logs = [stack.enter_context(_open_loggers(job, loggers if fabric.global_rank == 0 else ())) for job in jobs]
        stack.enter_context(suggest_batch_on_oom(session))
        for epoch in range(state.epoch, recipe.total_epochs):
            # A phase begins: it trains other layers, with an optimiser of its own.
            phase = phase_at(phases, epoch)
            if session.model is None or epoch == phase.first:
                session.start_phase(phase, state)

            # Train: every view once, step by step.
            rate = _train_epoch(session, phase, state, bar, seed=seed, checkpoint_minutes=checkpoint_minutes)

            # Validate, and remember the best state. The clock stands from here on: this is not training.
            accuracies = session.validate()
            measured = [accuracy for accuracy in accuracies if accuracy is not None]
            mean = sum(measured) / len(measured) if measured else None
            if mean is not None and mean > state.best_accuracy:
                state.best_accuracy, state.best_epoch = mean, epoch + 1
                state.best = clone_state(session.tested.weights()) if recipe.select == "best" else None

            # Decide whether this was the last epoch; the first process's clock decides for all.
            best, seconds = state.best_epoch, state.total_seconds
            ended = why_ended(recipe, phase, epoch=epoch + 1, accuracy=mean, best_epoch=best, seconds=seconds)
            ended = fabric.broadcast(ended)

            # Log, then save. A row too many is cut off at the next start; one too few could not be mended.
            if fabric.global_rank == 0:
                _log_epoch(session, phase, state, accuracies, logs, rate=rate, ended=ended)
            state.epoch, state.step, state.sums, state.seconds = epoch + 1, 0, [], 0.0
            if ended:
                break
            session.save(state)
    # Leave the state that is tested in the networks and in the last checkpoints.
    session.finish(state)
    return session.trained_on


def _train_epoch(
    session: Session, phase: Phase, state: TrainingState, bar: Bar, *, seed: int, checkpoint_minutes: float
) -> float:
    """Train the rest of an epoch, step by step; return the last learning rate. state.sums are the epoch's figures."""
    jobs, fabric, recipe, steps = session.jobs, session.fabric, session.recipe, session.steps
    optimiser, first, rate, note = session.raw_optimiser, state.epoch * steps, 0.0, ""
    assert optimiser is not None
    train_mode(session.networks)
    sums = EpochSums(len(jobs), fabric, resumed=state.sums)
    looked = saved = started = time.monotonic()
    for micro_batch in micro_batches(jobs, recipe, fabric, first=first + state.step, end=first + steps):
        # A step begins: set the learning rate, and torch's seed, so that dropout draws the same after a resume and
        # something else in each process.
        if micro_batch.is_first:
            step_of_phase = micro_batch.step - phase.first * steps
            rate = learning_rate(step_of_phase, phase.recipe, steps=phase.recipe.epochs * steps)
            for group in optimiser.param_groups:
                group["lr"] = rate
            torch.manual_seed(step_seed(jobs[0].stream.name, seed=seed, step=micro_batch.step) + fabric.global_rank)

        # Forward and backward. Gradients add up over micro-batches; processes exchange them with the last one alone.
        with fabric.no_backward_sync(session.model, enabled=not micro_batch.is_last):
            scores = session.model(*[batch.inputs for batch in micro_batch.batches])
            loss = torch.zeros((), device=fabric.device)
            pairs = zip(micro_batch.batches, micro_batch.loss_weights, strict=True)
            for network, (batch, weight) in enumerate(pairs):
                of_network = summed_loss(scores[network], batch.labels, recipe)
                loss = loss + of_network * weight
                if weight:
                    sums.add(network, scores[network], of_network, batch.labels)
            # DDP divides the gradients of W processes by W, but the loss of a step is the sum over all of them.
            fabric.backward(loss * fabric.world_size)
        if not micro_batch.is_last:
            continue

        # Step: clip the gradient, change the weights, follow them with the moving average.
        if recipe.clip_norm:
            fabric.clip_gradients(session.model, optimiser, max_norm=recipe.clip_norm, error_if_nonfinite=False)
        session.optimiser.step()
        session.optimiser.zero_grad(set_to_none=True)
        if session.average is not None:
            session.average.update_parameters(session.networks)
        state.step += 1

        # Show how it goes; now and then the loss, too.
        now = time.monotonic()
        if now - looked >= _LOOK_SECONDS:
            looked, note = now, f"epoch {state.epoch + 1}, loss {sums.mean_loss():.3f}"
        bar.step(micro_batch.views, note)

        # Save, so that a failure costs minutes rather than an epoch.
        if state.step < steps and _is_due(fabric, state, minutes=checkpoint_minutes, since=saved):
            state.sums = _checked_totals(session, state, sums)
            state.seconds += time.monotonic() - started
            session.save(state)
            saved = started = time.monotonic()
    state.sums = _checked_totals(session, state, sums)
    state.seconds += time.monotonic() - started
    state.total_seconds += state.seconds
    return rate


def learning_rate(step: int, recipe: Recipe, *, steps: int) -> float:
    """Return the learning rate of a 0-based step out of `steps`, a pure function: warm-up, then the schedule."""
    # warmup_share=0.2, steps=10: the first two steps at 1/2 and 2/2 of recipe.learning_rate, then the schedule.
    warmup = round(recipe.warmup_share * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    # 40 steps in 4 epochs: step 19 is of epoch 1, step 20 of epoch 2 (from 0).
    epoch = step * recipe.epochs // steps
    match recipe.schedule:
        case "cosine":
            # SGDR (Loshchilov & Hutter 2017), eq. 5, without restarts and with a minimum of 0.
            # 4 steps without warm-up: 1, 0.85, 0.5 and 0.15 of the rate.
            share = (step - warmup) / max(steps - warmup, 1)
            return recipe.learning_rate * (1 + math.cos(math.pi * share)) / 2
        case "step":
            # step_epochs 31 and 63 of 94: 31 epochs at the rate, 32 at a tenth, 31 at a hundredth.
            return recipe.learning_rate * recipe.gamma ** sum(epoch >= boundary for boundary in recipe.step_epochs)
        case "exponential":
            return recipe.learning_rate * recipe.gamma**epoch
    return recipe.learning_rate


def _views_left(session: Session, state: TrainingState) -> int:
    """Return how many views are still to be trained on, over all networks."""
    of_epoch = sum(job.views * session.steps // job.steps for job in session.jobs)
    return (session.recipe.total_epochs - state.epoch) * of_epoch - sum(int(views) for _, _, views in state.sums)


def _is_due(fabric: Fabric, state: TrainingState, *, minutes: float, since: float) -> bool:
    """Return whether it is time for a checkpoint; of several processes the first one's clock decides."""
    if not minutes:
        return True
    # Clocks differ: if one process saved and another went on, they would wait for each other in different places.
    # Asking the first one makes all wait for it, so it is not asked in every step.
    if fabric.world_size > 1 and state.step % _AGREE_STEPS:
        return False
    return fabric.broadcast(time.monotonic() - since >= 60 * minutes)


def _checked_totals(session: Session, state: TrainingState, sums: EpochSums) -> list[list[float]]:
    """Return the sums over all processes; SlateboardError where the loss is NaN or infinite, or nothing was read."""
    totals = sums.totals()
    # A NaN of any process makes the sum NaN, so that all of them see it and end here together.
    if not all(math.isfinite(number) for of_network in totals for number in of_network):
        epoch = state.epoch + 1
        raise SlateboardError(f"{session.title}: loss became NaN or infinite in epoch {epoch}; lower learning_rate.")
    if not all(views for _, _, views in totals):
        raise SlateboardError(
            f"{session.title}: no training clip can be read any more. Restore them, and run it again."
        )
    return totals


def _log_epoch(
    session: Session,
    phase: Phase,
    state: TrainingState,
    accuracies: Sequence[float | None],
    logs: Sequence[Sequence[Logger]],
    *,
    rate: float,
    ended: str,
) -> None:
    """Write the row of an epoch to the log.csv of each run, and to its loggers."""
    epoch = state.epoch + 1
    of_jobs = zip(session.jobs, accuracies, state.sums, logs, strict=True)
    for job, accuracy, (loss, correct, views), loggers in of_jobs:
        row: log.LogRow = {
            "stream": job.stream.name,
            "phase": phase.number,
            "epoch": epoch,
            "step": epoch * session.steps,
            "train_loss": loss / views,
            "train_accuracy": correct / views,
            "validation_accuracy": accuracy,
            "learning_rate": rate,
            "seconds": state.seconds,
            "clips_per_second": views / state.seconds,
            "ended": ended,
        }
        log.append(job.folder / "log.csv", row)
        for logger in loggers:
            logger.log(epoch, numeric_figures(row))


def _open_loggers(job: TrainingJob, names: Sequence[str]) -> AbstractContextManager[list[Logger]]:
    parameters = {**asdict(job.recipe), "seed": job.seed}
    return open_loggers(names, job.folder, stream=job.stream.name, parameters=parameters)
