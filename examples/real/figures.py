"""Draw confusion matrices and learning curves of a workspace's runs, splits and seeds together.

python -m examples.real.figures WORKSPACE docs/real-weizmann.png
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmark.reports.figures import COLOURS, GREY, plain, readable, save
from benchmark.training import log
from slateboard.figures import new_figure
from slateboard.records.result import Result
from slateboard.workspace import Workspace

SHOWN = (("linear_probe", "all"), ("single_frame", "all"), ("mei_two_stream", "motion"), ("mei_two_stream", "fused"))
"""Baselines and streams of the upper row."""
TRAINED = (("single_frame", "all"), ("mei_two_stream", "normal"), ("mei_two_stream", "motion"))
"""Those of the lower row: what is trained has curves."""


def runs_of(workspace: Workspace, baseline: str) -> list[Path]:
    """Return the folders of a baseline's finished runs, of all splits and seeds."""
    return sorted(path.parent for path in workspace.runs.glob(f"*/*/{baseline}/*/result.json"))


def confusion(folders: Sequence[Path], stream: str) -> NDArray[np.int64]:
    """Return the counts of all runs, true classes by predicted ones."""
    scores = [score for folder in folders for score in Result.read(folder / "result.json").scores]
    return np.sum([np.array(score.confusion) for score in scores if score.stream == stream], axis=0)


def draw_counts(axes: Axes, counts: NDArray[np.int64], classes: Sequence[str], title: str) -> None:
    """Draw counts, coloured by the share of the true class."""
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(classes)), readable(classes), fontsize=7, rotation=90)
    axes.set_yticks(range(len(classes)), readable(classes), fontsize=7)
    axes.set_title(f"{title}: {100 * np.trace(counts) / counts.sum():.1f} % of {counts.sum()}", loc="left", fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in np.argwhere(counts):
        ink = "white" if counts[row, column] > counts[row].sum() / 2 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=6)


def draw_curves(axes: Axes, folders: Sequence[Path], stream: str, title: str) -> None:
    """Draw the accuracy of single views by epoch, a thin line a run, their mean thick; validation dashed."""
    rows = [[row for row in log.read(folder / "log.csv") if row["stream"] == stream] for folder in folders]
    for number, (name, column, dashes) in enumerate(
        (("training", "train_accuracy", "-"), ("validation", "validation_accuracy", "--"))
    ):
        by_run = [100 * np.array([float(row[column]) for row in run if row[column]]) for run in rows]
        for values in by_run:
            axes.plot(range(1, len(values) + 1), values, dashes, color=COLOURS[number], linewidth=0.5, alpha=0.4)
        longest = range(max(map(len, by_run)))
        mean = [np.mean([values[epoch] for values in by_run if len(values) > epoch]) for epoch in longest]
        axes.plot([epoch + 1 for epoch in longest], mean, dashes, color=COLOURS[number], linewidth=2, label=name)
    axes.set_title(f"{title}: accuracy of single views, %, {len(rows)} runs", loc="left", fontsize=9)
    axes.set_xlabel("epoch", color=GREY)
    axes.set_xticks(range(1, max(len(run) for run in rows) + 1))
    axes.set_ylim(0, 102)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    plain(axes)


def main(workspace: Workspace, path: Path) -> None:
    """Draw both rows."""
    classes = workspace.dataset().classes
    figure = new_figure(15, 7.4)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(4, 3)))
    for axes, (baseline, stream) in zip(above.subplots(1, len(SHOWN)), SHOWN, strict=True):
        title = baseline if stream == "all" else f"{baseline}, {stream}"
        draw_counts(axes, confusion(runs_of(workspace, baseline), stream), classes, title)
    for axes, (baseline, stream) in zip(below.subplots(1, len(TRAINED)), TRAINED, strict=True):
        title = baseline if stream == "all" else f"{baseline}, {stream}"
        draw_curves(axes, runs_of(workspace, baseline), stream, title)
    save(figure, path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("Usage: python -m examples.real.figures WORKSPACE PICTURE")
    main(Workspace(Path(sys.argv[1])), Path(sys.argv[2]))
