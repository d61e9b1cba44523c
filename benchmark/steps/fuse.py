"""Average the probabilities of finished runs on one split, by weight, as a run of its own: late fusion.

Streams of the same name are averaged with each other; where runs share none, the main stream of each is used.
Weights are equal or given, never fitted: a run keeps predictions of test clips only, which must not decide them.

Example: slateboard bench fuse demo-v1/seags-1/c3d/0-1a2b3c4d demo-v1/seags-1/hog_svm/0-5e6f7a8b --weights 0.6,0.4
"""

from typing import Annotated

import typer

from benchmark.running.fusion import find_runs, parse_weights, plan_fusion
from benchmark.running.load import load_record
from benchmark.running.runs import execute_run
from slateboard.dataset_lookup import dataset_at
from slateboard.json_output import JsonOutput
from slateboard.progress import show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    runs: Annotated[list[str], typer.Argument(help="Folders of two or more finished runs, as paths or below runs/.")],
    weights: Annotated[
        str | None, typer.Option(help="Weight of each run in their order, as 0.6,0.4; equal if not given.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Version or folder of the dataset; the release that the runs name if not given.")
    ] = None,
) -> JsonOutput:
    """Refuse runs that do not belong together, then average and score them."""
    members = find_runs(workspace.runs, runs)
    record = plan_fusion(members, parse_weights(weights) if weights is not None else None)
    named = dataset_at(workspace, dataset) if dataset is not None else None
    _, _, data, split = load_record(workspace, members[0][0], dataset=named)
    run = execute_run(workspace, data, split, record, members=members)
    for score in run.result.scores:
        show(f"{score.stream:<8} {100 * score.video_accuracy:.1f} % of {score.n_clips} clips  {run.folder}")
    return {
        "folder": str(run.folder),
        "is_new": run.is_new,
        "video_accuracy": {score.stream: score.video_accuracy for score in run.result.scores},
        "shares": list(record.shares),
    }
