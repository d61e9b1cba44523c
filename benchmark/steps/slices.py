"""Show how a finished run does on parts of its test list: by effects, length, resolution, or any column of clips.csv.

Computed anew from predictions.parquet; nothing is written. Every part says of how many clips it is.

Example: slateboard bench slices runs/demo-v1/seags-1/c3d/0-1f2e3d4c --by camera --by licence
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from benchmark.running.load import load_record
from leaderboards.predictions import read_predictions
from leaderboards.score import score
from slateboard.options import FinishedRun
from slateboard.progress import show
from slateboard.records.result import Score
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    run: FinishedRun,
    by: Annotated[list[str] | None, typer.Option(help="Column of clips.csv; may be given several times.")] = None,
    duration_seconds: Annotated[
        list[float] | None, typer.Option(help="Edges of parts by length; thirds of the list if not given.")
    ] = None,
) -> dict[str, Any]:
    """Score one run again with these parts and print them, stream by stream."""
    record, _, dataset, split = load_record(workspace, run)
    scores = score(
        read_predictions(run),
        dataset.clips,
        split,
        motion_pairs=dataset.motion_pairs,
        failed=record.failed,
        by=by or (),
        duration_seconds=duration_seconds or (),
    )
    for one in scores:
        for line in lines(one):
            show(line)
    return {
        "folder": str(run),
        "streams": {
            one.stream: {"slices": one.slices, "differences": {key: d.row() for key, d in one.differences.items()}}
            for one in scores
        },
    }


def lines(score: Score) -> list[str]:
    """Return a line a slice: clips, accuracy, intervals over clips and over groups, all in percent."""
    title = "" if score.stream == "all" else f"stream {score.stream}"
    found = [f"{title:<44}{'clips':>6}{'%':>7}{'over clips':>16}{'groups':>8}{'over groups':>16}"]
    for name, part in score.slices.items():
        figures = [f"{part['n']:>6}", _percent(part, "accuracy").rjust(7), _span(part, "low", "high").rjust(16)]
        figures += [f"{part['groups']:>8}", _span(part, "group_low", "group_high").rjust(16)]
        found.append(f"{name.replace('=', ': '):<44}{''.join(figures)}")
    for name, one in score.differences.items():
        what = "each against its twin" if name == "twins" else "with less without"
        found.append(
            f"{name}, {what} ({one.n}, {one.n_other} clips): {100 * one.difference:+.1f} points "
            f"[{100 * one.low:+.1f}, {100 * one.high:+.1f}] over {one.groups} groups"
        )
    return found


def _percent(part: Mapping[str, float | int | None], key: str) -> str:
    value = part[key]
    return "-" if value is None else f"{100 * value:.1f}"


def _span(part: Mapping[str, float | int | None], low: str, high: str) -> str:
    return f"[{_percent(part, low)}, {_percent(part, high)}]" if part["n"] else "-"
