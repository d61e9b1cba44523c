"""Checkpoints: all that a training needs to go on from the middle of an epoch as if it had never stopped."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmark.models.strangers import read_tensors
from benchmark.training.networks import Weights
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import atomic_write
from slateboard.records.trained_on import TrainedOn


@dataclass
class TrainingState:
    """How far a training is. The loop alone changes it; every field is stored under its name in a checkpoint."""

    epoch: int = 0
    """Whole epochs done."""
    step: int = 0
    """Steps done in the current epoch; the next batch follows from it."""
    sums: list[list[float]] = field(default_factory=list)
    """Of the current epoch, for each network: summed loss, correct views, views."""
    seconds: float = 0.0
    """Of training in the current epoch."""
    total_seconds: float = 0.0
    """Of training in all whole epochs."""
    best_accuracy: float = -1.0
    """On the validation clips, 0-1; -1 before the first measurement."""
    best_epoch: int = 0
    """From 1."""
    best: list[Weights] | None = None
    """Weights of each network after best_epoch, where recipe.select is best."""
    finished: bool = False
    """The checkpoint holds the weights that are tested, and nothing to go on with."""


@dataclass(frozen=True)
class Checkpoint:
    """One file: the state, and all that the next step depends on."""

    state: TrainingState
    trained_on: TrainedOn
    weights: list[Weights]
    """Of each network, the run's own first."""
    optimiser: dict[str, Any] | None = None
    """Its state; None in the last checkpoint, as are the fields below."""
    average: dict[str, Any] | None = None
    scaler: dict[str, Any] | None = None
    """State of the loss scaling of 16-mixed."""

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        # No state of a random generator: every draw follows from the seed of the run, the epoch and the step.
        content = {
            "model": self.weights[0],
            "others": self.weights[1:],
            "trained_on": list(self.trained_on.train),
            "validated_on": list(self.trained_on.validation),
            "optimiser": self.optimiser,
            "average": self.average,
            "scaler": self.scaler,
            **vars(self.state),
        }
        with atomic_write(path) as temporary:
            torch.save(content, temporary)


def file_of(folder: Path, stream: str) -> Path:
    """Return the path of a stream's checkpoint in the folder of its run."""
    return folder / "checkpoints" / f"{stream}.pt"


def read(path: Path) -> Checkpoint | None:
    """Return the checkpoint, its tensors on the CPU; None where there is none."""
    if not path.is_file():
        return None
    try:
        content = read_tensors(path)
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}")
    except ValueError as error:
        what = f"is no checkpoint ({error})."
        raise BadInput([Problem(str(path), what, "Remove it to begin anew.")]) from None
    if not {"trained_on", "validated_on", "others", "step"} <= content.keys():
        raise SlateboardError(
            f"{path} does not state its step and what it was trained and validated on: another version of slateboard "
            "wrote it. Remove it to begin anew."
        )
    try:
        return _checkpoint(content)
    except (ValueError, KeyError, TypeError) as error:
        what = f"is no checkpoint of ours ({str(error).split(chr(10))[0]})."
        raise BadInput([Problem(str(path), what, "Remove it to begin anew.")]) from None


def _checkpoint(content: dict[str, Any]) -> Checkpoint:
    """Return a file's content as a Checkpoint; ValueError, KeyError or TypeError for content that is not ours."""
    stored = {name: content[name] for name in TrainingState.__dataclass_fields__ if name in content}
    state = TrainingState(**stored)
    numbers = (state.epoch, state.step, state.seconds, state.total_seconds, state.best_accuracy, state.best_epoch)
    weights = [content["model"], *content["others"]]
    if not all(isinstance(number, int | float) for number in numbers) or not isinstance(state.finished, bool):
        raise ValueError("its epoch, step or accuracy is not a number")
    if not all(isinstance(of_network, dict) for of_network in weights):
        raise ValueError("its weights are not tensors by name")
    return Checkpoint(
        state,
        TrainedOn(train=tuple(content["trained_on"]), validation=tuple(content["validated_on"])),
        weights,
        content["optimiser"],
        content["average"],
        content["scaler"],
    )
