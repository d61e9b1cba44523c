"""Train and evaluate baselines on a split; what is done already is not done again.

Parameters come from [baselines.NAME] of slateboard.toml; `slateboard ls baselines NAME` lists them.

Example: slateboard bench train chance hog_svm mei_two_stream c3d
"""

from typing import Annotated, Any

import typer

from benchmark.runs import Outcome, plan, run
from slateboard.errors import Finding, SlateboardError
from slateboard.progress import say, show
from slateboard.workspace import Workspace
from splits.folder import find_split


def command(
    workspace: Workspace,
    baselines: Annotated[list[str], typer.Argument(help="Names, as `slateboard ls baselines` lists them.")],
    protocol: Annotated[
        str | None, typer.Option(help="Protocol of the split; that of the settings if not given.")
    ] = None,
    split: Annotated[int, typer.Option(help="Number of the split within the protocol, from 1.")] = 1,
    release: Annotated[str | None, typer.Option(help="Version, as v1; the newest if not given.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the training; that of the settings if not given.")] = None,
) -> dict[str, Any]:
    """Check all baselines first, then run each; one that fails does not stop the others."""
    settings = workspace.settings
    dataset = workspace.dataset(release)
    wanted = find_split(workspace, dataset, protocol=protocol or settings.release.protocol, number=split)
    chosen = settings.train.seed if seed is None else seed
    names = list(dict.fromkeys(baselines))
    for name in names:
        plan(settings, dataset, wanted, name, seed=chosen)
    done: list[Outcome] = []
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            outcome = run(workspace, dataset, wanted, name, seed=chosen)
        except (SlateboardError, RuntimeError) as error:
            say(f"{name}: failed: {error}")
            failures[name] = error
            continue
        done.append(outcome)
        _tell(name, outcome)
    if failures:
        kind = Finding if all(isinstance(error, Finding) for error in failures.values()) else SlateboardError
        told = [f"{name}: {error}" for name, error in failures.items()]
        raise kind(f"{len(failures)} of {len(names)} baselines failed:\n" + "\n".join(told))
    return {"runs": [_row(outcome) for outcome in done]}


def _tell(name: str, outcome: Outcome) -> None:
    """Print the figures of a run, a line a stream."""
    for score in outcome.result.scores:
        figures = f"{100 * score.video_accuracy:.1f} % of {outcome.result.n_expected} clips"
        known = "" if outcome.is_new else "  (done before)"
        show(f"{name:<16} {score.stream:<8} {figures}  {outcome.folder}{known}")
    for warning in outcome.result.warnings:
        say(f"{name}: {warning}")


def _row(outcome: Outcome) -> dict[str, Any]:
    """Return what --json prints of a run."""
    return {
        "folder": str(outcome.folder),
        "baseline": outcome.result.run.baseline,
        "is_new": outcome.is_new,
        "video_accuracy": {score.stream: score.video_accuracy for score in outcome.result.scores},
        "failed_clips": outcome.result.n_failed,
        "warnings": list(outcome.result.warnings),
    }
