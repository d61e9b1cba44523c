"""A suite: planned whole, a process a run, failures as rows, killed and resumed, the same however it is spread."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from deadly import deadly
from work_here import run_but

from benchmark.steps.suite import command
from benchmark.suites.file import SHIPPED, find_suite, read_suite
from benchmark.suites.jobs import plan_suite
from benchmark.suites.run_job import hold_gpu, reason_of, run_job
from benchmark.training.memory import DoesNotFit
from slateboard.catalog.lock import lock_workspace
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Finding, MissingRequirement, SlateboardError, WorkspaceLocked
from slateboard.workspace import Workspace
from splits.folder import find_split, write_split

BASELINES = """
[baselines.chance]
size = 32
[baselines.hog_svm]
size = 32
[baselines.c3d]
width = 2
fc = 8
size = 32
epochs = 1
"""
TINY = f"""
title = "Tiny"
protocol = "seags"
{BASELINES}
[[run]]
baseline = "chance"

[[run]]
baseline = "c3d"
set = {{ frames = 8 }}

[[run]]
baseline = "ensemble"
set = {{ members = [{{ baseline = "chance" }}, {{ baseline = "c3d", set = {{ frames = 8 }} }}] }}

[[run]]
baseline = "ensemble"
set = {{ members = [{{ baseline = "chance" }}, {{ baseline = "hog_svm" }}] }}
"""


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab("")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make runs in this process, which takes seconds less for each; those of `deadly` die all the same."""

    def here(function: Callable[[Any], Any], orders: Iterator[Any], **_: object) -> Iterator[tuple[Any, Any]]:
        def dies(order: Any) -> bool:
            return function is deadly and order.job.record.baseline == "hog_svm"

        return run_but(dies, "its process was killed by SIGKILL")(function, orders)

    monkeypatch.setattr("benchmark.suites.scheduler.run_isolated", here)


def written(workspace: Workspace, text: str, name: str = "tiny.toml") -> str:
    path = workspace.root / name
    path.write_text(text, "utf-8")
    return str(path)


def table(workspace: Workspace, name: str = "tiny") -> dict[str, dict[str, str]]:
    """Return the rows of the CSV by run, the split and the seed off."""
    with (workspace.root / "suites" / f"{name}.csv").open(newline="") as file:
        rows = {row["run"].removesuffix(" seags-1 seed=0"): row for row in csv.DictReader(file)}
    twin = json.loads((workspace.root / "suites" / f"{name}.json").read_text())["rows"]
    assert [row["run"] for row in twin] == [row["run"] for row in rows.values()]
    return rows


@pytest.mark.usefixtures("here")
def test_a_failing_run_is_a_row_and_stops_no_other(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(workspace, TINY)
    monkeypatch.setattr("benchmark.suites.scheduler.run_job", deadly)
    with pytest.raises(Finding, match=r"4 of 5 runs failed: .*tiny\.csv says why"):
        command(workspace, path)
    rows = list(table(workspace).values())
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("done", ""), ("failed", "error"), ("failed", "member"), ("failed", "died"), ("failed", "member"),
    ]  # fmt: skip
    assert rows[0]["accuracy"] == "all 50.0"
    assert rows[1]["message"] == "C3D needs 16 frames of 16 pixels or more, got 8 of 32."
    assert "was killed by SIGKILL" in rows[3]["message"]
    assert rows[1]["folder"] in rows[2]["message"]
    assert (workspace.runs / rows[0]["folder"] / "result.json").is_file()
    assert "C3D needs 16 frames" in (workspace.runs / rows[1]["folder"] / "run.log").read_text()
    before = (workspace.runs / rows[0]["folder"] / "result.json").read_bytes()

    monkeypatch.setattr("benchmark.suites.scheduler.run_job", run_job)
    with pytest.raises(Finding, match="2 of 5 runs failed"):
        command(workspace, path)
    again = list(table(workspace).values())
    assert [row["state"] for row in again] == ["done", "failed", "failed", "done", "done"]
    assert (workspace.runs / rows[0]["folder"] / "result.json").read_bytes() == before


