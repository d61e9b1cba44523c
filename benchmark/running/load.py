"""Load a finished run: its record, its data, and its streams with their trained weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.models.estimators import ENDING, load_estimator
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.running.planning import JOINTLY
from benchmark.training import checkpoint
from slateboard.dataset import Dataset
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.run_folder import CHECKPOINTS, RESULT
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.folder import find_split


@dataclass(frozen=True)
class LoadedRun:
    """A finished run, with the data that it was made with."""

    folder: Path
    record: Run
    result: Result
    dataset: Dataset
    split: Split
    streams: tuple[Stream, ...]
    """In the order of the baseline, each model in the state that was tested."""


def load_run(workspace: Workspace, folder: Path, *, dataset: Dataset | None = None) -> LoadedRun:
    """Return a finished run with its networks and estimators as they were tested.

    The dataset is the one that the run names unless given. Raises SlateboardError for a folder without a result
    or a baseline without weights of its own, BadInput where dataset, split or weights are not those of the run.
    """
    record, result, data, split = load_record(workspace, folder, dataset=dataset)
    if record.members:
        raise SlateboardError(
            f"{folder} is a mean of {len(record.members)} runs and has no weights of its own: name one of those."
        )
    module = BASELINES.load(record.baseline)
    # Parameters in one of the two alone: the CARD has more than the record, or fewer.
    differing = sorted(module.CARD.parameters.keys() ^ (record.parameters.keys() - {JOINTLY}))
    if differing:
        what = f"was made by another version of {record.baseline}: parameters {', '.join(differing)} are not in both."
        raise BadInput([Problem(str(folder), what, "Run it again.")])
    untrained = module.build(data.classes, record.parameters, weights_dir=WeightRegistry.of(workspace.settings))
    _check_first_weights(folder, record, untrained)
    streams = tuple(_load_weights(stream, folder) for stream in untrained)
    return LoadedRun(folder, record, result, data, split, streams)


def load_record(
    workspace: Workspace, folder: Path, *, dataset: Dataset | None = None
) -> tuple[Run, Result, Dataset, Split]:
    """Return what a finished run states, and the dataset and split that it was made with; no weights."""
    if not (folder / RESULT).is_file():
        raise SlateboardError(f"{folder} holds no finished run (no {RESULT}). Finish it with `slateboard bench train`.")
    result = Result.read(folder / RESULT)
    record = result.run
    data = dataset or dataset_at(workspace, record.dataset.rpartition("-")[2])
    split = find_split(workspace, data, protocol=record.protocol, number=record.split)
    pairs = [
        ("dataset", record.dataset_sha256, data.sha256, f"Name the release {record.dataset} it was made with."),
        ("split", record.split_sha256, split.sha256, f"Restore {record.protocol}-{record.split}, or run again."),
    ]
    problems = [
        Problem(str(folder), f"was made with {name} {stated[:12]}, not {actual[:12]} of {data.key}.", remedy)
        for name, stated, actual, remedy in pairs
        if stated != actual
    ]
    if problems:
        raise BadInput(problems)
    return record, result, data, split


def _check_first_weights(folder: Path, record: Run, streams: Sequence[Stream]) -> None:
    """Raise BadInput where the frozen network before an estimator, which no checkpoint holds, has other weights now."""
    stated = record.weights_sha256 or ""
    actual = [stream.weights_sha256 or "" for stream in streams if not isinstance(stream.model, nn.Module)]
    # torchvision's file names state the first 8 digits alone.
    differing = [sha256 for sha256 in actual if stated and sha256 and sha256[:8] != stated[:8]]
    if differing:
        what = f"began with weights {record.weights} {stated[:12]}, not {differing[0][:12]}."
        raise BadInput([Problem(str(folder), what, "Put that file where the settings look for weights.")])


def _load_weights(stream: Stream, folder: Path) -> Stream:
    """Return a stream with the weights of its checkpoint, which must fit all of it."""
    if not isinstance(stream.model, nn.Module):
        path = folder / CHECKPOINTS / f"{stream.name}{ENDING}"
        if not path.is_file():
            raise BadInput(
                [Problem(str(path), "is not there: the estimator was not kept.", "Remove the run, run it again.")]
            )
        return replace(stream, model=load_estimator(path))
    path = checkpoint.file_of(folder, stream.name)
    saved = checkpoint.read(path)
    if saved is None or not saved.state.finished:
        what = "is not there." if saved is None else f"is of epoch {saved.state.epoch}, before the end of training."
        raise BadInput([Problem(str(path), what, "Remove the run, run it again.")])
    try:
        stream.model.load_state_dict(saved.weights[0])
    except RuntimeError as error:
        what = f"does not fit the network ({str(error).splitlines()[0]})."
        raise BadInput([Problem(str(path), what, "Run again with this version of the baseline.")]) from None
    return replace(stream, model=stream.model.eval())
