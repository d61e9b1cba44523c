"""What a training reads: a dataset, a split of it and the frames of its clips."""

from dataclasses import dataclass

from benchmark.frames.frames import Frames
from slateboard.dataset import Dataset
from slateboard.records.split import Split


@dataclass(frozen=True)
class Material:
    """One dataset as one stream sees it."""

    dataset: Dataset
    split: Split
    frames: Frames
    """At the stream's geometry."""
    threads: int = 0
    """Threads that read frames ahead."""
