"""Draw the contact sheet of a dataset, and the charts of the MEI paper's Figs 4 and 5."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from slateboard.figures import figure_name, new_figure, write_figure
from slateboard.files import atomic_write
from slateboard.media.sheets import SheetRow, contact_sheet

_BLUE, _ORANGE, _GREY = "#2f6db3", "#d9822b", "#8a929c"
_COLUMNS = 6
_LETTERS = 40
"""Of a class's name beside its bar: 200 would leave the bar no room."""
SHEET = "contact_sheet.png"
"""The only picture of a release that shows frames."""


def draw_sheet(folder: Path, clips: pd.DataFrame, pictures: Mapping[str, NDArray[np.uint8]]) -> None:
    """Write contact_sheet.png of a table of clips; `pictures` maps the paths of `shown_frames` to RGB arrays."""
    rows = [SheetRow(str(label), [pictures[path] for path in members["path"]]) for label, members in _shown(clips)]
    contact_sheet(folder / SHEET, rows)


def shown_frames(clips: pd.DataFrame) -> dict[str, int]:
    """Return path -> 0-based index of the middle frame, of the clips that the sheet shows."""
    return {
        path: int(frames) // 2
        for _, members in _shown(clips)
        for path, frames in zip(members["path"], members["frames"], strict=True)
    }


def draw_charts(folder: Path, clips: pd.DataFrame) -> None:
    """Write clips_per_class.png and durations.png of a table of clips."""
    _save(_clips_per_class(clips), folder / "clips_per_class.png")
    _save(_durations(clips), folder / "durations.png")


def _shown(clips: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (class, the clips in its row of the sheet), from as many groups as fit."""
    # One clip of each group first, then others: groups A A A B C and six columns -> A B C A A.
    for label, members in clips.groupby("label", sort=False):
        one_per_group = members.drop_duplicates("group")
        yield str(label), pd.concat([one_per_group, members.drop(one_per_group.index)]).head(_COLUMNS)


def _clips_per_class(clips: pd.DataFrame) -> Figure:
    """Bars of clips per class, divided by whether they carry effects (MEI paper, Fig. 4)."""
    # Stacked bars: each state begins where the states before it end.
    counts = clips.groupby(["label", "has_effects"], sort=False).size().unstack(fill_value=0)
    figure = new_figure(7, 0.4 * len(counts) + 1.2)
    axes = figure.subplots()
    left = np.zeros(len(counts))
    for state, colour, words in (
        ("false", _BLUE, "without effects"),
        ("true", _ORANGE, "with effects"),
        ("unknown", _GREY, "unknown"),
    ):
        values = counts[state].to_numpy() if state in counts else np.zeros(len(counts))
        axes.barh(_names(counts.index), values, left=left, color=colour, label=words, height=0.7)
        left = left + values
    for row, total in enumerate(left):
        axes.annotate(f"{int(total)}", (total, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("clips")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), fontsize=9)
    return figure


def _durations(clips: pd.DataFrame) -> Figure:
    """Total and mean duration of each class (MEI paper, Fig. 5)."""
    groups = clips.groupby("label", sort=False)["duration_s"]
    total, mean = groups.sum(), groups.mean()
    figure = new_figure(7, 0.4 * len(total) + 1.2)
    for axes, values, words, colour in zip(
        figure.subplots(1, 2, sharey=True),
        (total, mean),
        ("total, s", "mean, s"),
        (_BLUE, _ORANGE),
        strict=True,
    ):
        axes.barh(_names(values.index), values, color=colour, height=0.7)
        for row, value in enumerate(values):
            axes.text(value, row, f" {value:.1f}", va="center", fontsize=9)
        axes.set_xlabel(words)
        axes.margins(x=0.18)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].invert_yaxis()
    return figure


def _names(classes: Iterable[object]) -> list[str]:
    return [figure_name(name, most=_LETTERS) for name in classes]


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path) as temporary:
        write_figure(figure, temporary, dpi=110, metadata={"Software": None})
