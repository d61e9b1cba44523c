"""Result: what a run scored; written last in its folder, so that its presence means the run is whole."""

from typing import Any

from slateboard.records.base import Record
from slateboard.records.run import Run


class Score(Record):
    """The figures of one stream of a run (a baseline of one network has one stream)."""

    stream: str
    """normal, motion, fused, ... or `all` where there is one."""
    video_accuracy: float
    """Share of clips whose mean over views is right; a failed clip counts as wrong. 0-1."""
    video_interval: tuple[float, float]
    """95 % Wilson interval of video_accuracy over clips."""
    group_interval: tuple[float, float]
    """95 % interval of video_accuracy by bootstrap over groups: the honest one where groups are few."""
    image_accuracy: float
    """Share of single views (MEI, frame or sub-clip) that are right. 0-1."""
    n_images: int
    top5_accuracy: float
    mean_class_accuracy: float
    per_class: dict[str, dict[str, float]]
    """precision, recall, f1 and support of each class."""
    confusion: tuple[tuple[int, ...], ...]
    """Rows are true classes, columns predicted ones, in the order of classInd."""
    slices: dict[str, dict[str, float | int | None]]
    """Subset name -> n, accuracy, low, high: effects=true, effects=false, effects=unknown, motion_pairs."""


class Result(Record):
    """A finished run."""

    run: Run
    title: str
    """Of the baseline."""
    train_sha256: str
    """Hash of the ids trained on."""
    n_expected: int
    n_scored: int
    n_failed: int
    scores: tuple[Score, ...]
    parameters: int
    """Trainable numbers of all streams."""
    gflops: float | None
    """For one view of every stream, multiply and add counted as two; None where not counted."""
    train_seconds: float
    test_seconds: float
    epochs: dict[str, int]
    """Epochs really trained, by stream."""
    selection: str
    """Which state was tested: `last`, `stopped early`, or `fitted` for estimators without epochs."""
    geometry: dict[str, Any]
    """What the network sees: views, frames, height, width."""
    warnings: tuple[str, ...] = ()
    """What makes the figures doubtful, a sentence each: test clips linked to clips that were trained on."""
    environment: dict[str, str]
    """Python, torch, decoder, processor or GPU name, code version."""
