"""One run that is damaged, or that a stranger sent, costs itself: the other runs of a command are made and told."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmark.steps import optimism, train
from benchmark.steps.fuse import command as fuse
from benchmark.steps.slices import command as slices
from benchmark.suites.jobs import SuiteJob
from benchmark.suites.table import SuiteTable
from slateboard.errors import BadInput, SlateboardError
from slateboard.folder_dataset import cached_sha256s
from slateboard.records.run import Run
from slateboard.workspace import Workspace

DAMAGED = {
    "half": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "a list": lambda text: "[1]",
    "deep": lambda text: "[" * 100_000,
    "of other rows": lambda text: '{"schema": 1, "rows": [3]}',
    "without rows": lambda text: '{"schema": 1}',
}


def job(name: str) -> SuiteJob:
    record = Run(
        dataset="made-v1", dataset_sha256="0", protocol="seags", split=1, split_sha256="0", baseline=name,
        parameters={}, weights="none", seed=0, threads=1,
    )  # fmt: skip
    return SuiteJob(f"{name} seags-1", record, ())


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_table_of_states_is_written_anew_and_said(tmp_path: Path, damage, capsys) -> None:
    jobs = [job("a"), job("b")]
    SuiteTable(tmp_path, "tiny", jobs, runs=tmp_path / "runs").write()
    path = tmp_path / "tiny.json"
    path.write_text(damage(path.read_text()))
    states = SuiteTable(tmp_path, "tiny", jobs, runs=tmp_path / "runs")
    states.write()
    assert [row.state for row in states.rows] == ["missing", "missing"]
    assert "tiny.json" in capsys.readouterr().err
    assert len(json.loads(path.read_text())["rows"]) == 2


def test_one_damaged_row_of_states_costs_that_row_and_one_broken_result_its_job(tmp_path: Path, capsys) -> None:
    jobs = [job("a"), job("b"), job("c")]
    folders = [one.record.folder for one in jobs]
    rows = [
        {"run": "a", "state": "failed", "reason": "memory", "folder": folders[0]},
        {"run": "b", "state": ["x"], "folder": folders[1]},
    ]
    (tmp_path / "tiny.json").write_text(json.dumps({"schema": 1, "rows": rows}))
    (tmp_path / "runs" / folders[2]).mkdir(parents=True)
    (tmp_path / "runs" / folders[2] / "result.json").write_text('{"schema": 2')
    states = SuiteTable(tmp_path, "tiny", jobs, runs=tmp_path / "runs")
    assert [(row.state, row.reason) for row in states.rows] == [
        ("failed", "memory"),
        ("missing", ""),
        ("failed", "error"),
    ]
    assert "result.json" in states.rows[2].message
    assert "1 of 2 rows are damaged" in capsys.readouterr().err


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab("[baselines.chance]\nsize = 32\n[baselines.hog_svm]\nsize = 32\n")


@pytest.mark.parametrize(
    "error", [ValueError("a shape"), MemoryError(), KeyError("x"), OSError(5, "Input/output error")]
)
def test_a_baseline_that_raises_anything_stops_no_other(workspace: Workspace, monkeypatch, error, capsys) -> None:
    real = train.execute_run

    def failing(*given, **named):
        if given[3].baseline == "hog_svm":
            raise error
        return real(*given, **named)

    monkeypatch.setattr(train, "execute_run", failing)
    with pytest.raises(SlateboardError, match="1 of 2 baselines failed"):
        train.command(workspace, ["hog_svm", "chance"])
    assert "hog_svm: failed: " in capsys.readouterr().err
    assert len(list(workspace.runs.rglob("result.json"))) == 1
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(train, "execute_run", lambda *_, **__: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match="No space"):
        train.command(workspace, ["hog_svm", "chance"])


def test_a_baseline_whose_runs_are_damaged_stops_no_other_study(workspace: Workspace, capsys) -> None:
    optimism.command(workspace, ["hog_svm"], seeds=1)
    (broken,) = (workspace.root / "optimism").rglob("hog_svm*/**/predictions.parquet")
    broken.write_bytes(b"PAR1")
    with pytest.raises(SlateboardError, match="1 of 2 baselines failed"):
        optimism.command(workspace, ["hog_svm", "chance"], seeds=1)
    assert "predictions.parquet" in capsys.readouterr().err
    assert len(list((workspace.root / "optimism").rglob("chance.json"))) == 1


def test_runs_with_damaged_results_or_predictions_are_named_together(workspace: Workspace) -> None:
    outcome = train.command(workspace, ["chance"])
    folder = Path(outcome["runs"][0]["folder"])
    (folder / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=r"predictions\.parquet: is no table of predictions"):
        slices(workspace, folder)
    others = [workspace.runs / name for name in ("x", "y")]
    for other in others:
        other.mkdir()
        (other / "result.json").write_text("{")
    with pytest.raises(BadInput) as caught:
        fuse(workspace, [str(folder), *map(str, others)])
    assert [problem.where for problem in caught.value.problems] == [str(one / "result.json") for one in others]


def test_a_damaged_memory_of_hashes_is_made_again(tmp_path: Path, capsys) -> None:
    file, memory = tmp_path / "a.avi", tmp_path / "files.parquet"
    file.write_bytes(b"a")
    first = cached_sha256s(memory, [file])
    for content in (b"", b"PAR1", memory.read_bytes()[:100]):
        memory.write_bytes(content)
        assert cached_sha256s(memory, [file]) == first
    assert len(pd.read_parquet(memory)) == 1
    assert "is no table of hashes" in capsys.readouterr().err
