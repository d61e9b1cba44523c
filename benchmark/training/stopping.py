"""When a training ends, and which of its states is tested."""

from collections.abc import Mapping, Sequence

from benchmark.recipe import Recipe
from benchmark.training.phases import Phase

ENDS = {
    "epochs": "last",
    "stop_accuracy": "stopped early",
    "patience": "stopped early",
    "budget_minutes": "stopped by budget",
}
"""Why a training ended (the recipe's knob) -> what a result says of it."""


def why_ended(
    recipe: Recipe, phase: Phase, *, epoch: int, accuracy: float | None, best_epoch: int, seconds: float
) -> str:
    """Return why the training ends after `epoch` (from 1) of a phase, a key of ENDS; empty where it goes on.

    `best_epoch` is the one with the best validation accuracy so far, `seconds` are all of training so far. What is
    seen on validation clips ends only the last phase: those before it are whole.
    """
    if epoch == recipe.total_epochs:
        return "epochs"
    if phase.end == recipe.total_epochs and accuracy is not None:
        if accuracy > recipe.stop_accuracy:
            return "stop_accuracy"
        if recipe.patience and epoch - max(best_epoch, phase.first) >= recipe.patience:
            return "patience"
    return "budget_minutes" if recipe.budget_minutes and seconds >= 60 * recipe.budget_minutes else ""


def selection(recipes: Sequence[Recipe], rows: Sequence[Mapping[str, str]]) -> str:
    """Return which state of a run was tested, as its result says it: never one that was chosen by testing.

    `rows` are those of its log.csv. `last`, `stopped early`, `stopped by budget` (which depends on the machine), each
    after `best on validation` where the recipe chose so, and all that hold of several streams; `fitted` for estimators.
    """
    if not recipes:
        return "fitted"
    best = ["best on validation"] if any(recipe.select == "best" for recipe in recipes) else []
    ended = {row["ended"] for row in rows if row["ended"]}
    words = [words for words in dict.fromkeys(ENDS.values()) if any(ENDS[end] == words for end in ended)]
    early = [one for one in words if one != "last"]
    return ", ".join([*best, *early]) or "last"
