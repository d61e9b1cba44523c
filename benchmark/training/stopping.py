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

    `best_epoch` has the best validation accuracy so far, `seconds` is the time of training so far. Validation ends only
    the last phase: those before it are whole.
    """
    # Phases of 20 and 5 epochs, patience 3: it ends after epoch 23 at the earliest, even if the best was epoch 4,
    # because only epochs of the last phase are waited for.
    if epoch == recipe.total_epochs:
        return "epochs"
    if phase.end == recipe.total_epochs and accuracy is not None:
        if accuracy > recipe.stop_accuracy:
            return "stop_accuracy"
        if recipe.patience and epoch - max(best_epoch, phase.first) >= recipe.patience:
            return "patience"
    return "budget_minutes" if recipe.budget_minutes and seconds >= 60 * recipe.budget_minutes else ""


def selection(recipes: Sequence[Recipe], rows: Sequence[Mapping[str, str]]) -> str:
    """Return which state of a run was tested, as its result states it: never one that was chosen on test clips.

    `rows` are those of its log.csv. `last`, `stopped early`, `stopped by budget` (which depends on the machine), each
    after `best on validation` where the recipe chose so, and all that hold of several streams; `fitted` for estimators.
    """
    if not recipes:
        return "fitted"
    best = ["best on validation"] if any(recipe.select == "best" for recipe in recipes) else []
    ended = {row["ended"] for row in rows if row["ended"]}
    words = [word for word in dict.fromkeys(ENDS.values()) if any(ENDS[end] == word for end in ended)]
    early = [word for word in words if word != "last"]
    return ", ".join([*best, *early]) or "last"
