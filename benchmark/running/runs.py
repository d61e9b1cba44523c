"""A run from its record to its result: train or average, score, draw; result.json last, so that it means whole."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from benchmark.baseline_registry import BASELINES
from benchmark.devices import check_devices, described, device_kind, fabric, processes
from benchmark.reports.report import write_report
from benchmark.running import facts
from benchmark.running.averaging import averaged
from benchmark.running.learning import Tested, learn
from benchmark.running.planning import plan
from benchmark.running.seen import group_warnings, refuse_seen, training_warnings
from leaderboards.predictions import PREDICTIONS
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import Held
from slateboard.files import digest, whole, write_json
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.result import Result
from slateboard.records.run import Failed, Run
from slateboard.records.split import Split
from slateboard.records.trained_on import TRAINED_ON
from slateboard.settings import Training
from slateboard.workspace import Workspace

RESULT = "result.json"
"""Written last: a folder without it is a run that is not whole."""


@dataclass(frozen=True)
class Outcome:
    """A run that is whole."""

    folder: Path
    result: Result
    is_new: bool
    """False: it was there already, and nothing was done."""


def run(
    workspace: Workspace,
    dataset: Dataset,
    split: Split,
    baseline: str,
    *,
    seed: int,
    over: Mapping[str, Any] | None = None,
    failed: Failed = "wrong",
    runs: Path | None = None,
) -> Outcome:
    """Train and test one baseline, or return the run that is there; killed and called again, it goes on.

    Parameters are `over` those of settings.baselines, which are over the CARD's. The folder of the run lies below
    `runs`, the workspace's unless given. Raises SlateboardError with what is wrong, SeenInTraining where a checkpoint
    in that folder was trained or validated on clips that are to be tested.
    """
    record = plan(workspace.settings, dataset, split, baseline, seed=seed, over=over, failed=failed)
    return carry_out(workspace, dataset, split, record, runs=runs)


def carry_out(
    workspace: Workspace,
    dataset: Dataset,
    split: Split,
    record: Run,
    *,
    runs: Path | None = None,
    members: Sequence[tuple[Path, Result]] | None = None,
) -> Outcome:
    """Do what a record says, on its own dataset and split.

    The members of a mean are done first where they are not there; `members` are those that are given as they are, with
    their folders. Under torchrun or srun every process calls this; the first one alone writes. Raises Held where
    another process works on the same run.
    """
    home = runs or workspace.runs
    folder = inside(home, record.folder)
    if (folder / RESULT).is_file():
        return Outcome(folder, Result.read(folder / RESULT), is_new=False)
    check_devices(workspace.settings.train.devices)
    if members is None:
        made = [carry_out(workspace, dataset, split, record.of(member), runs=home) for member in record.members]
        members = [(one.folder, one.result) for one in made]
    here, environment = _machine(workspace.settings.train, record)
    with _alone(folder, here):
        if here.global_rank == 0:
            record.write(folder / "config.toml")
            write_json(folder / "environment.json", environment)
        say(f"{record.baseline}: run {record.folder} on {environment['device']}")
        if members:
            tested = averaged(folder, members, record.shares, first=here.global_rank == 0)
        else:
            tested = learn(workspace, dataset, split, record, folder=folder, here=here)
        result = _result(dataset, split, record, tested, environment)
        if here.global_rank == 0:
            _write(folder, dataset, split, tested, result)
        here.barrier()
    return Outcome(folder, result, is_new=True)


def _machine(settings: Training, record: Run) -> tuple[Fabric, dict[str, str]]:
    """Return where a run computes, and what a result says of it."""
    kind = device_kind(settings.device)
    precision = record.parameters.get("precision", "32-true")
    here = fabric(kind, precision=precision, deterministic=settings.deterministic)
    return here, {**facts.environment(kind), **described(here)}


@contextmanager
def _alone(folder: Path, here: Fabric) -> Iterator[None]:
    """Keep other processes out of the folder of a run; the system lets go of it when this one dies."""
    if here.global_rank:
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f".{folder.name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Held(f"{folder} is being made by another process. Wait for it, or stop it.") from None
    try:
        yield
    finally:
        lock.release()


def _result(dataset: Dataset, split: Split, record: Run, tested: Tested, environment: dict[str, str]) -> Result:
    """Score what was predicted, and put together what is known of it."""
    refuse_seen(tested.trained_on, split, where=record.folder)
    predictions = tested.predictions
    scores = score(predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs, failed=record.failed)
    n_failed = predictions.loc[predictions["failed"], "clip_id"].nunique()
    streams = tested.streams.values()
    counted = [one.gflops for one in streams if one.gflops is not None]
    return Result(
        run=record,
        title=_title(record),
        train_sha256=digest(tested.trained_on.train),
        n_expected=len(split.test),
        n_scored=len(split.test) - n_failed,
        n_failed=n_failed,
        scores=scores,
        parameters=sum(one.parameters for one in streams),
        gflops=sum(counted) if len(counted) == len(streams) else None,
        train_seconds=sum(one.train_seconds or 0 for one in streams),
        test_seconds=sum(one.test_seconds or 0 for one in streams),
        epochs=dict(tested.epochs),
        selection=tested.selection,
        geometry=dict(tested.geometry),
        streams=dict(tested.streams),
        frames=tested.frames,
        processes=processes(),
        warnings=(
            *training_warnings(tested.trained_on, split),
            *group_warnings(tested.trained_on, dataset.clips, split),
        ),
        environment=environment,
    )


def _title(record: Run) -> str:
    if record.baseline not in BASELINES.names():
        return "Late fusion of finished runs"
    title: str = BASELINES.load(record.baseline).CARD.title
    return title


def _write(folder: Path, dataset: Dataset, split: Split, tested: Tested, result: Result) -> None:
    """Write predictions, figures and page, and the result last."""
    tested.trained_on.write(folder / TRAINED_ON)
    with whole(folder / PREDICTIONS) as temporary:
        tested.predictions.to_parquet(temporary, index=False)
    write_report(folder, result, tested.predictions, dataset, split)
    result.write(folder / RESULT)