def test_a_dry_run_lists_and_writes_nothing(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    told = command(workspace, written(workspace, TINY), dry_run=True)
    assert [row["state"] for row in told["runs"]] == ["missing"] * 5
    printed = capsys.readouterr().out
    assert "missing  c3d frames=8 seags-1 seed=0" in printed
    assert "0 done, 0 failed, 5 missing" in printed
    assert not workspace.runs.exists()
    assert not (workspace.root / "suites").exists()


def test_splits_seeds_and_grids_are_multiplied_and_no_run_is_there_twice(
    workspace: Workspace, squares: Dataset
) -> None:
    first = find_split(workspace, squares, protocol="seags", number=1)
    second = first.model_copy(update={"number": 2, "seed": 1})
    write_split(workspace.splits / squares.key / "seags" / "2", second, squares)
    text = (
        'protocol = "seags"\nsplits = []\nseeds = [0, 1]\n[[run]]\nbaseline = "hog_svm"\n'
        "grid = { c = [0.1, 1], cell = [4, 8] }\n[[run]]\nbaseline = 'hog_svm'\nset = { c = 1.0 }\n"
    )
    jobs = plan_suite(workspace, read_suite(Path(written(workspace, text))), squares)
    assert len(jobs) == len({job.record.folder for job in jobs}) == 2 * 2 * 4
    assert {(job.record.split, job.record.seed) for job in jobs} == {(1, 0), (1, 1), (2, 0), (2, 1)}
    assert jobs[0].label == "hog_svm cell=4 c=0.1 seags-1 seed=0"


def test_parameters_of_the_workspace_have_no_part_in_a_suite(lab: Callable[..., Workspace], squares: Dataset) -> None:
    folders = []
    for number, settings in enumerate(("", "[baselines.c3d]\nwidth = 4\n")):
        workspace = lab(settings, str(number))
        suite = read_suite(Path(written(workspace, "[[run]]\nbaseline = 'c3d'\n")))
        folders += [job.record.folder for job in plan_suite(workspace, suite, squares)]
    assert folders[0] == folders[1]


def test_every_fault_of_a_suite_is_named_before_anything_runs(workspace: Workspace) -> None:
    def told(text: str) -> str:
        with pytest.raises(SlateboardError) as error:
            command(workspace, written(workspace, text))
        return str(error.value)

    wrong = told("seed = [1]\n[[run]]\nbaseline = 'c3d'\nsett = { width = 2 }\n")
    assert "seed: unknown key. Did you mean 'seeds'?" in wrong
    assert "run.1.sett: unknown key. Did you mean 'set'?" in wrong
    planned = told("[[run]]\nbaseline = 'c3d'\nset = { widht = 2 }\n[[run]]\nbaseline = 'c3e'\n")
    assert "unknown parameter 'widht'. Did you mean 'width'?" in planned
    assert "Unknown baselines name 'c3e'. Did you mean 'c3d'" in planned
    assert "is not valid TOML" in told("[[run]\n")
    assert "run: Field required" in told("title = 'x'\n")
    assert "no split 'seags-9'" in told("splits = [9]\n[[run]]\nbaseline = 'chance'\n")
    with pytest.raises(SlateboardError, match=r"no suite of that name\. Did you mean 'seags'"):
        command(workspace, "seag")
    assert not workspace.runs.exists()


@pytest.mark.parametrize("name", ["seags", "ucf101"])
def test_a_suite_that_comes_with_the_package_plans_the_runs_of_the_papers_tables(
    name: str, workspace: Workspace, squares: Dataset
) -> None:
    suite = read_suite(find_suite(name)).model_copy(update={"protocol": "seags"})
    jobs = plan_suite(workspace, suite, squares)
    kinds = [job.record.baseline for job in jobs]
    expected = {
        "seags": ["single_frame"] * 5 + ["mei_two_stream"] * 5 + ["ensemble"] * 2,
        "ucf101": ["mei_two_stream"],
    }
    # The ensembles average exactly the ten single runs.
    assert kinds == expected[name]
    assert all(job.record.parameters.get("stop_accuracy", 0.9) == 0.9 for job in jobs)
    assert {path.stem for path in SHIPPED.glob("*.toml")} == set(expected)
    assert (Path(__file__).parents[2] / "suites" / f"{name}.toml").read_bytes() == find_suite(name).read_bytes()


def test_each_failure_has_its_kind() -> None:
    errors = [Finding(""), MissingRequirement(""), BadInput([]), MemoryError(), ValueError()]
    assert [reason_of(error) for error in errors] == ["finding", "requirement", "error", "memory", "fault"]
    assert reason_of(DoesNotFit("")) == "memory"
    assert reason_of(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")) == "memory"


def _hold(folder: str, ready: Any) -> None:
    with hold_gpu(["0"], folder=Path(folder)):
        ready.set()
        time.sleep(60)


def test_a_gpu_is_leased_to_one_process_and_freed_when_it_dies(tmp_path: Path) -> None:
    with hold_gpu(["0", "1"], folder=tmp_path) as one, hold_gpu(["0", "1"], folder=tmp_path) as other:
        assert (one, other) == ("0", "1")
    fork = get_context("fork")
    ready = fork.Event()
    holder = fork.Process(target=_hold, args=(str(tmp_path), ready))
    holder.start()
    assert ready.wait(30)
    with hold_gpu(["0", "1"], folder=tmp_path) as free:
        assert free == "1"
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with hold_gpu(["0"], folder=tmp_path) as freed:
        assert freed == "0"


def suite(workspace: Workspace, path: str, *words: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    command = [sys.executable, "-m", "slateboard", "bench", "suite", path, "-w", str(workspace.root), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_suite_that_is_killed_goes_on_where_it_was(workspace: Workspace) -> None:
    path = written(workspace, BASELINES + "[[run]]\nbaseline = 'chance'\n[[run]]\nbaseline = 'c3d'\nset.epochs = 30\n")
    started = suite(workspace, path)
    until = time.monotonic() + 200
    while not list(workspace.runs.glob("*/*/c3d/*/checkpoints/*.pt")):
        assert started.poll() is None and time.monotonic() < until, started.communicate()
        time.sleep(0.05)
    started.kill()
    started.communicate()
    rows = list(table(workspace).values())
    assert [row["state"] for row in rows] == ["done", "missing"]
    assert float(rows[0]["seconds"]) > 0
    again = suite(workspace, path)
    told, _ = again.communicate(timeout=240)
    assert (again.returncode, told.splitlines()[-1]) == (0, "2 done, 0 failed, 0 missing")
    assert "goes on after" in (workspace.runs / rows[1]["folder"] / "run.log").read_text()
    assert next(iter(table(workspace).values())) == rows[0]


@pytest.mark.usefixtures("here")
def test_a_second_process_is_told_who_makes_the_suite_and_may_list_its_runs(workspace: Workspace) -> None:
    path = written(workspace, BASELINES + "[[run]]\nbaseline = 'chance'\n")
    (workspace.root / "suites").mkdir()
    with lock_workspace(workspace.root / "suites" / "tiny.lock"):
        with pytest.raises(WorkspaceLocked, match=r"suites is in use by"):
            command(workspace, path)
        assert command(workspace, path, dry_run=True)["runs"][0]["state"] == "missing"
    command(workspace, path)
    assert [row["state"] for row in table(workspace).values()] == ["done"]


@pytest.mark.slow
def test_workers_and_engine_change_no_prediction(lab: Callable[..., Workspace]) -> None:
    """One worker, two, and Ray leave the same rows and the same bytes of predictions."""
    text = TINY + "[[run]]\nbaseline = 'c3d'\ngrid = { learning_rate = [0.003, 0.01] }\n"
    found = []
    for words in (["--workers", "1"], ["--workers", "2"], ["--workers", "2", "--engine", "ray"]):
        workspace = lab("", f"w{len(found)}")
        started = suite(workspace, written(workspace, text), *words)
        _, told = started.communicate(timeout=550)
        assert started.returncode == 1, told
        rows = [(row["run"], row["state"], row["reason"], row["accuracy"]) for row in table(workspace).values()]
        files = {path.parent.name: path.read_bytes() for path in workspace.runs.rglob("predictions.parquet")}
        found.append((rows, files))
    assert found[0] == found[1] == found[2]
    assert len(found[0][1]) == 5
