"""TrainingJob: what one stream brings to a training: its data, what is held back of it, and its batches by step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from lightning_fabric import Fabric
from torch import nn

from benchmark.baseline import Stream
from benchmark.evaluation import predict
from benchmark.frames.frames import Frames
from benchmark.inputs.clips import Clips, clips_of, inner_split, readable
from benchmark.inputs.samples import Sample, describe_epoch, epoch_batches
from benchmark.recipe import Recipe
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn


@dataclass(frozen=True)
class TrainingData:
    """A dataset, a split of it, and the frames of its clips as one stream sees them."""

    dataset: Dataset
    split: Split
    frames: Frames
    """At the stream's geometry."""
    threads: int = 0
    """Threads that prefetch frames."""


@dataclass(frozen=True)
class TrainingJob:
    """One network to be trained on one dataset."""

    stream: Stream
    recipe: Recipe
    data: TrainingData
    folder: Path
    """Of its run."""
    seed: int
    inner: Split
    """The training list, divided into what is trained on (`train`) and what is validated on (`test`)."""
    training: Clips
    validation: Clips
    steps: int
    """Batches in one epoch of its own."""
    views: int
    """Views in one epoch."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Id of a training clip that turned out unreadable on the way -> why."""

    def note_unreadable(self, sample: Sample, reason: str) -> None:
        """Note a sample that cannot be read, and say so once for each clip: training goes on without it."""
        if sample.clip_id not in self.unreadable:
            self.unreadable[sample.clip_id] = reason
            say(f"training {self.stream.name} goes on without {sample.clip_id}: {reason}")

    @property
    def network(self) -> nn.Module:
        """The stream's network."""
        assert isinstance(self.stream.model, nn.Module)
        return self.stream.model

    def epoch_batches(self, epoch: int) -> list[list[Sample]]:
        """Return the batches of its 0-based epoch."""
        return epoch_batches(self.stream, self.training, self.recipe, seed=self.seed, epoch=epoch)

    def batches(self, first: int, end: int) -> Iterator[list[Sample]]:
        """Yield the batches of the 0-based steps [first, end) of a training.

        A job with fewer steps than an epoch of the training begins its next epoch by itself.
        """
        # self.steps=4, steps [6, 11) -> batches 2, 3 of epoch 1, then 0, 1, 2 of epoch 2.
        for epoch in range(first // self.steps, -(-end // self.steps)):
            batches, before = self.epoch_batches(epoch), epoch * self.steps
            assert len(batches) == self.steps, f"epoch {epoch} has {len(batches)} steps, not {self.steps}"
            yield from batches[max(first - before, 0) : end - before]

    def accuracy(self, network: nn.Module, fabric: Fabric) -> float | None:
        """Return the share of validation views that `network` classifies correctly; None without validation clips.

        Every process takes part and returns the accuracy that the first one found.
        """
        if not self.validation.ids:
            return None
        stream, threads = replace(self.stream, model=network), self.data.threads
        predictions = predict(stream, self.validation, device=str(fabric.device), threads=threads)
        # Scored by the first process alone, so that all decide by the same number.
        accuracy = None
        if fabric.global_rank == 0:
            accuracy = score(predictions, self.data.dataset.clips, self.inner)[0].image_accuracy
        return fabric.broadcast(accuracy)


def plan_job(stream: Stream, data: TrainingData, folder: Path, *, seed: int) -> TrainingJob:
    """Divide the training list, and say what is trained on what and how many clips are too short.

    Raises SlateboardError where nothing can be trained on, or no state can be selected as the recipe says.
    """
    recipe = stream.recipe
    assert recipe is not None and isinstance(stream.model, nn.Module)
    inner = inner_split(data.dataset.clips, data.split, share=recipe.validation_share, seed=seed)
    training = readable(clips_of(data.dataset, inner.train, data.frames), purpose=f"training {stream.name}")
    if not training.ids:
        raise SlateboardError(f"No training clip of {data.split.key} can be decoded: look at the lines above.")
    validation = clips_of(data.dataset, inner.test, data.frames)
    if recipe.select == "best" and not validation.ids:
        raise SlateboardError(
            f"select is best, but no clip of {data.split.key} can be held back to choose by. Set select = 'last'."
        )
    batches = epoch_batches(stream, training, recipe, seed=seed, epoch=0)
    views = sum(map(len, batches))
    job = TrainingJob(stream, recipe, data, folder, seed, inner, training, validation, steps=len(batches), views=views)
    epoch = describe_epoch(training, recipe, batches)
    say(f"{stream.name}: {len(training.ids)} clips, {epoch}, {len(validation.ids)} clips held back to validate")
    return job


def training_records(jobs: Sequence[TrainingJob]) -> list[TrainedOn]:
    """Return, for each job, the clips that influence the weights of its network.

    Those are its own clips, those that its first weights were trained on, and the clips of jobs trained jointly with
    it, whose ids have the dataset's key before them.
    """
    return [
        TrainedOn(
            train=tuple(sorted({*job.training.ids, *job.stream.pretrained_on, *_of_others(jobs, job, "training")})),
            validation=tuple(sorted({*job.validation.ids, *_of_others(jobs, job, "validation")})),
        )
        for job in jobs
    ]


def _of_others(jobs: Sequence[TrainingJob], job: TrainingJob, use: Literal["training", "validation"]) -> list[str]:
    joint_jobs = [joint for joint in jobs if joint is not job]
    return [f"{joint.data.dataset.key}:{clip}" for joint in joint_jobs for clip in getattr(joint, use).ids]
