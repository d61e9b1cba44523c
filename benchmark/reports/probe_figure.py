"""Figure of the temporal probes: what each class loses on single, shuffled and reversed frames."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from benchmark.reports.figures import COLOURS, GREY, INK, plain, readable, save
from benchmark.reports.probed import Probes
from leaderboards.comparison import Comparison
from slateboard.figures import new_figure


def draw_probes(path: Path, found: Probes) -> None:
    """Draw a column a stream: change of the accuracy in points, over all clips and by class, with 95 % intervals.

    Streams whose views are one frame have nothing to show, and are drawn only where there is no other.
    """
    names = list(found.probes)
    every = [one.stream for one in found.probes[names[0]]]
    streams = [name for name in every if found.frames.get(name) != 1] or every
    labels = len(found.probes[names[0]][0].by_class) + 1
    size = (1.6 + 4.6 * len(streams), 1.5 + 0.42 * labels)
    figure = new_figure(*size)
    for place, axes in enumerate(figure.subplots(1, len(streams), squeeze=False)[0]):
        own = [found.probes[name][every.index(streams[place])] for name in names]
        _changes(axes, names, own, frames=found.frames.get(streams[place]))
        if place:
            axes.set_yticklabels([])
    handles, texts = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower left", ncols=len(names), frameon=False, fontsize=9)
    save(figure, path)


def _changes(axes: Axes, names: Sequence[str], own: Sequence[Comparison], *, frames: int | None) -> None:
    classes = list(own[0].by_class)
    height = 0.8 / len(names)
    for number, (name, one) in enumerate(zip(names, own, strict=True)):
        found = [one.overall, *one.by_class.values()]
        places = np.arange(len(found)) + (number - (len(names) - 1) / 2) * height
        change = -100 * np.array([part.difference for part in found])
        low, high = (-100 * np.array([getattr(part, end) for part in found]) for end in ("high", "low"))
        # A single group has no interval: drawn, its line would say that anything is possible on a scale of its own.
        known = np.array([part.groups > 1 for part in found])
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(places, change, height=0.9 * height, color=colour, alpha=0.35, label=f"{name} frames")
        spread = np.maximum([change - low, high - change], 0)[:, known]
        axes.errorbar(change[known], places[known], xerr=spread, fmt="none", ecolor=colour, capsize=2, elinewidth=1.2)
    n = [own[0].overall.n, *(part.n for part in own[0].by_class.values())]
    labels = [f"{name} ({count})" for name, count in zip(["all", *readable(classes)], n, strict=True)]
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(-102, 102)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axhline(0.5, color=GREY, linewidth=0.5)
    note = ", views of one frame" if frames == 1 else ""
    axes.set_title(f"{own[0].stream}: change in points{note}", loc="left", color=INK, fontsize=10)
    plain(axes)
