"""Checkpoints: all that a training needs to go on from the middle of an epoch as if nothing had happened."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from benchmark.models.strangers import read_tensors
from benchmark.training.networks import Weights
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import whole
from slateboard.records.trained_on import TrainedOn


@dataclass
class State:
    """How far a training is."""

    epoch: int = 0
    """Whole ones done."""
    step: int = 0
    """Steps done in the epoch under way; the next batch follows from it."""
    sums: list[list[float]] = field(default_factory=list)
    """Of the epoch under way and each network: loss over views, views that were right, views."""
    seconds: float = 0.0
    """Of training in the epoch under way."""
    total_seconds: float = 0.0
    """Of training in whole epochs."""
    best_accuracy: float = -1.0
    """On the clips held back; below 0 where none was measured yet."""
    best_epoch: int = 0
    """From 1."""
    best: list[Weights] | None = None
    """Of each network after that epoch, where the best is to be tested."""
    finished: bool = False
    """The weights are those that are tested."""


@dataclass(frozen=True)
class Checkpoint:
    """One file; beyond the state it holds what the numbers of the next step depend on."""

    state: State
    trained_on: TrainedOn
    weights: list[Weights]
    """Of each network, the run's own first."""
    optimiser: dict[str, Any] | None = None
    """None in the last checkpoint: nobody needs it any more. So are the others below."""
    average: dict[str, Any] | None = None
    scaler: dict[str, Any] | None = None
    """Of the loss, for 16-mixed."""

    def write(self, path: Path) -> None:
        """Write it whole."""
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
        with whole(path) as temporary:
            torch.save(content, temporary)


def file_of(folder: Path, stream: str) -> Path:
    """Return where the checkpoint of a stream lies in the folder of its run."""
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
            f"{path} does not say how far it is and what it was trained and validated on: another version of "
            "slateboard wrote it. Remove it to begin anew."
        )
    try:
        return _checkpoint(content)
    except (ValueError, KeyError, TypeError) as error:
        what = f"is no checkpoint of ours ({str(error).split(chr(10))[0]})."
        raise BadInput([Problem(str(path), what, "Remove it to begin anew.")]) from None


def _checkpoint(content: dict[str, Any]) -> Checkpoint:
    """Return the parts of a file as they are used; what else it may hold than ours is an error of Python's."""
    state = State(**{one.name: content[one.name] for one in fields(State) if one.name in content})
    numbers = (state.epoch, state.step, state.seconds, state.total_seconds, state.best_accuracy, state.best_epoch)
    weights = [content["model"], *content["others"]]
    if not all(isinstance(number, int | float) for number in numbers) or not isinstance(state.finished, bool):
        raise ValueError("how far it is is no number")
    if not all(isinstance(one, dict) for one in weights):
        raise ValueError("its weights are no tensors by name")
    return Checkpoint(
        state,
        TrainedOn(train=tuple(content["trained_on"]), validation=tuple(content["validated_on"])),
        weights,
        content["optimiser"],
        content["average"],
        content["scaler"],
    )
