"""Ask whether a dataset needs motion: a trained run on one frame, on shuffled and on reversed frames of its views.

Writes probes.json, probes.parquet and probes.png into the folder of the run, and a part of its page. A loss says that
this network uses what was taken away; no loss says only that it does not (docs/evaluation.md).

Example: slateboard bench probe runs/demo-v1/seags-1/c3d/0-1f2e3d4c
"""

from typing import Annotated, Any

import typer

from benchmark.reports.page import write_page
from benchmark.reports.probe_figure import draw_probes
from benchmark.reports.probed import PROBES, Probes
from benchmark.running.load import load_run
from benchmark.studies.probes import points, probe
from slateboard.files import whole
from slateboard.options import FinishedRun
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    run: FinishedRun,
    seed: Annotated[int, typer.Option(help="Of the shuffling.", min=0)] = 0,
) -> dict[str, Any]:
    """Probe one run and print what it loses, class by class."""
    loaded = load_run(workspace, run)
    found, predictions = probe(workspace, loaded, seed=seed)
    with whole(run / "probes.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    draw_probes(run / "probes.png", found)
    found.write(run / PROBES)
    write_page(run, loaded.result)
    for line in table(found):
        show(line)
    for sentence in found.findings:
        show(sentence)
    say(f"The page: {run / 'page.html'}")
    return {"folder": str(run), **found.row()}


def table(found: Probes) -> list[str]:
    """Return a line a class and stream: its recall on normal frames, and what each probe takes from it, in points."""
    names = list(found.probes)
    lines = [f"{'':<36}{'clips':>6}{'normal':>8}" + "".join(f"{name:>25}" for name in names)]
    for place, one in enumerate(next(iter(found.probes.values()))):
        rows = {"all": one.overall, **one.by_class}
        for label, normal in rows.items():
            cells = []
            for name in names:
                own = found.probes[name][place]
                lost = own.overall if label == "all" else own.by_class[label]
                span = f"[{points(lost.high):.0f}, {points(lost.low):.0f}]"
                cells.append(f"{100 * lost.other:.0f} ({points(lost.difference):+.0f} {span})")
            title = label if one.stream == "all" else f"{one.stream}: {label}"
            lines.append(f"{title:<36}{normal.n:>6}{100 * normal.accuracy:>8.0f}" + "".join(f"{c:>25}" for c in cells))
    return lines
