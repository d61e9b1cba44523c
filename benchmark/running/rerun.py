"""Take up a finished run again: its record, its data, and its streams with their trained weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.models.estimators import ENDING, load_estimator
from benchmark.models.transfer.shelf import Shelf
from benchmark.running.planning import JOINTLY
from benchmark.training import checkpoint
from slateboard.dataset import Dataset
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.folder import find_split


@dataclass(frozen=True)
class Loaded:
    """A finished run on the data that it was made with."""

    folder: Path
    record: Run
    result: Result
    dataset: Dataset
    split: Split
    streams: tuple[Stream, ...]
    """In the order of the baseline, each model in the state that was tested."""


def load_run(workspace: Workspace, folder: Path, *, dataset: Dataset | None = None) -> Loaded:
    """Return a finished run with its networks and estimators as they were tested.

    The dataset is the one that the run names unless given. Raises SlateboardError for a folder without a result
    or a baseline without weights of its own, BadInput where dataset, split or weights are not those of the run.
    """
    record, result, known, split = load_record(workspace, folder, dataset=dataset)
    if record.members:
        raise SlateboardError(
            f"{folder} is a mean of {len(record.members)} runs and has no weights of its own: name one of those."
        )
    module = BASELINES.load(record.baseline)
    differing = sorted(module.CARD.parameters.keys() ^ (record.parameters.keys() - {JOINTLY}))
    if differing:
        what = f"was made by another version of {record.baseline}: parameters {', '.join(differing)} are not in both."
        raise BadInput([Problem(str(folder), what, "Run it again.")])
    built = module.build(known.classes, record.parameters, weights_dir=Shelf.of(workspace.settings))
    _same_weights(folder, record, built)
    streams = tuple(_trained(stream, folder) for stream in built)
    return Loaded(folder, record, result, known, split, streams)


def load_record(
    workspace: Workspace, folder: Path, *, dataset: Dataset | None = None
) -> tuple[Run, Result, Dataset, Split]:
    """Return what a finished run states, and the dataset and split that it was made with; no weights."""
    if not (folder / "result.json").is_file():
        raise SlateboardError(
            f"{folder} holds no finished run (no result.json). Finish it with `slateboard bench train`."
        )
    result = Result.read(folder / "result.json")
    record = result.run
    known = dataset or dataset_at(workspace, record.dataset.rpartition("-")[2])
    split = find_split(workspace, known, protocol=record.protocol, number=record.split)
    pairs = [
        ("dataset", record.dataset_sha256, known.sha256, f"Name the release {record.dataset} it was made with."),
        ("split", record.split_sha256, split.sha256, f"Restore {record.protocol}-{record.split}, or run again."),
    ]
    problems = [
        Problem(str(folder), f"was made with {name} {stated[:12]}, not {found[:12]} of {known.key}.", remedy)
        for name, stated, found, remedy in pairs
        if stated != found
    ]
    if problems:
        raise BadInput(problems)
    return record, result, known, split


def _same_weights(folder: Path, record: Run, built: Sequence[Stream]) -> None:
    """Refuse first weights of another file where they are no part of the checkpoint: an estimator's frozen network."""
    stated = record.weights_sha256 or ""
    known = [stream.weights_sha256 or "" for stream in built if not isinstance(stream.model, nn.Module)]
    # torchvision's file names carry the first 8 digits alone.
    others = [sha256 for sha256 in known if stated and sha256 and sha256[:8] != stated[:8]]
    if others:
        what = f"began with weights {record.weights} {stated[:12]}, not {others[0][:12]}."
        raise BadInput([Problem(str(folder), what, "Put that file where the settings look for weights.")])


def _trained(stream: Stream, folder: Path) -> Stream:
    """Return a stream with the weights of its checkpoint, which must fit all of it."""
    if not isinstance(stream.model, nn.Module):
        path = folder / "checkpoints" / f"{stream.name}{ENDING}"
        if not path.is_file():
            raise BadInput(
                [Problem(str(path), "is not there: the estimator was not kept.", "Remove the run, run it again.")]
            )
        return replace(stream, model=load_estimator(path))
    path = checkpoint.file_of(folder, stream.name)
    found = checkpoint.read(path)
    if found is None or not found.state.finished:
        what = "is not there." if found is None else f"is of epoch {found.state.epoch}, before the end of training."
        raise BadInput([Problem(str(path), what, "Remove the run, run it again.")])
    try:
        stream.model.load_state_dict(found.weights[0])
    except RuntimeError as error:
        what = f"does not fit the network ({str(error).splitlines()[0]})."
        raise BadInput([Problem(str(path), what, "Run again with this version of the baseline.")]) from None
    return replace(stream, model=stream.model.eval())
