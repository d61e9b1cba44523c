"""Figures of a run: training curves and the confusion matrix, as small PNG files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from slateboard.files import whole
from slateboard.records.result import Score

_INK, _GREY, _GRID = "#1e2228", "#6b7280", "#e5e7eb"
_COLOURS = ("#1f6feb", "#d97706", "#0d9488", "#b91c5c")
_BLUES = LinearSegmentedColormap.from_list("blues", ("#ffffff", "#cfe1fb", "#1f6feb", "#0b2e63"))
_DPI = 110


def draw_curves(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Draw loss and accuracies by epoch, a colour a stream, from the rows of log.csv."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    streams = list(dict.fromkeys(row["stream"] for row in rows))
    for number, stream in enumerate(streams):
        colour = _COLOURS[number % len(_COLOURS)]
        own = [row for row in rows if row["stream"] == stream]
        epochs = [int(row["epoch"]) for row in own]
        losses.plot(epochs, [float(row["train_loss"]) for row in own], color=colour, label=stream, marker=".")
        shown = [100 * float(row["train_accuracy"]) for row in own]
        accuracies.plot(epochs, shown, color=colour, label=f"{stream}, training", marker=".")
        held = [(epoch, row["validation_accuracy"]) for epoch, row in zip(epochs, own, strict=True)]
        known = [(epoch, 100 * float(text)) for epoch, text in held if text]
        if known:
            label = f"{stream}, validation"
            accuracies.plot(*zip(*known, strict=True), color=colour, label=label, linestyle="--", marker=".")
    losses.set_title("Training loss", loc="left", color=_INK, fontsize=10)
    accuracies.set_title("Accuracy of single views, %", loc="left", color=_INK, fontsize=10)
    accuracies.set_ylim(0, 102)
    losses.set_ylim(bottom=0)
    for axes in (losses, accuracies):
        axes.set_xlabel("epoch", color=_GREY)
        axes.grid(color=_GRID)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_GREY)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def draw_confusion(path: Path, score: Score, classes: Sequence[str]) -> None:
    """Draw the confusion matrix of a stream: counts, coloured by the share of the true class."""
    counts = np.array(score.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.4 + 0.42 * len(classes)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap=_BLUES, vmin=0, vmax=1)
    places = range(len(classes))
    axes.set_xticks(places, _readable(classes), rotation=40, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(places, _readable(classes), fontsize=8)
    axes.set_xlabel("predicted", color=_GREY)
    axes.set_ylabel("true", color=_GREY)
    axes.set_title(f"{score.stream}: {100 * score.video_accuracy:.1f} % of clips", loc="left", fontsize=10)
    axes.tick_params(length=0, colors=_INK)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    # Past some thirty classes numbers would be smaller than a person can read.
    for row, column in np.argwhere(counts) if len(classes) <= 30 else ():
        ink = "white" if shares[row, column] > 0.5 else _INK
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=8)
    _save(figure, path)


def _readable(classes: Sequence[str]) -> list[str]:
    """Return class names with spaces for underscores and before capitals: `StarThenTuck` is `Star Then Tuck`."""
    spaced = ("".join(f" {letter}" if letter.isupper() else letter for letter in name) for name in classes)
    return [" ".join(name.replace("_", " ").split()) for name in spaced]


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 128 colours: lines and letters need no more, and it is a third of the size."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI)
    with whole(path) as temporary, Image.open(drawn) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
