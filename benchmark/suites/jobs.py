"""Plan a suite: every combination of its parameters is a run, checked before the first one begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmark.baseline_registry import BASELINES
from benchmark.running.planning import plan
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import digest
from slateboard.records.run import Run
from slateboard.records.split import Split
from slateboard.records.suite import Suite, SuiteRun
from slateboard.registry import Parameters
from slateboard.settings import Settings
from slateboard.workspace import Workspace
from splits.folder import existing, find_split


@dataclass(frozen=True)
class SuiteJob:
    """One run of a suite."""

    label: str
    """Baseline, the parameters that differ from its usual ones, split and seed."""
    record: Run
    members: tuple[str, ...]
    """Folders of the runs that it averages: jobs of the same suite, which run first."""


def plan_suite(workspace: Workspace, suite: Suite, dataset: Dataset) -> list[SuiteJob]:
    """Return the runs of a suite in its order, members of ensembles before the ensemble; none twice.

    Raises BadInput with every unknown name and ill-typed parameter of all runs.
    """
    # The baselines of slateboard.toml do not count here: the same suite means the same runs everywhere.
    settings = workspace.settings.model_copy(update={"baselines": suite.baselines})
    problems: list[Problem] = []
    records: dict[str, Run] = {}
    for split in _splits(workspace, suite, dataset):
        for seed, suite_run in product(suite.seeds, suite.run):
            for over in combinations(suite_run):
                try:
                    record = plan(
                        settings, dataset, split, suite_run.baseline, seed=seed, over=over, failed=suite.failed
                    )
                except BadInput as error:
                    problems += error.problems
                except SlateboardError as error:
                    problems.append(Problem(suite_run.baseline, str(error), ""))
                else:
                    # Two ensembles with a member in common share its run: the folder is made of all that the record
                    # states, so the same folder means the same run, and the first place in the order stays.
                    members = [record.of(member) for member in record.members]
                    for planned in (*members, record):
                        records.setdefault(planned.folder, planned)
    if problems:
        raise BadInput(list(dict.fromkeys(problems)))
    return [
        SuiteJob(_label(settings, record), record, tuple(record.of(member).folder for member in record.members))
        for record in records.values()
    ]


def _splits(workspace: Workspace, suite: Suite, dataset: Dataset) -> list[Split]:
    protocol = suite.protocol or workspace.settings.release.protocol
    keys = [key.rpartition("-") for key in existing(workspace, dataset)]
    numbers = suite.splits or sorted(int(number) for name, _, number in keys if name == protocol)
    if not numbers:
        raise SlateboardError(f"{dataset.key} has no split of {protocol}. Make it with `slateboard split make`.")
    return [find_split(workspace, dataset, protocol=protocol, number=number) for number in numbers]


def combinations(suite_run: SuiteRun) -> Iterator[Parameters]:
    """Yield the parameters of each run of a [[run]] table, the first key of `grid` changing slowest."""
    # set = {width = 2}, grid = {size = [32, 48], fc = [8]} -> {width: 2, size: 32, fc: 8}, {width: 2, size: 48, fc: 8}
    for values in product(*suite_run.grid.values()):
        yield {**suite_run.set, **dict(zip(suite_run.grid, values, strict=True))}


def _label(settings: Settings, record: Run) -> str:
    """Return the name of a run for people."""
    card = BASELINES.load(record.baseline).CARD
    usual = {name: parameter.default for name, parameter in card.parameters.items()}
    usual |= settings.baselines.get(record.baseline, {})
    differing = [f"{name}={_short(value)}" for name, value in record.parameters.items() if value != usual[name]]
    return " ".join([record.baseline, *differing, f"{record.protocol}-{record.split}", f"seed={record.seed}"])


def _short(value: Any) -> str:
    """Return a parameter's value for a label; a long one as its hash."""
    return str(value) if len(str(value)) <= 40 else f"#{digest(value, length=8)}"
