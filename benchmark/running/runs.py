"""A run from its record to its result: train or average, score, draw; result.json last, so that it means finished."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from benchmark.baseline_registry import BASELINES
from benchmark.devices import check_devices, described, device_kind, environment_of, fabric, processes
from benchmark.reports.report import write_report
from benchmark.running.contamination import check_contamination, group_warnings, training_warnings
from benchmark.running.fusion import average_runs
from benchmark.running.planning import plan
from benchmark.running.train_and_predict import RunOutput, train_and_predict
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import WorkspaceLocked
from slateboard.files import atomic_write, digest, write_json
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.records.result import Result
from slateboard.records.run import Failed, Run
from slateboard.records.run_folder import CONFIG, ENVIRONMENT, PREDICTIONS, RESULT, TRAINED_ON
from slateboard.records.split import Split
from slateboard.registry import Parameters
from slateboard.settings import TrainingSettings
from slateboard.workspace import Workspace


@dataclass(frozen=True)
class FinishedRun:
    """A run that has its result."""

    folder: Path
    result: Result
    is_new: bool
    """False: it was finished before, and nothing was done."""


def run(
    workspace: Workspace,
    dataset: Dataset,
    split: Split,
    baseline: str,
    *,
    seed: int,
    over: Parameters | None = None,
    failed: Failed = "wrong",
    runs: Path | None = None,
) -> FinishedRun:
    """Train and test one baseline, or return its finished run; killed and called again, it goes on.

    Parameters are `over` those of settings.baselines, which are over the CARD's. The folder of the run lies below
    `runs`, the workspace's unless given. Raises SlateboardError with what is wrong, ContaminatedTestSet where a
    checkpoint in that folder was trained or validated on test clips.
    """
    record = plan(workspace.settings, dataset, split, baseline, seed=seed, over=over, failed=failed)
    return execute_run(workspace, dataset, split, record, runs=runs)


def execute_run(
    workspace: Workspace,
    dataset: Dataset,
    split: Split,
    record: Run,
    *,
    runs: Path | None = None,
    members: Sequence[tuple[Path, Result]] | None = None,
) -> FinishedRun:
    """Train and test, or average, what a record states, on its dataset and split; a finished run is returned as it is.

    The members of a mean are run first where they are not finished; `members` are finished ones to average instead,
    with their folders. Under torchrun or srun every process calls this; only the first one writes. Raises Held where
    another process works on the same run.
    """
    home = runs or workspace.runs
    folder = inside(home, record.folder)
    if (folder / RESULT).is_file():
        return FinishedRun(folder, Result.read(folder / RESULT), is_new=False)
    check_devices(workspace.settings.train.devices)
    if members is None:
        finished = [execute_run(workspace, dataset, split, record.of(member), runs=home) for member in record.members]
        members = [(member_run.folder, member_run.result) for member_run in finished]
    launched, environment = _launch(workspace.settings.train, record)
    with _locked(folder, launched):
        is_first = launched.global_rank == 0
        if is_first:
            record.write(folder / CONFIG)
            write_json(folder / ENVIRONMENT, environment)
        say(f"{record.baseline}: run {record.folder} on {environment['device']}")
        if members:
            output = average_runs(folder, members, record.shares, writes=is_first)
        else:
            output = train_and_predict(workspace, dataset, split, record, folder=folder, fabric=launched)
        result = _result(dataset, split, record, output, environment)
        if is_first:
            _write(folder, dataset, split, output, result)
        # Until all is written: a member of an ensemble is read by every process right after it.
        launched.barrier()
    return FinishedRun(folder, result, is_new=True)


def _launch(settings: TrainingSettings, record: Run) -> tuple[Fabric, dict[str, str]]:
    """Return Fabric, launched on the run's device, and what a result states of that."""
    kind = device_kind(settings.device)
    precision = record.parameters.get("precision", "32-true")
    launched = fabric(kind, precision=precision, deterministic=settings.deterministic)
    return launched, {**environment_of(kind), **described(launched)}


@contextmanager
def _locked(folder: Path, launched: Fabric) -> Iterator[None]:
    """Keep other runs out of the folder of a run; the system releases the lock when this process dies."""
    # The other processes of the run write nothing; with a lock each they would shut each other out.
    if launched.global_rank:
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f".{folder.name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise WorkspaceLocked(f"{folder} is being made by another process. Wait for it, or stop it.") from None
    try:
        yield
    finally:
        lock.release()


def _result(dataset: Dataset, split: Split, record: Run, output: RunOutput, environment: dict[str, str]) -> Result:
    """Return the result of a run: its scores, costs and warnings."""
    check_contamination(output.trained_on, split, where=record.folder)
    predictions = output.predictions
    scores = score(predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs, failed=record.failed)
    n_failed = predictions.loc[predictions["failed"], "clip_id"].nunique()
    streams = output.streams.values()
    gflops = [stream.gflops for stream in streams if stream.gflops is not None]
    return Result(
        run=record,
        title=_title(record),
        train_sha256=digest(output.trained_on.train),
        n_expected=len(split.test),
        n_scored=len(split.test) - n_failed,
        n_failed=n_failed,
        scores=scores,
        parameters=sum(stream.parameters for stream in streams),
        gflops=sum(gflops) if len(gflops) == len(streams) else None,
        train_seconds=sum(stream.train_seconds or 0 for stream in streams),
        test_seconds=sum(stream.test_seconds or 0 for stream in streams),
        epochs=dict(output.epochs),
        selection=output.selection,
        geometry=dict(output.geometry),
        streams=dict(output.streams),
        frames=output.frames,
        processes=processes(),
        warnings=(
            *training_warnings(output.trained_on, split),
            *group_warnings(output.trained_on, dataset.clips, split),
        ),
        environment=environment,
    )


def _title(record: Run) -> str:
    if record.baseline not in BASELINES.names():
        return "Late fusion of finished runs"
    title: str = BASELINES.load(record.baseline).CARD.title
    return title


def _write(folder: Path, dataset: Dataset, split: Split, output: RunOutput, result: Result) -> None:
    """Write predictions, figures and page, and the result last."""
    # The result last: a kill before it leaves a folder that the next call goes on with, after it a finished run.
    output.trained_on.write(folder / TRAINED_ON)
    with atomic_write(folder / PREDICTIONS) as temporary:
        output.predictions.to_parquet(temporary, index=False)
    write_report(folder, result, output.predictions, dataset, split)
    result.write(folder / RESULT)
