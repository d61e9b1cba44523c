"""Train one network on one store; write its checkpoint and its rows of log.csv after every epoch.

slateboard bench train c3d
slateboard bench train mei_two_stream --protocol seags --split 1 --seed 1
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import nn

from benchmark.baseline import Stream
from benchmark.clips import clips_of, inner_split, readable
from benchmark.evaluation import predict
from benchmark.frames.augment import augment
from benchmark.frames.store import Store
from benchmark.recipe import Recipe, learning_rate
from benchmark.sampling import clips_looped
from benchmark.training import log
from benchmark.training.batches import epoch_batches, load, step_seed
from benchmark.training.calibrate import calibrate
from leaderboards.score import score
from slateboard.errors import SlateboardError
from slateboard.files import whole
from slateboard.progress import progress, say
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn

_CALIBRATION_VIEWS = 64
"""Views over which BatchNorm is measured where it was folded; 64 views of 7 x 7 maps are 3,136 values a channel."""


@dataclass(frozen=True)
class Material:
    """What a training reads: the clips of a dataset, their split and their frames."""

    table: pd.DataFrame
    """Columns of ReleasedClip, all clips of the dataset."""
    split: Split
    store: Store
    classes: int


def train(stream: Stream, material: Material, *, seed: int, device: str, folder: Path) -> TrainedOn:
    """Train the stream's network in place and return the clips that decided its weights.

    `folder` is the run's: log.csv and checkpoints/<stream>.pt. Killed and called again, it goes on after the last
    whole epoch and ends with the same weights, bit for bit on a CPU; what a checkpoint says of itself counts, be it
    of another split. `device`: auto, cpu or cuda.
    """
    recipe, network = stream.recipe, stream.model
    assert recipe is not None and isinstance(network, nn.Module)
    inner = inner_split(material.table, material.split, share=recipe.validation_share, seed=seed)
    training = readable(clips_of(material.table, inner.train, material.store), purpose=f"training {stream.name}")
    validation = clips_of(material.table, inner.test, material.store)
    if not training.ids:
        raise SlateboardError(f"No training clip of {material.split.key} can be decoded: look at the lines above.")

    fabric = Fabric(accelerator=device, devices=1)
    checkpoint = folder / "checkpoints" / f"{stream.name}.pt"
    batches = epoch_batches(stream, training, recipe, seed=seed, epoch=0)
    steps = recipe.epochs * len(batches)
    _report(stream, batches, clips=len(training.ids), held=len(validation.ids))
    if recipe.folded and not checkpoint.is_file():
        first = [item for batch in batches for item in batch][:_CALIBRATION_VIEWS]
        say(f"{stream.name}: {calibrate(network, load(stream, training, first)[0])} BatchNorm layers measured anew")
    optimiser = _optimiser(network, recipe)
    model, optimiser = fabric.setup(network, optimiser)
    first_epoch, finished, before = _resume(checkpoint, network, optimiser)
    if finished:
        return before
    trained_on = before | TrainedOn(train=training.ids, validation=validation.ids)

    title = f"train {stream.name}"
    views = sum(map(len, batches))
    with progress(title, (recipe.epochs - first_epoch) * views, unit="views") as bar:
        for epoch in range(first_epoch, recipe.epochs):
            started, loss_sum, right, seen, rate = time.perf_counter(), 0.0, 0, 0, 0.0
            model.train()
            batches = epoch_batches(stream, training, recipe, seed=seed, epoch=epoch)
            for number, batch in enumerate(batches):
                step = epoch * len(batches) + number
                rate = learning_rate(step, recipe, steps=steps)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                inputs, labels = load(stream, training, batch)
                chance = step_seed(stream, seed=seed, step=step)
                inputs = augment(inputs, shift=recipe.shift, colour=recipe.colour, seed=chance)
                inputs, labels = inputs.to(fabric.device), labels.to(fabric.device)
                torch.manual_seed(chance)
                scores = model(inputs)
                loss = nn.functional.cross_entropy(scores, labels, label_smoothing=recipe.label_smoothing)
                optimiser.zero_grad()
                fabric.backward(loss)
                optimiser.step()
                loss_sum += loss.item() * len(batch)
                right += int((scores.argmax(dim=1) == labels).sum())
                seen += len(batch)
                bar.step(len(batch), f"epoch {epoch + 1}, loss {loss_sum / seen:.3f}")
            seconds = time.perf_counter() - started
            if loss_sum != loss_sum:
                raise SlateboardError(f"{title}: the loss is no number in epoch {epoch + 1}; lower learning_rate.")

            # The clock stands: what follows is not training.
            accuracy = None
            if validation.ids:
                found = predict(stream, validation, classes=material.classes, device=str(fabric.device))
                accuracy = score(found, material.table, inner)[0].image_accuracy
            row = {
                "stream": stream.name,
                "epoch": epoch + 1,
                "step": (epoch + 1) * len(batches),
                "train_loss": loss_sum / seen,
                "train_accuracy": right / seen,
                "validation_accuracy": accuracy,
                "learning_rate": rate,
                "seconds": seconds,
                "clips_per_second": seen / seconds,
            }
            finished = epoch + 1 == recipe.epochs or (accuracy is not None and accuracy > recipe.stop_accuracy)
            # The log before the checkpoint: a row too many is cut off at the next start, one too few is not mended.
            log.append(folder / "log.csv", row)
            _save(checkpoint, network, optimiser, epoch=epoch + 1, finished=finished, trained_on=trained_on)
            if finished:
                break
    return trained_on


def _report(stream: Stream, batches: list[list[Any]], *, clips: int, held: int) -> None:
    """Say what is trained on what, and how many clips are too short."""
    numbers = f"{clips} clips, {sum(map(len, batches))} views in {len(batches)} steps an epoch"
    looped = clips_looped([item.view for batch in batches for item in batch])
    short = f", {looped} clips shorter than a view: frames repeat in them" if looped else ""
    say(f"{stream.name}: {numbers}, {held} clips held back to validate{short}")


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=recipe.momentum, lr=rate, weight_decay=decay)
    return (torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW)(
        parameters, lr=rate, weight_decay=decay
    )


def _resume(checkpoint: Path, network: nn.Module, optimiser: Any) -> tuple[int, bool, TrainedOn]:
    """Load the state after the last whole epoch; return how many are done, whether that is all, and on what."""
    if not checkpoint.is_file():
        return 0, False, TrainedOn(train=(), validation=())
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if not {"trained_on", "validated_on"} <= state.keys():
        raise SlateboardError(
            f"{checkpoint} does not say what it was trained and validated on. Remove it to begin anew."
        )
    network.load_state_dict(state["model"])
    if not state["finished"]:
        optimiser.load_state_dict(state["optimiser"])
    words = "is trained" if state["finished"] else "goes on"
    say(f"{checkpoint.stem}: {words} after epoch {state['epoch']}")
    before = TrainedOn(train=tuple(state["trained_on"]), validation=tuple(state["validated_on"]))
    return state["epoch"], state["finished"], before


def _save(
    checkpoint: Path,
    network: nn.Module,
    optimiser: Any,
    *,
    epoch: int,
    finished: bool,
    trained_on: TrainedOn,
) -> None:
    """Write a checkpoint whole; the last one is without the optimiser, which nobody needs any more."""
    state = {
        "model": network.state_dict(),
        "optimiser": None if finished else optimiser.state_dict(),
        "epoch": epoch,
        "finished": finished,
        "trained_on": list(trained_on.train),
        "validated_on": list(trained_on.validation),
    }
    with whole(checkpoint) as temporary:
        torch.save(state, temporary)
