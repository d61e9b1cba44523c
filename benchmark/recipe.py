"""Recipe: how a network is trained; every knob of the loop and nothing else."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from slateboard.errors import SlateboardError, did_you_mean

Optimiser = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """One training, frozen."""

    epochs: int
    """Times that every view of every training clip is seen."""
    batch: int
    """Views in a step."""
    optimiser: str
    learning_rate: float
    """At its highest, after warm-up."""
    weight_decay: float = 0.0
    momentum: float = 0.9
    """Of sgd; adam and adamw have torch's own."""
    schedule: str = "constant"
    """cosine: falls to 0 at the last step."""
    warmup_share: float = 0.0
    """Share of the steps over which the learning rate rises from 0."""
    label_smoothing: float = 0.0
    validation_share: float = 0.0
    """Share of the training clips, by whole groups, that is held back to watch; 0: none."""
    stop_accuracy: float = 1.0
    """Training ends after the epoch whose validation accuracy is above this (MEI paper 4.5: 0.9); 1: never."""
    flip_classes: tuple[int, ...] = ()
    """Classes whose training views are doubled by mirrored copies (MEI paper 4.2)."""
    shift: int = 0
    """Pixels by which a training view is moved at most, by chance (benchmark/frames/augment.py)."""
    colour: float = 0.0
    """Share by which the colours of a training view are changed at most, by chance."""
    folded: bool = False
    """Measure BatchNorm statistics before the first step: the weights came with BatchNorm folded away."""

    def __post_init__(self) -> None:
        """Refuse what the loop could not follow."""
        for name, value, known in (
            ("optimiser", self.optimiser, get_args(Optimiser)),
            ("schedule", self.schedule, get_args(Schedule)),
        ):
            if value not in known:
                raise SlateboardError(f"Unknown {name} '{value}'. {did_you_mean(value, known)}")
        for name, number in (("epochs", self.epochs), ("batch", self.batch)):
            if number < 1:
                raise SlateboardError(f"'{name}' is {number}; give 1 or more.")
        if not 0 <= self.validation_share < 1:
            raise SlateboardError(f"'validation_share' is {self.validation_share}; give 0 or more and less than 1.")


def learning_rate(step: int, recipe: Recipe, *, steps: int) -> float:
    """Return the learning rate of a 0-based step out of `steps`: warm-up, then constant or cosine."""
    warmup = round(recipe.warmup_share * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    if recipe.schedule == "constant":
        return recipe.learning_rate
    share = (step - warmup) / max(steps - warmup, 1)
    return recipe.learning_rate * (1 + math.cos(math.pi * share)) / 2
