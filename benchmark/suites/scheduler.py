"""Schedule what is missing of a suite, several runs at once, and show how far it is."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmark.devices import device_kind
from benchmark.suites.jobs import SuiteJob
from benchmark.suites.run_job import JobOrder, failed_row, run_job
from benchmark.suites.table import Reason, SuiteRow, SuiteTable
from slateboard.engine import Budget, Code, Engine, Failure, run_isolated
from slateboard.progress import Bar, progress, say
from slateboard.workspace import Workspace


def gpus(setting: str) -> tuple[str, ...]:
    """Return the GPUs of this machine that may be used, as CUDA numbers them; none where runs compute on the CPU."""
    if device_kind(setting) == "cpu":
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(visible.split(",")) if visible else tuple(map(str, range(torch.cuda.device_count())))


def run_suite(
    workspace: Workspace,
    jobs: Sequence[SuiteJob],
    table: SuiteTable,
    *,
    dataset: str | None,
    workers: int | None,
    engine: str,
    address: str | None,
) -> None:
    """Execute every run that is not done, first those that others average; one that fails stops no other.

    `workers` run at once: by default one for each GPU, without a GPU one; on Ray as many as the cluster holds.
    """
    local = engine == Engine.LOCAL
    budget = Budget(wall_seconds=workspace.settings.limits.run_seconds or None)
    local_gpus = gpus(workspace.settings.train.device) if local else ()
    count = workers or (max(len(local_gpus), 1) if local else None)
    table.write()
    missing = len(jobs) - table.count("done")
    with progress("suite", missing, unit="runs") as bar:
        # Two rounds: what trains, then what averages; so every mean finds its members finished, or failed.
        for averages in (False, True):
            todo = [job for job in jobs if bool(job.members) == averages and table.state(job.record.folder) != "done"]
            root = workspace.root.absolute()
            orders = [JobOrder(root, dataset, job, local_gpus) for job in todo if _has_members(job, table, bar)]
            running: set[str] = set()
            # A generator: an order counts as running when a process takes it, not when it is planned.
            started = _start_orders(orders, running, table, bar)
            shared = (workspace.root,)
            outcomes = run_isolated(
                run_job, started, workers=count, engine=engine, address=address, budget=budget, shared=shared
            )
            for order, outcome in outcomes:
                running.discard(order.job.record.folder)
                row = _failure_row(order.job, outcome) if isinstance(outcome, Failure) else outcome
                _put_row(row, table, bar, len(running))


def _has_members(job: SuiteJob, table: SuiteTable, bar: Bar) -> bool:
    """Return whether all members of a mean are done; otherwise write its row: it failed."""
    broken = [folder for folder in job.members if table.state(folder) != "done"]
    if broken:
        _put_row(
            failed_row(job, "member", f"It averages {', '.join(broken)}, of which there is no result."), table, bar, 0
        )
    return not broken


def _start_orders(orders: Sequence[JobOrder], running: set[str], table: SuiteTable, bar: Bar) -> Iterator[JobOrder]:
    """Yield orders as processes take them, and show that they have begun."""
    for order in orders:
        running.add(order.job.record.folder)
        say(f"begun: {order.job.label}")
        bar.step(0, _counts(table, len(running)))
        yield order


def _failure_row(job: SuiteJob, failure: Failure) -> SuiteRow:
    reasons: dict[str, Reason] = {Code.DIED: "died", Code.MEMORY: "memory", Code.TIMEOUT: "timeout"}
    message = f"{failure.reason[:1].upper()}{failure.reason[1:]}."
    return failed_row(job, reasons.get(failure.code, "fault"), message)


def _put_row(row: SuiteRow, table: SuiteTable, bar: Bar, running: int) -> None:
    table.put(row)
    seconds = f", {row.seconds:.0f} s" if row.seconds is not None else ""
    say(f"{row.state}: {row.run}{seconds}: {row.accuracy or f'{row.reason}: {row.message}'}")
    bar.step(1, _counts(table, running))


def _counts(table: SuiteTable, running: int) -> str:
    missing = table.count("missing") - running
    return f"{table.count('done')} done, {running} running, {table.count('failed')} failed, {max(missing, 0)} missing"


def folder_of(workspace: Workspace) -> Path:
    """Return the folder of the tables of suites."""
    return workspace.root / "suites"
