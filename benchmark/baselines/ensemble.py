"""Ensemble: the mean of several runs' probabilities, stream by stream; members that are not finished are run first."""

from collections.abc import Mapping, Sequence

from benchmark.baseline import Member
from benchmark.baseline_registry import BASELINES
from benchmark.models.transfer.weight_registry import WeightRegistry
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.registry import Card, Parameter, Parameters

PRESETS: Mapping[str, Sequence[Parameters]] = {
    # Sizes: Tan and Le, ICML 2019, as torchvision's weights of each were trained.
    "efficientnet_ensemble": (
        {"backbone": "efficientnet_b0", "size": 224},
        {"backbone": "efficientnet_b1", "size": 240},
        {"backbone": "efficientnet_b2", "size": 260},
        {"backbone": "efficientnet_b3", "size": 300},
    ),
    # MEI paper 4.3: EnsembleNet of K = 5 base models.
    "ensemblenet": (
        {"backbone": "efficientnet_b0"},
        {"backbone": "densenet201"},
        {"backbone": "mobilenet_v2"},
        {"backbone": "resnet50"},
        {"backbone": "inception_v3"},
    ),
}
"""Parameters of the members by name of the preset."""

CARD = Card(
    title="Ensemble",
    source="EnsembleNet, MEI paper (Informatica 2023), 4.3 and Tables 3-5",
    parameters={
        "preset": Parameter("efficientnet_ensemble", "-", f"members: {' or '.join(PRESETS)}"),
        "baseline": Parameter("mei_two_stream", "-", "what the members of the preset are"),
        "over": Parameter({}, "-", "parameters of all members of the preset, over its own and those of the settings"),
        "members": Parameter([], "-", "in place of a preset: tables of baseline, set (its parameters), weight (1)"),
    },
)
_FIELDS = ("baseline", "set", "weight")


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Member]:
    """Return the members; raises BadInput that names every fault of a preset or of explicit members."""
    problems = _problems(parameters)
    if problems:
        raise BadInput(problems)
    if parameters["members"]:
        return [
            Member(member["baseline"], member.get("set", {}), weight=float(member.get("weight", 1)))
            for member in parameters["members"]
        ]
    preset = PRESETS[parameters["preset"]]
    return [Member(parameters["baseline"], {**of_member, **parameters["over"]}) for of_member in preset]


def _problems(parameters: Parameters) -> list[Problem]:
    if not parameters["members"]:
        name = parameters["preset"]
        return [] if name in PRESETS else [Problem("preset", f"is '{name}'.", did_you_mean(name, PRESETS))]
    problems = []
    for number, member in enumerate(parameters["members"], start=1):
        where = f"member {number}"
        if not isinstance(member, dict) or not isinstance(member.get("set", {}), dict):
            problems.append(Problem(where, f"is {member!r}.", "Give a table with baseline, set and weight."))
            continue
        problems += [
            Problem(where, f"unknown field '{name}'.", did_you_mean(name, _FIELDS))
            for name in member
            if name not in _FIELDS
        ]
        if member.get("baseline") not in BASELINES.names():
            remedy = did_you_mean(str(member.get("baseline")), BASELINES.names())
            problems.append(Problem(where, f"baseline is {member.get('baseline')!r}.", remedy))
        if not isinstance(member.get("weight", 1), int | float) or not member.get("weight", 1) > 0:
            problems.append(Problem(where, f"weight is {member.get('weight')!r}.", "Give a number above 0."))
    return problems
