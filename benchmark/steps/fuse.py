"""Average the probabilities of finished runs on one split, by weight, as a run of its own: late fusion.

Streams of the same name are averaged with each other; where runs share none, the one that counts of each. Weights are
equal or given, never fitted: what a run keeps are predictions of test clips, and those must not decide them.

Example: slateboard bench fuse demo-v1/seags-1/c3d/0-1a2b3c4d demo-v1/seags-1/hog_svm/0-5e6f7a8b --weights 0.6,0.4
"""

from typing import Annotated, Any

import typer

from benchmark.running.fusing import find_runs, fused_record, numbers
from benchmark.running.rerun import load_record
from benchmark.running.runs import carry_out
from slateboard.dataset_lookup import dataset_at
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
) -> dict[str, Any]:
    """Refuse runs that do not belong together, then average and score them."""
    members = find_runs(workspace.runs, runs)
    record = fused_record(members, numbers(weights) if weights is not None else None)
    named = dataset_at(workspace, dataset) if dataset is not None else None
    _, _, known, split = load_record(workspace, members[0][0], dataset=named)
    outcome = carry_out(workspace, known, split, record, members=members)
    for score in outcome.result.scores:
        show(f"{score.stream:<8} {100 * score.video_accuracy:.1f} % of {score.n_clips} clips  {outcome.folder}")
    return {
        "folder": str(outcome.folder),
        "is_new": outcome.is_new,
        "video_accuracy": {score.stream: score.video_accuracy for score in outcome.result.scores},
        "shares": list(record.shares),
    }
