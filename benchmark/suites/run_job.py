"""Execute one run of a suite in a process of its own: it holds a GPU, writes run.log, and ends as a table's row."""

import getpass
import os
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.running.runs import execute_run
from benchmark.suites.jobs import SuiteJob
from benchmark.suites.table import Reason, SuiteRow, done_row
from benchmark.training.memory import DoesNotFit, is_out_of_memory
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Finding, MissingRequirement, Problem, SlateboardError
from slateboard.progress import say
from slateboard.records.run_folder import RUN_LOG
from slateboard.unwritable import UNWRITABLE
from slateboard.workspace import Workspace
from splits.folder import find_split


@dataclass(frozen=True)
class JobOrder:
    """What a process is given: one job, and where it runs."""

    root: Path
    """Of the workspace, absolute; on Ray every machine has it at this path."""
    dataset: str | None
    """Suite.dataset."""
    job: SuiteJob
    gpus: tuple[str, ...] = ()
    """GPUs of this machine, of which it takes one; empty: it computes where the settings say."""


def run_job(order: JobOrder) -> SuiteRow:
    """Execute one run and return its row; a run that fails is a row that says why."""
    workspace, started = Workspace(order.root), time.monotonic()
    folder = workspace.runs / order.job.record.folder
    folder.mkdir(parents=True, exist_ok=True)
    with (
        hold_gpu(order.gpus) if order.gpus else nullcontext() as gpu,
        (folder / RUN_LOG).open("a", encoding="utf-8") as file,
    ):
        if gpu is not None:
            # Before CUDA is initialised in this process; afterwards it no longer reads the variable.
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        with redirect_stderr(file):
            row = _execute(workspace, order)
    return replace(row, seconds=round(time.monotonic() - started, 1))


def _execute(workspace: Workspace, order: JobOrder) -> SuiteRow:
    job, record = order.job, order.job.record
    try:
        dataset = dataset_at(workspace, order.dataset)
        split = find_split(workspace, dataset, protocol=record.protocol, number=record.split)
        # Planned minutes or days ago: a run must not be recorded as one on data that have changed since.
        if dataset.sha256 != record.dataset_sha256:
            raise BadInput([Problem(dataset.key, "has changed since the suite was planned.", "Run the suite again.")])
        return done_row(job, execute_run(workspace, dataset, split, record).result)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            # A full or read-only disk would fail every run after this one, too.
            raise
        say(traceback.format_exc())
        return failed_row(job, reason_of(error), str(error) or type(error).__name__)


def failed_row(job: SuiteJob, reason: Reason, message: str) -> SuiteRow:
    """Return the row of a run that failed."""
    return SuiteRow(job.label, "failed", reason=reason, message=" ".join(message.split()), folder=job.record.folder)


def reason_of(error: Exception) -> Reason:
    """Return the kind of failure of an error."""
    is_memory = isinstance(error, RuntimeError) and is_out_of_memory(error)
    if is_memory or isinstance(error, MemoryError | DoesNotFit):
        return "memory"
    if isinstance(error, Finding):
        return "finding"
    if isinstance(error, MissingRequirement):
        return "requirement"
    return "error" if isinstance(error, SlateboardError) else "fault"


@contextmanager
def hold_gpu(gpus: Sequence[str], *, folder: Path | None = None) -> Iterator[str]:
    """Hold one of these GPUs for the block, and wait while none is free.

    Each GPU has a lock file in `folder`, the system's folder for temporary files unless given, so that all suites of a
    person on this machine share them; the system releases it when the process dies.
    """
    home = folder or Path(tempfile.gettempdir())
    while True:
        for gpu in gpus:
            lock = FileLock(home / f"slateboard-{getpass.getuser()}-gpu-{gpu}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                continue
            try:
                yield gpu
            finally:
                lock.release()
            return
        # All GPUs are held, by this suite or another one: look again. A run takes minutes, so half a second is little.
        time.sleep(0.5)
