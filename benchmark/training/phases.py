"""Phases: trainings one after the other, each of which trains some layers while the others are frozen.

Sevilla 3.2.1 trains a new head alone for 20 epochs at 0.1, then the last three dense layers for 5; UNIR's first model
trains the last layers of a MobileNet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.recipe import Recipe


@dataclass(frozen=True)
class Phase:
    """One phase; a recipe without phases is one that trains what the baseline left unfrozen."""

    number: int
    """From 1."""
    first: int
    """0-based epoch of the training at which it begins."""
    train: str | int | None
    """all, head (the last layer) or the number of last layers with weights; None: as the baseline was built."""
    recipe: Recipe
    """Of this phase alone: its epochs and its learning rate."""

    @property
    def end(self) -> int:
        """0-based epoch after its last one."""
        return self.first + self.recipe.epochs


def plan_phases(recipe: Recipe) -> list[Phase]:
    """Return the phases of a recipe in order."""
    if not recipe.phases:
        return [Phase(1, 0, None, recipe)]
    # epochs 20 (head), 5 (3) -> Phase(1, first=0, train="head"), Phase(2, first=20, train=3).
    phases: list[Phase] = []
    for number, stated in enumerate(recipe.phases, 1):
        rate = stated.get("learning_rate", recipe.learning_rate)
        of_phase = replace(recipe, phases=(), epochs=stated["epochs"], learning_rate=rate)
        first = phases[-1].end if phases else 0
        phases.append(Phase(number, first, stated.get("train", "all"), of_phase))
    return phases


def phase_at(phases: Sequence[Phase], epoch: int) -> Phase:
    """Return the phase of a 0-based epoch."""
    return next(phase for phase in phases if epoch < phase.end)
