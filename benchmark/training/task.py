"""Task: what one stream brings to a training, with its clips and its batches by number of the step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightning_fabric import Fabric
from torch import nn

from benchmark.baseline import Stream
from benchmark.evaluation import predict
from benchmark.inputs.clips import Clips, clips_of, inner_split, readable
from benchmark.inputs.samples import Sample, describe_epoch, epoch_batches
from benchmark.recipe import Recipe
from benchmark.training.material import Material
from leaderboards.score import score
from slateboard.errors import SlateboardError
from slateboard.progress import say
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn


@dataclass(frozen=True)
class Task:
    """One network on one dataset."""

    stream: Stream
    recipe: Recipe
    material: Material
    folder: Path
    """Of its run."""
    seed: int
    inner: Split
    """The training list, divided into what is learned from and what is held back (`test`)."""
    training: Clips
    validation: Clips
    steps: int
    """Batches in one epoch of its own."""
    views: int
    """In them."""
    lost: dict[str, str] = field(default_factory=dict)
    """Training clips that could not be read any more on the way -> why."""

    def on_unreadable(self, item: Sample, reason: str) -> None:
        """Note a view that cannot be read, and say so once of each clip: training goes on without it."""
        if item.clip_id not in self.lost:
            self.lost[item.clip_id] = reason
            say(f"training {self.stream.name} goes on without {item.clip_id}: {reason}")

    @property
    def network(self) -> nn.Module:
        """The stream's."""
        assert isinstance(self.stream.model, nn.Module)
        return self.stream.model

    def epoch(self, number: int) -> list[list[Sample]]:
        """Return the batches of its 0-based epoch."""
        return epoch_batches(self.stream, self.training, self.recipe, seed=self.seed, epoch=number)

    def batches(self, first: int, end: int) -> Iterator[list[Sample]]:
        """Yield the batches of 0-based steps `first` to `end` of a training.

        A task with fewer steps than an epoch of its training begins its next epoch by itself.
        """
        for number in range(first // self.steps, -(-end // self.steps)):
            planned, before = self.epoch(number), number * self.steps
            assert len(planned) == self.steps, f"epoch {number} has {len(planned)} steps, not {self.steps}"
            yield from planned[max(first - before, 0) : end - before]

    def accuracy(self, network: nn.Module, fabric: Fabric) -> float | None:
        """Return the share of views of clips held back that a state of the network gets right; None without any.

        Every process takes part and returns what the first one found.
        """
        if not self.validation.ids:
            return None
        stream, threads = replace(self.stream, model=network), self.material.threads
        found = predict(stream, self.validation, device=str(fabric.device), threads=threads)
        # Of several processes the first alone has the predictions of all clips.
        first = fabric.global_rank == 0
        right = score(found, self.material.dataset.clips, self.inner)[0].image_accuracy if first else None
        return fabric.broadcast(right)


def task_of(stream: Stream, material: Material, folder: Path, *, seed: int) -> Task:
    """Divide the training list and say what is trained on what, and how many clips are too short.

    Raises SlateboardError where nothing can be trained on, or no state chosen as its recipe says.
    """
    recipe = stream.recipe
    assert recipe is not None and isinstance(stream.model, nn.Module)
    inner = inner_split(material.dataset.clips, material.split, share=recipe.validation_share, seed=seed)
    training = readable(clips_of(material.dataset, inner.train, material.frames), purpose=f"training {stream.name}")
    if not training.ids:
        raise SlateboardError(f"No training clip of {material.split.key} can be decoded: look at the lines above.")
    validation = clips_of(material.dataset, inner.test, material.frames)
    if recipe.select == "best" and not validation.ids:
        raise SlateboardError(
            f"select is best, but no clip of {material.split.key} can be held back to choose by. Set select = 'last'."
        )
    batches = epoch_batches(stream, training, recipe, seed=seed, epoch=0)
    task = Task(
        stream,
        recipe,
        material,
        folder,
        seed,
        inner,
        training,
        validation,
        steps=len(batches),
        views=sum(map(len, batches)),
    )
    _report(task, batches)
    return task


def _report(task: Task, batches: Sequence[Sequence[Sample]]) -> None:
    held = f"{len(task.validation.ids)} clips held back to validate"
    seen = describe_epoch(task.training, task.recipe, batches)
    say(f"{task.stream.name}: {len(task.training.ids)} clips, {seen}, {held}")


def trained_on(tasks: Sequence[Task]) -> list[TrainedOn]:
    """Return what decides the weights of each task's network.

    That is its own clips, those that its first weights were trained on, and the clips of tasks trained jointly with
    it, whose ids have the dataset's key before them.
    """
    return [
        TrainedOn(
            train=tuple(sorted({*task.training.ids, *task.stream.seen, *_others(tasks, task, "training")})),
            validation=tuple(sorted({*task.validation.ids, *_others(tasks, task, "validation")})),
        )
        for task in tasks
    ]


def _others(tasks: Sequence[Task], own: Task, part: str) -> list[str]:
    others = [task for task in tasks if task is not own]
    return [f"{task.material.dataset.key}:{clip}" for task in others for clip in getattr(task, part).ids]
