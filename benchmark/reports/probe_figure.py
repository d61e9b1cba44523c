"""Figure of the temporal probes: what each class loses on single, shuffled and reversed frames."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from benchmark.reports.figures import COLOURS, GREY, INK, plain, readable, save
from benchmark.reports.probed import Probes
from leaderboards.comparison import Comparison
from slateboard.figures import at_left, new_figure


def draw_probes(path: Path, probes: Probes) -> None:
    """Draw a column a stream: change of the accuracy in points, over all clips and by class, with 95 % intervals.

    Streams whose views are one frame cannot change, and are drawn only where there is no other.
    """
    names = list(probes.probes)
    all_streams = [comparison.stream for comparison in probes.probes[names[0]]]
    streams = [name for name in all_streams if probes.frames.get(name) != 1] or all_streams
    labels = len(probes.probes[names[0]][0].by_class) + 1
    size = (1.6 + 4.6 * len(streams), 1.5 + 0.42 * labels)
    figure = new_figure(*size)
    for place, axes in enumerate(figure.subplots(1, len(streams), squeeze=False)[0]):
        comparisons = [probes.probes[name][all_streams.index(streams[place])] for name in names]
        _changes(axes, names, comparisons, frames=probes.frames.get(streams[place]))
        if place:
            axes.set_yticklabels([])
    handles, texts = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower left", ncols=len(names), frameon=False, fontsize=9)
    save(figure, path)


def _changes(axes: Axes, names: Sequence[str], comparisons: Sequence[Comparison], *, frames: int | None) -> None:
    """Draw the changes of one stream, a colour a probe: all clips first, then the classes."""
    classes = list(comparisons[0].by_class)
    height = 0.8 / len(names)
    for number, (name, comparison) in enumerate(zip(names, comparisons, strict=True)):
        differences = [comparison.overall, *comparison.by_class.values()]
        # 3 probes: bars 0.27 high at -0.27, 0 and +0.27 around the place of each class.
        places = np.arange(len(differences)) + (number - (len(names) - 1) / 2) * height
        change = -100 * np.array([row.difference for row in differences])
        # A loss of 0.3 [0.1, 0.5] is a change of -30 [-50, -10] points: the ends change place with the sign.
        low, high = (-100 * np.array([getattr(row, end) for row in differences]) for end in ("high", "low"))
        # A single group has no interval: drawn, its line would say that anything is possible on a scale of its own.
        has_interval = np.array([row.groups > 1 for row in differences])
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(places, change, height=0.9 * height, color=colour, alpha=0.35, label=f"{name} frames")
        spread = np.maximum([change - low, high - change], 0)[:, has_interval]
        ends = change[has_interval], places[has_interval]
        axes.errorbar(*ends, xerr=spread, fmt="none", ecolor=colour, capsize=2, elinewidth=1.2)
    n = [comparisons[0].overall.n, *(row.n for row in comparisons[0].by_class.values())]
    names = ["all", *map(at_left, readable(classes))]
    labels = [f"{name} ({count})" for name, count in zip(names, n, strict=True)]
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(-102, 102)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axhline(0.5, color=GREY, linewidth=0.5)
    note = ", views of one frame" if frames == 1 else ""
    axes.set_title(f"{comparisons[0].stream}: change in points{note}", loc="left", color=INK, fontsize=10)
    plain(axes)
