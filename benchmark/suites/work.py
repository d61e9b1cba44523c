"""One run of a suite in a process of its own: it holds a GPU, tells its log, and ends as a row whatever happens."""

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
from benchmark.suites.jobs import Job
from benchmark.suites.states import Reason, Row, done_row
from benchmark.training.memory import DoesNotFit, is_out_of_memory
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Finding, MissingRequirement, Problem, SlateboardError
from slateboard.progress import say
from slateboard.unwritable import UNWRITABLE
from slateboard.workspace import Workspace
from splits.folder import find_split

LOG = "run.log"
"""In the folder of a run: what it would have said on a terminal."""


@dataclass(frozen=True)
class Order:
    """What a process is told: one job, and where."""

    root: Path
    """Of the workspace, absolute; on Ray every machine sees it there."""
    dataset: str | None
    """Suite.dataset."""
    job: Job
    gpus: tuple[str, ...] = ()
    """GPUs of this machine, of which it takes one for itself; none: it computes on whatever the settings say."""


def work(order: Order) -> Row:
    """Make one run and return its row; a run that fails is a row that says why."""
    workspace, started = Workspace(order.root), time.monotonic()
    folder = workspace.runs / order.job.record.folder
    folder.mkdir(parents=True, exist_ok=True)
    with lease(order.gpus) if order.gpus else nullcontext() as gpu, (folder / LOG).open("a", encoding="utf-8") as file:
        if gpu is not None:
            # Before CUDA begins in this process: later it would no longer look.
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        with redirect_stderr(file):
            row = _made(workspace, order)
    return replace(row, seconds=round(time.monotonic() - started, 1))


def _made(workspace: Workspace, order: Order) -> Row:
    job, record = order.job, order.job.record
    try:
        dataset = dataset_at(workspace, order.dataset)
        split = find_split(workspace, dataset, protocol=record.protocol, number=record.split)
        if dataset.sha256 != record.dataset_sha256:
            raise BadInput([Problem(dataset.key, "has changed since the suite was planned.", "Run the suite again.")])
        return done_row(job, execute_run(workspace, dataset, split, record).result)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            # The runs after it would meet the same disk.
            raise
        say(traceback.format_exc())
        return failed_row(job, reason_of(error), str(error) or type(error).__name__)


def failed_row(job: Job, reason: Reason, message: str) -> Row:
    """Return the row of a run that failed."""
    return Row(job.label, "failed", reason=reason, message=" ".join(message.split()), folder=job.record.folder)


def reason_of(error: Exception) -> Reason:
    """Return which kind of failure an error is."""
    lacks = isinstance(error, RuntimeError) and is_out_of_memory(error)
    if lacks or isinstance(error, MemoryError | DoesNotFit):
        return "memory"
    if isinstance(error, Finding):
        return "finding"
    if isinstance(error, MissingRequirement):
        return "requirement"
    return "error" if isinstance(error, SlateboardError) else "fault"


@contextmanager
def lease(gpus: Sequence[str], *, folder: Path | None = None) -> Iterator[str]:
    """Hold one of these GPUs for the block, and wait while none is free.

    A lock file for each lies in `folder`, the system's for temporary files unless given, so that all suites of a
    person on this machine share them; the system lets go of it when the process dies.
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
        time.sleep(0.5)
