"""Plan a run: its record with every parameter settled and checked, before any network is built or any frame read."""

from collections.abc import Sequence
from typing import Any

from benchmark.baseline import Member
from benchmark.baseline_registry import BASELINES, ENSEMBLES
from benchmark.inputs.augmentation import NONE as NO_AUGMENTATION
from benchmark.inputs.augmentation import sees_whole
from benchmark.models.transfer.weight_registry import NONE, WeightRegistry
from benchmark.models.weights import identity
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.records.run import Failed, Model, Run
from slateboard.records.split import Split
from slateboard.registry import Parameters
from slateboard.settings import Settings

MEMBERS = "members"
"""Parameter of the baselines whose `build` gives members; the others are not built to find that out."""
JOINTLY = "jointly"
"""Parameter of a joint run's record beside those of the CARD: its datasets and splits in the order of training."""


def plan(
    settings: Settings,
    dataset: Dataset,
    split: Split,
    baseline: str,
    *,
    seed: int,
    over: Parameters | None = None,
    failed: Failed = "wrong",
) -> Run:
    """Return the record of a run: `over` is over settings.baselines, which is over the CARD's parameters.

    Raises BadInput with every unknown or ill-typed parameter, and SlateboardError where weights are not known.
    """
    model = _model(settings, dataset.classes, baseline, seed=seed, over=over or {})
    return Run(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=split.protocol,
        split=split.number,
        split_sha256=split.sha256,
        safe=split.safe,
        failed=failed,
        **dict(model),
    )


def _model(settings: Settings, classes: Sequence[str], baseline: str, *, seed: int, over: Parameters) -> Model:
    module = BASELINES.load(baseline)
    card = module.CARD
    from_settings = (
        {"validation_share": settings.train.validation_share} if "validation_share" in card.parameters else {}
    )
    stated = {**from_settings, **settings.baselines.get(baseline, {}), **over}
    settled = card.settle(stated, where=f"baselines.{baseline}")
    # 1 and 1.0 are the same run, so they must not give two folders.
    parameters: dict[str, Any] = {
        name: float(value) if isinstance(card.parameters[name].default, float) else value
        for name, value in settled.items()
    }
    ensemble: list[Member] = []
    if MEMBERS in parameters:
        ensemble = ENSEMBLES.load(baseline).build(classes, parameters, weights_dir=settings.weights_dir)
    members = tuple(_member(settings, classes, member, seed=seed) for member in ensemble)
    # Loaded here so that an unknown name is refused before anything is decoded.
    sees_whole(parameters.get("augmentation", NO_AUGMENTATION))
    # Relative weights become shares that sum to 1: 2, 1, 1 -> 0.5, 0.25, 0.25.
    total = sum(member.weight for member in ensemble)
    if members:
        weights, sha256 = ", ".join(sorted({member.weights for member in members})), None
    else:
        architecture = parameters.get("backbone", baseline)
        weights, sha256 = identity(architecture, parameters.get("weights", NONE), folder=WeightRegistry.of(settings))
    return Model(
        baseline=baseline,
        parameters=parameters,
        weights=weights,
        weights_sha256=sha256,
        seed=seed,
        threads=settings.train.threads,
        members=members,
        shares=tuple(member.weight / total for member in ensemble),
    )


def _member(settings: Settings, classes: Sequence[str], member: Member, *, seed: int) -> Model:
    """Return what a member is: the run that `bench train` would make of it with these settings."""
    if MEMBERS in BASELINES.load(member.baseline).CARD.parameters:
        raise SlateboardError(f"A member is itself an ensemble ({member.baseline}): name its members instead.")
    return _model(settings, classes, member.baseline, seed=seed, over=member.parameters)
