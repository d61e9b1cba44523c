"""Train one baseline on several datasets at once: a head for each on shared layers, a batch of each in every step.

HUST trains on UCF101 and HMDB51 so. Each dataset has a run with its result, which says what it was trained with. A
parameter of the baseline is given as for `slateboard bench train`.

Example: slateboard bench joint c3d --with data/hmdb51 --set epochs=20
"""

from typing import Annotated

import typer

from benchmark.baseline_registry import BASELINES
from benchmark.running.joint import run_jointly
from slateboard.dataset_lookup import dataset_at
from slateboard.json_output import JsonOutput
from slateboard.options import DatasetName, ProtocolName, SplitNumber, TrainingSeed
from slateboard.progress import say, show
from slateboard.workspace import Workspace
from splits.division import parameters_of
from splits.folder import find_split


def command(
    workspace: Workspace,
    baseline: Annotated[str, typer.Argument(help="A network's name, as `slateboard ls baselines` lists them.")],
    others: Annotated[list[str], typer.Option("--with", help="Another dataset: a version or a folder; repeatable.")],
    protocol: ProtocolName = None,
    split: SplitNumber = 1,
    dataset: DatasetName = None,
    seed: TrainingSeed = None,
    over: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the baseline, as key=value; repeatable.")
    ] = None,
) -> JsonOutput:
    """Find the datasets and splits, train, and print a line a dataset and stream."""
    settings = workspace.settings
    split_protocol = protocol or settings.release.protocol
    datasets = [dataset_at(workspace, name) for name in (dataset, *others)]
    splits = [find_split(workspace, data, protocol=split_protocol, number=split) for data in datasets]
    parameters = parameters_of(over or [], BASELINES.load(baseline).CARD, where=baseline)
    run_seed = settings.train.seed if seed is None else seed
    runs = run_jointly(workspace, list(zip(datasets, splits, strict=True)), baseline, seed=run_seed, over=parameters)
    for run in runs:
        for score in run.result.scores:
            figures = f"{100 * score.video_accuracy:.1f} % of {run.result.n_expected} clips"
            remark = "" if run.is_new else "  (done before)"
            show(f"{run.result.run.dataset:<16} {score.stream:<8} {figures}  {run.folder}{remark}")
        for warning in run.result.warnings:
            say(f"{run.result.run.dataset}: {warning}")
    return {"runs": [{"folder": str(run.folder), "dataset": run.result.run.dataset} for run in runs]}
