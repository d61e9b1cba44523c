"""Train and evaluate baselines on a split; what is done already is not done again.

Parameters come from [baselines.NAME] of slateboard.toml; `slateboard ls baselines NAME` lists them, --set goes over
them. Weights are torchvision's (which it downloads), a name of benchmark/models/weights.py, a file, or none.

Example: slateboard bench train mei_two_stream --weights none --set backbone=resnet50 --set batch=16
"""

from typing import Annotated

import typer

from benchmark.baseline_registry import BASELINES
from benchmark.running.each_baseline import for_each_baseline
from benchmark.running.planning import plan
from benchmark.running.runs import FinishedRun, execute_run
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Problem
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.options import DatasetName, ProtocolName, SplitNumber, TrainingSeed
from slateboard.progress import say, show
from slateboard.records.run import Run
from slateboard.registry import Card, Parameters
from slateboard.workspace import Workspace
from splits.division import parameters_of
from splits.folder import find_split


def command(
    workspace: Workspace,
    baselines: Annotated[list[str], typer.Argument(help="Names, as `slateboard ls baselines` lists them.")],
    protocol: ProtocolName = None,
    split: SplitNumber = 1,
    dataset: DatasetName = None,
    seed: TrainingSeed = None,
    weights: Annotated[
        str | None, typer.Option(help="What networks begin with: torchvision, a name, a file, or none.")
    ] = None,
    over: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of every baseline named, as key=value; repeatable.")
    ] = None,
) -> JsonOutput:
    """Check all baselines first, then run each; one that fails does not stop the others."""
    settings = workspace.settings
    data = dataset_at(workspace, dataset)
    data_split = find_split(workspace, data, protocol=protocol or settings.release.protocol, number=split)
    run_seed = settings.train.seed if seed is None else seed
    words = [*(over or ()), *([f"weights={weights}"] if weights is not None else [])]
    names = list(dict.fromkeys(baselines))
    over_of = _parse_parameters(names, words)
    record_of = {name: plan(settings, data, data_split, name, seed=run_seed, over=over_of[name]) for name in names}

    def execute_and_show(name: str) -> FinishedRun:
        run = execute_run(workspace, data, data_split, record_of[name])
        _show(record_of[name], run)
        return run

    return {"runs": [_row(run) for run in for_each_baseline(names, execute_and_show)]}


def _parse_parameters(names: list[str], words: list[str]) -> dict[str, Parameters]:
    """Return the stated parameters by baseline; BadInput names every one that a baseline does not have."""
    over_of: dict[str, Parameters] = {}
    problems: list[Problem] = []
    for name in names:
        card: Card = BASELINES.load(name).CARD
        try:
            over_of[name] = parameters_of(words, card, where=name)
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return over_of


def _show(record: Run, run: FinishedRun) -> None:
    """Print the figures of a run, a line a stream."""
    for score in run.result.scores:
        figures = f"{100 * score.video_accuracy:.1f} % of {score.n_clips} clips"
        remark = "" if run.is_new else f"  (done before, frames: {run.result.frames})"
        show(f"{record.baseline:<16} {score.stream:<8} {figures}  {run.folder}{remark}")
    for warning in run.result.warnings:
        say(f"{record.baseline}: {warning}")


def _row(run: FinishedRun) -> JsonObject:
    """Return what --json prints of a run."""
    return {
        "folder": str(run.folder),
        "baseline": run.result.run.baseline,
        "is_new": run.is_new,
        "video_accuracy": {score.stream: score.video_accuracy for score in run.result.scores},
        "failed_clips": run.result.n_failed,
        "warnings": list(run.result.warnings),
    }
