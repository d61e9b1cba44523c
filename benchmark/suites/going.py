"""Carry out what is missing of a suite, several runs at once, and show how far it is."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmark.devices import device_kind
from benchmark.suites.jobs import Job
from benchmark.suites.states import Reason, Row, States
from benchmark.suites.work import Order, failed_row, work
from slateboard.engine import Budget, Code, Engine, Failure, run_isolated
from slateboard.progress import Bar, progress, say
from slateboard.workspace import Workspace


def gpus(wanted: str) -> tuple[str, ...]:
    """Return the GPUs of this machine that may be used, as CUDA numbers them; none where runs compute on the CPU."""
    if device_kind(wanted) == "cpu":
        return ()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(named.split(",")) if named else tuple(map(str, range(torch.cuda.device_count())))


def carry_on(
    workspace: Workspace,
    jobs: Sequence[Job],
    states: States,
    *,
    dataset: str | None,
    workers: int | None,
    engine: str,
    address: str | None,
) -> None:
    """Make every run that is not done; those that others average go first, and one that fails stops no other.

    `workers` at once: by default one a GPU, else one; on Ray as many as the cluster holds.
    """
    local = engine == Engine.LOCAL
    budget = Budget(wall_seconds=workspace.settings.limits.run_seconds or None)
    here = gpus(workspace.settings.train.device) if local else ()
    count = workers or (max(len(here), 1) if local else None)
    states.write()
    missing = len(jobs) - states.count("done")
    with progress("suite", missing, unit="runs") as bar:
        for averages in (False, True):
            todo = [job for job in jobs if bool(job.members) == averages and states.state(job.record.folder) != "done"]
            orders = [
                Order(workspace.root.absolute(), dataset, job, here) for job in todo if _can_begin(job, states, bar)
            ]
            under_way: set[str] = set()
            told = _begun(orders, under_way, states, bar)
            shared = (workspace.root,)
            outcomes = run_isolated(
                work, told, workers=count, engine=engine, address=address, budget=budget, shared=shared
            )
            for order, found in outcomes:
                under_way.discard(order.job.record.folder)
                row = _lost(order.job, found) if isinstance(found, Failure) else found
                _put(row, states, bar, len(under_way))


def _can_begin(job: Job, states: States, bar: Bar) -> bool:
    """Say whether all members of a mean are done; where not, that is its row."""
    broken = [folder for folder in job.members if states.state(folder) != "done"]
    if broken:
        _put(
            failed_row(job, "member", f"It averages {', '.join(broken)}, of which there is no result."), states, bar, 0
        )
    return not broken


def _begun(orders: Sequence[Order], under_way: set[str], states: States, bar: Bar) -> Iterator[Order]:
    """Yield orders as processes take them."""
    for order in orders:
        under_way.add(order.job.record.folder)
        say(f"begun: {order.job.label}")
        bar.step(0, _counts(states, len(under_way)))
        yield order


def _lost(job: Job, failure: Failure) -> Row:
    reasons: dict[str, Reason] = {Code.DIED: "died", Code.MEMORY: "memory", Code.TIMEOUT: "timeout"}
    message = f"{failure.reason[:1].upper()}{failure.reason[1:]}."
    return failed_row(job, reasons.get(failure.code, "fault"), message)


def _put(row: Row, states: States, bar: Bar, running: int) -> None:
    states.put(row)
    seconds = f", {row.seconds:.0f} s" if row.seconds is not None else ""
    say(f"{row.state}: {row.run}{seconds}: {row.accuracy or f'{row.reason}: {row.message}'}")
    bar.step(1, _counts(states, running))


def _counts(states: States, running: int) -> str:
    missing = states.count("missing") - running
    return f"{states.count('done')} done, {running} running, {states.count('failed')} failed, {max(missing, 0)} missing"


def folder_of(workspace: Workspace) -> Path:
    """Return the folder of the tables of states."""
    return workspace.root / "suites"
