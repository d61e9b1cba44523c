"""Run what is missing of a suite: a TOML file of runs, or the name of one that comes with slateboard.

Each run is a process of its own, so that a crash or a lack of memory is a row of the table and stops nothing. Killed
and started again it goes on; what failed is tried again. The table lies in suites/ of the workspace (docs/suites.md).

Example: slateboard bench suite seags --workers 2
"""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmark.suites.file import find_suite, read_suite
from benchmark.suites.jobs import plan_suite
from benchmark.suites.scheduler import folder_of, run_suite
from benchmark.suites.table import SuiteTable
from slateboard.catalog.lock import lock_workspace
from slateboard.dataset_lookup import dataset_at
from slateboard.engine import Engine
from slateboard.errors import Finding
from slateboard.json_output import JsonOutput
from slateboard.options import RayAddress
from slateboard.progress import show
from slateboard.records.run_folder import RUN_LOG
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    file: Annotated[str, typer.Argument(help="A TOML file, or seags or ucf101.")],
    dataset: Annotated[
        str | None, typer.Option(help="Version or folder in place of the one that the suite names.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Runs at once; one a GPU if not given, else one.", min=1)] = None,
    engine: Annotated[
        Engine, typer.Option(help="Where runs are made: here, or on Ray with a GPU each.")
    ] = Engine.LOCAL,
    address: RayAddress = None,
    dry_run: Annotated[bool, typer.Option(help="Only list the runs and their states.")] = False,
) -> JsonOutput:
    """Plan every run, make those that are not done, and print the table of states."""
    path = find_suite(file)
    suite = read_suite(path)
    name = dataset or suite.dataset
    if name is not None and Path(name).is_dir():
        # The processes that execute the runs may have another working directory.
        name = str(Path(name).resolve())
    jobs = plan_suite(workspace, suite, dataset_at(workspace, name))
    home = folder_of(workspace)
    if not dry_run:
        home.mkdir(parents=True, exist_ok=True)
    with nullcontext() if dry_run else lock_workspace(home / f"{path.stem}.lock"):
        table = SuiteTable(home, path.stem, jobs, runs=workspace.runs)
        if not dry_run:
            run_suite(workspace, jobs, table, dataset=name, workers=workers, engine=engine, address=address)
    for row in table.rows:
        why = ": ".join(filter(None, (row.reason, row.message)))
        show(f"{row.state:<8} {row.run}  {row.accuracy or why}".rstrip())
    show(", ".join(f"{table.count(state)} {state}" for state in ("done", "failed", "missing")))
    failed = table.count("failed")
    if failed and not dry_run:
        raise Finding(f"{failed} of {len(jobs)} runs failed: {table.csv} says why, and {RUN_LOG} in their folders.")
    return {"table": str(table.csv), "runs": [asdict(row) for row in table.rows]}
