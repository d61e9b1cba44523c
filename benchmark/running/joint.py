"""Joint runs: one baseline on several datasets at once, a head for each, a result for each (HUST 4.1.6)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.devices import check_devices, device_kind, fabric
from benchmark.frames.open_frames import open_frames
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.running.contamination import check_contamination
from benchmark.running.planning import JOINTLY, plan
from benchmark.running.runs import FinishedRun, execute_run
from benchmark.training.job import TrainingData
from benchmark.training.loop import train_jointly
from benchmark.training.networks import share_trunk
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Finding, Problem, SlateboardError
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.run import Run
from slateboard.records.run_folder import RESULT
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn
from slateboard.registry import Parameters
from slateboard.workspace import Workspace
from splits.parts import few

Data = Sequence[tuple[Dataset, Split]]


def run_jointly(
    workspace: Workspace, data: Data, baseline: str, *, seed: int, over: Parameters | None = None
) -> list[FinishedRun]:
    """Train a baseline on all datasets in one training and test it on each; return a run for each dataset.

    Parameters are `over` those of the settings, over the CARD's. Killed and called again, it goes on. Raises
    SlateboardError where the baseline has no network to train, Finding where a test clip of one dataset is a training
    clip of another.
    """
    check_shared_clips(data)
    records = [_joint(plan(workspace.settings, *pair, baseline, seed=seed, over=over), data) for pair in data]
    if records[0].members:
        raise SlateboardError(f"{baseline} averages other runs: train its members jointly, and fuse them.")
    folders = [inside(workspace.runs, record.folder) for record in records]
    if not all((folder / RESULT).is_file() for folder in folders):
        _train(workspace, data, records, folders)
    # Each run finds its trained weights in its checkpoint, and tests them.
    return [execute_run(workspace, *pair, record) for pair, record in zip(data, records, strict=True)]


def check_shared_clips(data: Data) -> None:
    """Raise BadInput for a dataset that is named twice, Finding for a file trained on in one and tested in another."""
    keys = [dataset.key for dataset, _ in data]
    if len(set(keys)) < len(keys):
        raise BadInput([Problem(" ".join(keys), "names a dataset twice.", "Name each of them once.")])
    # By content: the same file may have another id in another dataset.
    for dataset, split in data:
        files = dataset.clips.set_index("clip_id")["sha256"]
        tested = {sha256: clip for clip, sha256 in files.loc[list(split.test)].items() if sha256}
        for training_set, training_split in data:
            if training_set is dataset:
                continue
            trained = set(training_set.clips.set_index("clip_id")["sha256"].loc[list(training_split.train)])
            shared = sorted(str(tested[sha256]) for sha256 in tested.keys() & trained)
            if shared:
                raise Finding(
                    f"{len(shared)} test clips of {dataset.key} {split.key} are training clips of {training_set.key}: "
                    f"{few(shared)}. Leave them out of one of the two."
                )


def _joint(record: Run, data: Data) -> Run:
    """Return the record of one of the runs: it states the datasets trained on, and so gets a folder of its own."""
    jointly = [f"{dataset.key} {split.key} {dataset.sha256[:12]}" for dataset, split in data]
    return record.model_copy(update={"parameters": {**record.parameters, JOINTLY: jointly}})


def _train(workspace: Workspace, data: Data, records: Sequence[Run], folders: Sequence[Path]) -> None:
    """Leave the trained weights of every stream in the checkpoints of all runs."""
    settings, record = workspace.settings.train, records[0]
    check_devices(settings.devices)
    precision = record.parameters.get("precision", "32-true")
    launched = fabric(device_kind(settings.device), precision=precision, deterministic=settings.deterministic)
    torch.set_num_threads(record.threads)
    say(f"{record.baseline}: jointly on {', '.join(record.parameters[JOINTLY])}")
    streams_of_datasets = [
        _build(workspace, dataset, of_dataset) for (dataset, _), of_dataset in zip(data, records, strict=True)
    ]
    with threadpool_limits(record.threads):
        for streams in zip(*streams_of_datasets, strict=True):
            trainings = []
            for (dataset, split), stream, folder in zip(data, streams, folders, strict=True):
                check_contamination(
                    TrainedOn(train=stream.pretrained_on, validation=()), split, where=f"weights of {stream.name}"
                )
                trunk, network = streams[0].model, stream.model
                assert isinstance(trunk, nn.Module) and isinstance(network, nn.Module)
                if network is not trunk:
                    say(f"{stream.name}: {share_trunk(trunk, network)} layers are shared, the last one is not")
                if isinstance(stream.preprocess, nn.Module):
                    stream.preprocess.to(launched.device)
                frames = open_frames(workspace, dataset, stream.geometry, device=launched.device)
                trainings.append(
                    (stream, TrainingData(dataset, split, frames, workspace.settings.frames.threads), folder)
                )
            minutes, loggers = settings.checkpoint_minutes, settings.loggers
            train_jointly(trainings, seed=record.seed, fabric=launched, checkpoint_minutes=minutes, loggers=loggers)
    launched.barrier()


def _build(workspace: Workspace, dataset: Dataset, record: Run) -> list[Stream]:
    # Once more for each dataset, so that its new head is drawn as in a run on it alone, however many come before.
    torch.manual_seed(record.seed)
    build = BASELINES.load(record.baseline).build
    streams: list[Stream] = build(dataset.classes, record.parameters, weights_dir=WeightRegistry.of(workspace.settings))
    if any(stream.recipe is None for stream in streams):
        raise SlateboardError(f"{record.baseline} is fitted, not trained: only networks can share layers.")
    return streams
