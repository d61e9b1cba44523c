"""Show how a finished run does on parts of its test list: by effects, length, resolution, or any column of clips.csv.

Computed anew from predictions.parquet; nothing is written. Every part says of how many clips it is.

Example: slateboard bench slices runs/demo-v1/seags-1/c3d/0-1f2e3d4c --by camera --by licence
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from benchmark.running.load import load_record
from leaderboards.predictions import read_predictions
from leaderboards.score import score
from slateboard.escaping import column
from slateboard.json_output import JsonOutput
from slateboard.options import FinishedRun
from slateboard.progress import say, show
from slateboard.records.effect_kinds import unknown_kinds
from slateboard.records.result import Score
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    run: FinishedRun,
    by: Annotated[list[str] | None, typer.Option(help="Column of clips.csv; may be given several times.")] = None,
    duration_seconds: Annotated[
        list[float] | None, typer.Option(help="Edges of parts by length; thirds of the list if not given.")
    ] = None,
) -> JsonOutput:
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
    if unknown := unknown_effects(dataset.clips["effects"]):
        say(f"{', '.join(unknown)}: no kinds of `slateboard ls effects`; shown as the release has them.")
    for stream_score in scores:
        for line in lines(stream_score):
            show(line)
    return {
        "folder": str(run),
        "streams": {
            stream_score.stream: {
                "slices": stream_score.slices,
                "differences": {key: difference.row() for key, difference in stream_score.differences.items()},
            }
            for stream_score in scores
        },
    }


def unknown_effects(cells: Iterable[str]) -> list[str]:
    """Return the kinds in the column `effects` of a release that are none: `no`, which an older list took for one."""
    return unknown_kinds(kind for cell in cells for kind in str(cell).split("|") if kind)


def lines(score: Score) -> list[str]:
    """Return a line for each slice: clips, accuracy, intervals over clips and over groups, in percent."""
    title = "" if score.stream == "all" else f"stream {score.stream}"
    table = [f"{title:<44}{'clips':>6}{'%':>7}{'over clips':>16}{'groups':>8}{'over groups':>16}"]
    for name, row in score.slices.items():
        figures = [f"{row['n']:>6}", _percent(row, "accuracy").rjust(7), _span(row, "low", "high").rjust(16)]
        figures += [f"{row['groups']:>8}", _span(row, "group_low", "group_high").rjust(16)]
        table.append(f"{column(name.replace('=', ': '), 44)}{''.join(figures)}")
    for name, difference in score.differences.items():
        what = "each against its twin" if name == "twins" else "with less without"
        table.append(
            f"{name}, {what} ({difference.n}, {difference.n_other} clips): {100 * difference.difference:+.1f} points "
            f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}] over {difference.groups} groups"
        )
    return table


def _percent(row: Mapping[str, float | int | None], key: str) -> str:
    value = row[key]
    return "-" if value is None else f"{100 * value:.1f}"


def _span(row: Mapping[str, float | int | None], low: str, high: str) -> str:
    return f"[{_percent(row, low)}, {_percent(row, high)}]" if row["n"] else "-"
