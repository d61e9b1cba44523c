"""Ask whether a dataset needs motion: a trained run on one frame, on shuffled and on reversed frames of its views.

Writes probes.json, probes.parquet and probes.png into the folder of the run, and a part of its page. A loss says that
this network uses what was taken away; no loss says only that it does not (docs/evaluation.md).

Example: slateboard bench probe runs/demo-v1/seags-1/c3d/0-1f2e3d4c
"""

from typing import Annotated

import typer

from benchmark.reports.page import write_page
from benchmark.reports.probe_figure import draw_probes
from benchmark.reports.probed import PROBES, Probes
from benchmark.running.load import load_run
from benchmark.studies.probes import points, probe
from slateboard.escaping import column
from slateboard.files import atomic_write
from slateboard.json_output import JsonOutput
from slateboard.options import FinishedRun
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    run: FinishedRun,
    seed: Annotated[int, typer.Option(help="Of the shuffling.", min=0)] = 0,
) -> JsonOutput:
    """Probe one run and print what it loses, class by class."""
    loaded = load_run(workspace, run)
    probes, predictions = probe(workspace, loaded, seed=seed)
    with atomic_write(run / "probes.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    draw_probes(run / "probes.png", probes)
    probes.write(run / PROBES)
    write_page(run, loaded.result)
    for line in table(probes):
        show(line)
    for sentence in probes.findings:
        show(sentence)
    say(f"The page: {run / 'page.html'}")
    return {"folder": str(run), **probes.row()}


def table(probes: Probes) -> list[str]:
    """Return a line for each stream and class: recall on normal frames, and each probe's loss in points."""
    names = list(probes.probes)
    lines = [f"{'':<36}{'clips':>6}{'normal':>8}" + "".join(f"{name:>25}" for name in names)]
    for position, of_stream in enumerate(next(iter(probes.probes.values()))):
        rows = {"all": of_stream.overall, **of_stream.by_class}
        for label, normal in rows.items():
            cells = []
            for name in names:
                probed = probes.probes[name][position]
                loss = probed.overall if label == "all" else probed.by_class[label]
                # A loss of 48 [35, 60] points is a change of -48 [-60, -35]: the ends change place with the sign.
                span = f"[{points(loss.high):.0f}, {points(loss.low):.0f}]"
                cells.append(f"{100 * loss.other:.0f} ({points(loss.difference):+.0f} {span})")
            title = label if of_stream.stream == "all" else f"{of_stream.stream}: {label}"
            lines.append(
                f"{column(title, 36)}{normal.n:>6}{100 * normal.accuracy:>8.0f}" + "".join(f"{c:>25}" for c in cells)
            )
    return lines
