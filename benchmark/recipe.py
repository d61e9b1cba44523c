"""Recipe: how a network is trained, knob by knob, and the parameters of every network's CARD that set it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NotRequired, TypedDict, get_args

from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.registry import Parameter, Parameters

Optimiser = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "cosine", "step", "exponential"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
Select = Literal["last", "best"]


def _knob(default: Any, unit: str, meaning: str) -> Any:
    return field(default=default, metadata={"parameter": Parameter(default, unit, meaning)})


class StatedPhase(TypedDict):
    """A phase as the parameter `phases` states it."""

    epochs: int
    train: NotRequired[str | int]
    """all, head, or the number of last layers; all unless given."""
    learning_rate: NotRequired[float]
    """The recipe's unless given."""


@dataclass(frozen=True)
class Recipe:
    """How one network is trained. Fields with a unit and a meaning are parameters of every network's CARD."""

    epochs: int = _knob(10, "epochs", "times that every training view is seen; where there are phases, theirs count")
    batch: int = _knob(32, "views", "in a step")
    accumulate: int = _knob(1, "-", "parts in which the views of a step go through the network; saves memory")
    optimiser: str = _knob("adam", "-", "sgd, adam or adamw")
    learning_rate: float = _knob(1e-4, "-", "at its highest, after warm-up")
    momentum: float = _knob(0.9, "-", "of sgd; adam and adamw have torch's own")
    weight_decay: float = _knob(0.0, "-", "torch's weight_decay")
    schedule: str = _knob("constant", "-", "constant, cosine (to 0), step or exponential, after warm-up")
    step_epochs: Sequence[int] = _knob((), "epochs", "after which the learning rate is multiplied by gamma (step)")
    gamma: float = _knob(0.1, "-", "factor at each of step_epochs, or after each epoch (exponential)")
    warmup_share: float = _knob(0.0, "share", "of the steps over which the learning rate rises from 0")
    label_smoothing: float = _knob(0.0, "0-1", "share of the target that is spread over all classes")
    clip_norm: float = _knob(0.0, "-", "greatest L2 norm of the gradient; 0: any")
    ema: float = _knob(0.0, "0-1", "decay a step of the moving average of the weights, which is tested; 0: none")
    phases: Sequence[StatedPhase] = _knob(
        (), "-", "trainings one after the other: epochs, train (all, head, or the number of last layers), learning_rate"
    )
    precision: str = _knob("32-true", "-", "32-true, bf16-mixed or 16-mixed")
    compile: bool = _knob(False, "-", "torch.compile the network")
    validation_share: float = _knob(0.3, "share", "held back to watch; that of [train] unless given")
    stop_accuracy: float = _knob(1.0, "0-1", "validation accuracy above which training ends; 1: never")
    patience: int = _knob(0, "epochs", "without a better validation accuracy, after which training ends; 0: never")
    budget_minutes: float = _knob(0.0, "minutes", "of training after which it ends, after a whole epoch; 0: none")
    select: str = _knob("last", "-", "state that is tested: last, or best (on the clips held back)")
    flip: bool = _knob(True, "-", "double the training views by mirrored copies")
    never_flip: Sequence[str] = _knob((), "-", "names of classes whose direction is their label")
    colour: float = _knob(0.0, "share", "by which the channels of a training view are scaled at most, by chance")
    augmentation: str = _knob("none", "-", "file name in benchmark/augmentations, applied to training views")
    twin_rate: float = _knob(-1.0, "0-1", "of views taken from a clip's twin with effects; below 0: twins are clips")
    folded_batchnorm: bool = False
    """Measure BatchNorm's statistics before the first step: the weights came with BatchNorm folded away."""

    def __post_init__(self) -> None:
        """Raise BadInput with everything in it that the loop could not follow."""
        problems = []
        choices_of = {"optimiser": Optimiser, "schedule": Schedule, "precision": Precision, "select": Select}
        for name, choices in choices_of.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                problems.append(Problem(name, f"is '{value}'.", did_you_mean(value, get_args(choices))))
        for name in ("epochs", "batch", "accumulate"):
            if getattr(self, name) < 1:
                problems.append(Problem(name, f"is {getattr(self, name)}.", "Give 1 or more."))
        for name in ("validation_share", "label_smoothing", "ema", "warmup_share"):
            if not 0 <= getattr(self, name) < 1:
                problems.append(Problem(name, f"is {getattr(self, name)}.", "Give 0 or more and less than 1."))
        for name in ("learning_rate", "weight_decay", "clip_norm", "patience", "budget_minutes"):
            if not getattr(self, name) >= 0:
                problems.append(Problem(name, f"is {getattr(self, name)}.", "Give 0 or more."))
        for number, phase in enumerate(self.phases, 1):
            problems += _phase_problems(f"phases: number {number}", phase)
        if self.select == "best" and not self.validation_share:
            problems.append(Problem("select", "is 'best', but nothing is held back.", "Give a validation_share."))
        if problems:
            raise BadInput(problems)

    @property
    def total_epochs(self) -> int:
        """Epochs of the whole training: of all phases, where there are any."""
        # phases of 20 and 5 epochs are 25, whatever `epochs` says.
        return sum(phase["epochs"] for phase in self.phases) if self.phases else self.epochs


def _phase_problems(where: str, phase: StatedPhase) -> list[Problem]:
    """Return what is wrong with one of a recipe's phases."""
    keys = ("epochs", "train", "learning_rate")
    problems = [Problem(where, f"has '{key}'.", did_you_mean(key, keys)) for key in phase if key not in keys]
    epochs, train, rate = phase.get("epochs"), phase.get("train", "all"), phase.get("learning_rate", 0)
    if type(epochs) is not int or epochs < 1:
        problems.append(Problem(where, f"epochs is {epochs!r}.", "Give a whole number of 1 or more."))
    if train not in ("all", "head") and (type(train) is not int or train < 1):
        problems.append(Problem(where, f"train is {train!r}.", "Give all, head, or a number of layers of 1 or more."))
    if not isinstance(rate, int | float) or rate < 0:
        problems.append(Problem(where, f"learning_rate is {rate!r}.", "Give a number of 0 or more."))
    return problems


def training(**defaults: Any) -> dict[str, Parameter]:
    """Return the parameters of a network's CARD that say how it is trained, with a baseline's own defaults.

    A default may be a Parameter, where the baseline has a source to name for it.
    """
    knobs = {knob.name: knob.metadata["parameter"] for knob in fields(Recipe) if "parameter" in knob.metadata}
    unknown = sorted(set(defaults) - set(knobs))
    if unknown:
        raise SlateboardError(f"A Recipe has no {unknown[0]}. {did_you_mean(unknown[0], knobs)}")
    parameters = {}
    for name, parameter in knobs.items():
        value = defaults.get(name, parameter.default)
        value = list(value) if isinstance(value, tuple) else value
        parameters[name] = (
            value if isinstance(value, Parameter) else Parameter(value, parameter.unit, parameter.meaning)
        )
    return parameters


def recipe_of(parameters: Parameters, **over: Any) -> Recipe:
    """Return the recipe in the settled parameters of a CARD; `over` are fields that differ, as between streams."""
    names = {knob.name for knob in fields(Recipe)}
    return Recipe(**{**{name: value for name, value in parameters.items() if name in names}, **over})
