"""Phases: trainings one after the other, each with layers of its own that learn while the others are frozen.

Sevilla 3.2.1 trains a new head alone for 20 epochs at 0.1, then the last three dense layers for 5; UNIR's first model
trains the last layers of a MobileNet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import nn

from benchmark.recipe import Recipe
from slateboard.errors import SlateboardError


@dataclass(frozen=True)
class Phase:
    """One of them; a recipe that names none is one phase that trains what the baseline left unfrozen."""

    number: int
    """From 1."""
    first: int
    """0-based epoch of the training with which it begins."""
    train: str | int | None
    """all, head (the last layer) or the number of last layers with weights; None: as the baseline was built."""
    recipe: Recipe
    """Of this phase alone: its epochs and its learning rate."""

    @property
    def end(self) -> int:
        """0-based epoch that is no longer of this phase."""
        return self.first + self.recipe.epochs


def phases_of(recipe: Recipe) -> list[Phase]:
    """Return the phases of a recipe in their order."""
    if not recipe.phases:
        return [Phase(1, 0, None, recipe)]
    found: list[Phase] = []
    for number, given in enumerate(recipe.phases, 1):
        own = {name: given[name] for name in ("epochs", "learning_rate") if name in given}
        first = found[-1].end if found else 0
        found.append(Phase(number, first, given.get("train", "all"), replace(recipe, phases=(), **own)))
    return found


def phase_at(phases: Sequence[Phase], epoch: int) -> Phase:
    """Return the phase of a 0-based epoch."""
    return next(phase for phase in phases if epoch < phase.end)


def free(network: nn.Module, train: str | int | None) -> None:
    """Let the layers of a phase learn and freeze the others; layers are those with weights, in order of their making.

    Raises SlateboardError where the network has fewer.
    """
    if train is None:
        return
    layers = [layer for layer in network.modules() if any(True for _ in layer.parameters(recurse=False))]
    count = len(layers) if train == "all" else 1 if train == "head" else int(train)
    if count > len(layers):
        raise SlateboardError(f"A phase trains the last {count} layers, but the network has {len(layers)} of them.")
    network.requires_grad_(False)
    for layer in layers[-count:]:
        for weight in layer.parameters(recurse=False):
            weight.requires_grad_(True)


def to_training(network: nn.Module) -> None:
    """Set training mode; BatchNorm whose weights are frozen keeps the statistics that it came with."""
    network.train()
    for layer in network.modules():
        own = list(layer.parameters(recurse=False))
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and own and not any(one.requires_grad for one in own):
            layer.eval()
