"""log.csv of a run: a row an epoch, written whole each time."""

import csv
from pathlib import Path
from typing import NotRequired, TypedDict

from slateboard.files import csv_text, write_text

COLUMNS = (
    "stream",
    "phase",
    "epoch",
    "step",
    "train_loss",
    "train_accuracy",
    "validation_accuracy",
    "learning_rate",
    "seconds",
    "clips_per_second",
    "ended",
)
"""`phase` counts those of the recipe from 1; `ended` is the recipe's knob that ended the training, empty before."""


class LogRow(TypedDict):
    """One epoch of a stream; estimators without epochs have neither phase, loss, accuracies nor learning rate."""

    stream: str
    phase: NotRequired[int]
    epoch: int
    """From 1; 0 for an estimator."""
    step: int
    """Done by the end of the epoch."""
    train_loss: NotRequired[float]
    train_accuracy: NotRequired[float]
    """0-1."""
    validation_accuracy: NotRequired[float | None]
    """0-1; None where it was not measured."""
    learning_rate: NotRequired[float]
    seconds: float
    """In training steps."""
    clips_per_second: float
    ended: NotRequired[str]


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows as text; none where there is no log yet."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append(path: Path, row: LogRow) -> None:
    """Add the row of one epoch; rows of the same stream from that epoch on, left by a killed process, go."""
    earlier = [old for old in read(path) if old["stream"] != row["stream"] or int(old["epoch"]) < row["epoch"]]
    write_text(path, csv_text([*earlier, row], COLUMNS))


def seconds(path: Path) -> float:
    """Return the seconds spent in training steps, over all streams."""
    return sum(float(row["seconds"]) for row in read(path))


def epochs(path: Path) -> dict[str, int]:
    """Return the epochs really trained, by stream."""
    return {row["stream"]: int(row["epoch"]) for row in read(path)}
