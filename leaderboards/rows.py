"""A row of the board: one stream of one run, in the order of its columns."""

from collections.abc import Mapping

from slateboard.records.base import Record
from slateboard.records.result import Result, Score
from slateboard.records.run import Failed, Run
from slateboard.registry import Parameters


class BoardRow(Record):
    """One line of the board; shares are 0-1, and None means that there is no such figure."""

    baseline: str
    stream: str
    dataset: str
    """<name>-<version>."""
    split: str
    """<protocol>-<number>, or `<protocol> (N folds)` where the folds are pooled."""
    seed: int
    video_accuracy: float
    low: float
    """95 % Wilson interval over clips."""
    high: float
    group_low: float
    """95 % interval by bootstrap over groups."""
    group_high: float
    image_accuracy: float | None
    n_clips: int
    """Clips that video_accuracy is of."""
    n_failed: int
    """Clips that could not be tested."""
    failed: Failed
    """Whether those count as wrong, or are left out and not among n_clips."""
    with_effects: float | None
    n_with_effects: int | None
    without_effects: float | None
    n_without_effects: int | None
    n_unknown_effects: int | None
    """Clips that nobody has looked at for effects."""
    motion_pairs: float | None
    """Share of clips of a motion pair whose class is put above its partner; 0.5 is chance."""
    n_motion_pairs: int | None
    mean_class_accuracy: float
    parameters: int
    gflops: float | None
    setting: str
    """What the network saw."""
    weights: str
    train_seconds: float
    test_seconds: float
    run: str
    """Folder below runs/."""


COLUMNS = tuple(BoardRow.model_fields)


def run_row(result: Result, score: Score, *, folder: str) -> BoardRow:
    """Return the row of one stream of a finished run."""
    return stream_row(
        result.run, score, result=result, split=f"{result.run.protocol}-{result.run.split}", folder=folder
    )


def stream_row(run: Run, score: Score, *, result: Result, split: str, folder: str) -> BoardRow:
    """Return a row of the figures of `score`, named by `run`, its costs from `result`."""
    return BoardRow(
        baseline=run.baseline,
        stream=score.stream,
        dataset=run.dataset,
        split=split,
        seed=run.seed,
        video_accuracy=score.video_accuracy,
        low=score.video_interval[0],
        high=score.video_interval[1],
        group_low=score.group_interval[0],
        group_high=score.group_interval[1],
        image_accuracy=score.image_accuracy,
        n_clips=score.n_clips,
        n_failed=result.n_failed,
        failed=run.failed,
        with_effects=_figure(score, "effects=true", "accuracy"),
        n_with_effects=_count(score, "effects=true"),
        without_effects=_figure(score, "effects=false", "accuracy"),
        n_without_effects=_count(score, "effects=false"),
        n_unknown_effects=_count(score, "effects=unknown"),
        motion_pairs=_figure(score, "motion_pairs", "accuracy"),
        n_motion_pairs=_count(score, "motion_pairs"),
        mean_class_accuracy=score.mean_class_accuracy,
        parameters=result.parameters,
        gflops=result.gflops,
        setting=setting(run.parameters, result.geometry),
        weights=run.weights,
        train_seconds=result.train_seconds,
        test_seconds=result.test_seconds,
        run=folder,
    )


def _figure(score: Score, subset: str, key: str) -> float | None:
    return score.slices.get(subset, {}).get(key)


def _count(score: Score, subset: str) -> int | None:
    n = _figure(score, subset, "n")
    return None if n is None else int(n)


def setting(parameters: Parameters, geometry: Mapping[str, object]) -> str:
    """Return what the network saw, in a line: `resnet18, width 8, 16 frames, 64x64, gradient, interval 5, 5 views`."""
    # What the run measured (geometry) goes before what it was asked for (parameters).
    width = geometry.get("network_width", parameters.get("width"))
    frames = geometry.get("frames", parameters.get("frames"))
    height, across = geometry.get("height"), geometry.get("width")
    interval = parameters.get("interval_frames", parameters.get("interval"))
    phrases = [
        parameters.get("backbone"),
        width is not None and f"width {width}",
        frames is not None and f"{frames} frame{'s' if frames != 1 else ''}",
        height is not None and across is not None and f"{height}x{across}",
        parameters.get("method"),
        interval is not None and f"interval {interval}",
        "views" in geometry and f"{geometry['views']} view{'s' if geometry['views'] != 1 else ''}",
    ]
    return ", ".join(str(phrase) for phrase in phrases if phrase)
