"""Figures of a run: training curves, confusion matrix, classes and reliability, as small PNG files."""

import io
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from slateboard.figures import at_left, figure_name, new_figure, write_figure
from slateboard.files import atomic_write
from slateboard.records.result import Calibration, Score

INK, GREY, GRID = "#1e2228", "#6b7280", "#e5e7eb"
COLOURS = ("#1f6feb", "#d97706", "#0d9488", "#b91c5c")
_BLUES = LinearSegmentedColormap.from_list("blues", ("#ffffff", "#cfe1fb", "#1f6feb", "#0b2e63"))
_DPI = 110
_NUMBERED = 30
"""Classes past which counts would be smaller than a person can read, and cells shrink."""
_NAMED = 150
"""Classes past which names would be too small, too."""
_LETTERS = 40
"""Of a class's name in a picture."""
_ROWS = 60
"""Classes in one column of bars."""


def draw_curves(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Draw loss and accuracies by epoch, a colour a stream, from the rows of log.csv."""
    figure = new_figure(8, 3.2)
    losses, accuracies = figure.subplots(1, 2)
    streams = list(dict.fromkeys(row["stream"] for row in rows))
    for number, stream in enumerate(streams):
        colour = COLOURS[number % len(COLOURS)]
        of_stream = [row for row in rows if row["stream"] == stream]
        epochs = [int(row["epoch"]) for row in of_stream]
        losses.plot(epochs, [float(row["train_loss"]) for row in of_stream], color=colour, label=stream, marker=".")
        training = [100 * float(row["train_accuracy"]) for row in of_stream]
        accuracies.plot(epochs, training, color=colour, label=f"{stream}, training", marker=".")
        texts = [(epoch, row["validation_accuracy"]) for epoch, row in zip(epochs, of_stream, strict=True)]
        validation = [(epoch, 100 * float(text)) for epoch, text in texts if text]
        if validation:
            label = f"{stream}, validation"
            accuracies.plot(*zip(*validation, strict=True), color=colour, label=label, linestyle="--", marker=".")
    losses.set_title("Training loss", loc="left", color=INK, fontsize=10)
    accuracies.set_title("Accuracy of single views, %", loc="left", color=INK, fontsize=10)
    accuracies.set_ylim(0, 102)
    losses.set_ylim(bottom=0)
    for axes in (losses, accuracies):
        axes.set_xlabel("epoch", color=GREY)
        plain(axes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8)
    save(figure, path)


def draw_confusion(path: Path, score: Score, classes: Sequence[str]) -> None:
    """Draw the confusion matrix of a stream: counts, coloured by the share of the true class."""
    counts = np.array(score.confusion)
    # A class without test clips has a row of zeros, and 0 / 1 in place of 0 / 0.
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few, named = len(classes) <= _NUMBERED, len(classes) <= _NAMED
    # 0.16 inch a class leaves 17 pixels for a name: 101 classes are a picture of some 2,000 pixels.
    side = 2.4 + (0.42 if few else 0.16) * min(len(classes), _NAMED)
    names = readable(classes)
    # Longer names than `Jumping Jack Squat` get room of their own: 0.06 inch a letter of 8 points.
    side += 0.06 * max(0.0, max(map(_letters_wide, names)) - 18) if named else 0
    figure = new_figure(side + 0.6, side)
    axes = figure.subplots()
    axes.imshow(shares, cmap=_BLUES, vmin=0, vmax=1, interpolation="nearest")
    if named:
        size, places = 8 if few else 6.5, range(len(classes))
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if few else {"rotation": 90}
        axes.set_xticks(places, names, fontsize=size, **turned)
        axes.set_yticks(places, names, fontsize=size)
    axes.set_xlabel("predicted", color=GREY)
    axes.set_ylabel("true", color=GREY)
    axes.set_title(
        f"{score.stream}: {100 * score.video_accuracy:.1f} % of {score.n_clips} clips", loc="left", fontsize=10
    )
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white" if few else GRID, linewidth=1.5 if few else 0.3)
    axes.tick_params(which="minor", length=0)
    for row, column in np.argwhere(counts) if few else ():
        ink = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=8)
    save(figure, path)


def _letters_wide(name: str) -> float:
    """Return how wide a name is, in Latin letters: one of Chinese, or a box, is as wide as 1.9 of them."""
    return sum(1.9 if unicodedata.east_asian_width(letter) in "WFA" else 1.0 for letter in name)


def draw_classes(path: Path, score: Score) -> None:
    """Draw the recall of each class with its 95 % interval, the best first, and its precision as a dot."""
    tested = {name: figures for name, figures in score.per_class.items() if figures["support"]}
    names = sorted(tested, key=lambda name: (-tested[name]["recall"], name))
    # 101 classes: 2 columns of 51 rows, so that both are about as long.
    columns = -(-len(names) // _ROWS)
    rows = -(-len(names) // columns)
    figure = new_figure(7 * columns, 1.3 + 0.24 * rows)
    for number, axes in enumerate(figure.subplots(1, columns, squeeze=False)[0]):
        _bars(axes, {name: tested[name] for name in names[number * rows : (number + 1) * rows]}, rows=rows)
    what = f"{score.stream}: recall of each class (bar, with its 95 % interval) and precision (dot), %"
    figure.suptitle(what, x=0.01, ha="left", color=INK, fontsize=10)
    save(figure, path)


def _bars(axes: Axes, by_class: Mapping[str, Mapping[str, float]], *, rows: int) -> None:
    """Draw a bar of recall a class, from the top; `rows` bars fit."""
    places = np.arange(len(by_class))
    recall, low, high = (
        100 * np.array([figures[key] for figures in by_class.values()]) for key in ("recall", "low", "high")
    )
    axes.barh(places, recall, color="#cfe1fb", height=0.7)
    # Wilson's interval of 3 of 3 clips is 44 to 100 %: errors of 56 and 0 points. Rounding may give -1e-14, which
    # matplotlib refuses.
    spread = np.maximum([recall - low, high - recall], 0)
    axes.errorbar(recall, places, xerr=spread, fmt="none", ecolor=COLOURS[0], elinewidth=1.2, capsize=2)
    dots = [
        (100 * figures["precision"], place) for place, figures in enumerate(by_class.values()) if "precision" in figures
    ]
    axes.plot(*zip(*dots, strict=True), "o", color=COLOURS[1], markersize=4)
    supports = (figures["support"] for figures in by_class.values())
    names = map(at_left, readable(list(by_class)))
    labels = [f"{name} ({support:.0f})" for name, support in zip(names, supports, strict=True)]
    axes.set_yticks(places, labels, fontsize=8)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_xlim(0, 101)
    plain(axes)


def draw_reliability(path: Path, score: Score) -> None:
    """Draw accuracy against confidence in bins of equal width, per video and per image (Guo et al., ICML 2017)."""
    calibrations = [("per video", score.calibration), ("per image", score.image_calibration)]
    measured = [(title, calibration) for title, calibration in calibrations if calibration is not None]
    figure = new_figure(3.9 * len(measured), 4.4)
    above, below = figure.subplots(2, len(measured), squeeze=False, height_ratios=(3, 1), sharex=True)
    for (title, calibration), upper, lower in zip(measured, above, below, strict=True):
        _reliability(upper, lower, calibration)
        upper.set_title(f"{score.stream}, {title}: ECE {calibration.ece:.3f}", loc="left", color=INK, fontsize=10)
    above[0].set_ylabel("accuracy", color=GREY)
    below[0].set_ylabel("predictions", color=GREY)
    save(figure, path)


def _reliability(upper: Axes, lower: Axes, calibration: Calibration) -> None:
    width = 1 / len(calibration.n)
    edges = np.arange(len(calibration.n)) * width
    upper.plot((0, 1), (0, 1), color=GREY, linewidth=1, linestyle="--")
    for edge, accuracy, confidence in zip(edges, calibration.accuracy, calibration.confidence, strict=True):
        if accuracy is None or confidence is None:
            continue
        upper.bar(edge, accuracy, width=width, align="edge", color="#cfe1fb", edgecolor=COLOURS[0])
        # The gap of this bin b in ECE = sum over b of n_b / n * |accuracy_b - confidence_b| (Guo et al. 2017, eq. 3).
        upper.plot((edge + width / 2,) * 2, (accuracy, confidence), color=COLOURS[1], linewidth=2.5)
    upper.set_ylim(0, 1.02)
    lower.bar(edges, calibration.n, width=width, align="edge", color=GREY)
    lower.set_xlim(0, 1)
    lower.set_xlabel("confidence", color=GREY)
    for axes in (upper, lower):
        plain(axes)


def plain(axes: Axes) -> None:
    """Draw a light grid, and remove the frame above and at the right."""
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=GREY)


def readable(classes: Sequence[str]) -> list[str]:
    """Return class names with spaces for underscores and before capitals: `StarThenTuck` is `Star Then Tuck`."""
    spaced = ("".join(f" {letter}" if letter.isupper() else letter for letter in name) for name in classes)
    return [figure_name(" ".join(name.replace("_", " ").split()), most=_LETTERS) for name in spaced]


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 128 colours: lines and letters need no more, and it is a third of the size."""
    drawn = io.BytesIO()
    write_figure(figure, drawn, dpi=_DPI)
    with atomic_write(path) as temporary, Image.open(drawn) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
