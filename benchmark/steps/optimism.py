"""Measure what a split that leaks would have claimed: baselines on random splits against grouped ones.

Clips of one video, person or upload on both sides of a random split flatter every figure; this says by how much, on
these clips. Splits are made as needed; only runs on splits that were made before lie in runs/ and get onto the board.

Example: slateboard bench optimism chance hog_svm --protocol seags --seeds 3
"""

from typing import Annotated

import typer

from benchmark.running.each_baseline import for_each_baseline
from benchmark.running.planning import plan
from benchmark.studies.optimism import UNSAFE, Measurement, measure, pairs, path_of
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import SlateboardError
from slateboard.files import write_json
from slateboard.json_output import JsonOutput
from slateboard.options import DatasetName
from slateboard.progress import say, show
from slateboard.workspace import Workspace

CHEAP = ("chance", "hog_svm")
"""Need neither weights nor epochs; chance cannot gain from a leak, so its inflation shows what is only noise."""


class WrittenMeasurement(Measurement):
    """A measurement, and where it was written."""

    file: str


def command(
    workspace: Workspace,
    baselines: Annotated[
        list[str] | None, typer.Argument(help="Names, as `slateboard ls baselines` lists them; cheap ones if none.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol of the grouped splits; that of the settings if not given.")
    ] = None,
    split: Annotated[
        int | None, typer.Option(help="Number of one split, from 1; all of the protocol if not given.")
    ] = None,
    dataset: DatasetName = None,
    seeds: Annotated[int, typer.Option(help="Times that splits are drawn and baselines trained.", min=1)] = 3,
) -> JsonOutput:
    """Train each baseline on both kinds of split and print the inflation with its interval."""
    grouped = protocol or workspace.settings.release.protocol
    if grouped == UNSAFE:
        raise SlateboardError(f"'{UNSAFE}' is what is compared with. Name a protocol that keeps groups whole.")
    data = dataset_at(workspace, dataset)
    compared = pairs(workspace, data, protocol=grouped, number=split, seeds=seeds)
    for unsafe in sorted({pair.grouped.key for pair in compared if not pair.grouped.safe}):
        say(f"{unsafe} is itself not safe, so the inflation is less than it would be against whole groups.")
    names = list(dict.fromkeys(baselines or CHEAP))
    # All of them are planned before the first is trained, which may take hours.
    for name in names:
        plan(workspace.settings, data, compared[0].grouped, name, seed=compared[0].seed)

    def measure_and_write(name: str) -> WrittenMeasurement:
        measured = measure(workspace, data, name, compared)
        path = path_of(workspace, measured, number=split)
        write_json(path, measured)
        show(f"{line(measured)}  {path}")
        return {**measured, "file": str(path)}

    return {"optimism": for_each_baseline(names, measure_and_write)}


def line(measured: Measurement) -> str:
    """Return the figures of one baseline as a line; inflation in percentage points."""
    inflation = measured["inflation"]
    by_seed = ", ".join(f"{100 * value:+.1f}" for value in measured["inflation_by_seed"].values())
    return (
        f"{measured['baseline']:<16} {UNSAFE} {100 * measured['random']['accuracy']:.1f} %, {measured['protocol']} "
        f"{100 * measured['grouped']['accuracy']:.1f} %, inflation {100 * inflation['difference']:+.1f} points "
        f"[{100 * inflation['low']:+.1f}, {100 * inflation['high']:+.1f}] over {measured['groups']} groups "
        f"(by seed {by_seed})"
    )
