"""A damaged clip, note, index or release costs itself: stores are built, listed and checked without it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from work_here import run, run_but

from benchmark.frames import build as building
from benchmark.frames.build import build_store
from benchmark.frames.geometry import Geometry
from benchmark.frames.live import live
from benchmark.frames.open_frames import open_store
from benchmark.frames.shard_reader import INDEX
from benchmark.frames.shard_writer import ShardJob
from benchmark.suites import scheduler
from benchmark.suites.jobs import SuiteJob
from benchmark.suites.table import SuiteTable
from slateboard import engine
from slateboard.cli import main
from slateboard.dataset import Dataset
from slateboard.errors import BadInput
from slateboard.records.run import Run
from slateboard.settings import Limits
from slateboard.workspace import Workspace

GEOMETRY = Geometry(32)


def test_clips_that_cannot_be_written_together_cost_their_shard_and_no_other(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "clips_per_shard", lambda clips: 4)
    victim = sorted(squares.clips["clip_id"])[5]

    def dies(job: ShardJob) -> bool:
        together = len(job.clips) > 1 and any(clip_id == victim for clip_id, _ in job.clips)
        return together and len(job.crashing_clips) < len(job.clips)

    monkeypatch.setattr(engine, "run", run_but(dies, "it took longer than 7200 s"))
    index = open_store(tmp_path, squares, GEOMETRY, form="planes").shards.index
    failed = index[index["failed"] != ""]
    assert (sorted(failed.index), len(index)) == (sorted(squares.clips["clip_id"])[4:8], 16)
    assert all("it took longer than 7200 s" in reason for reason in failed["failed"])


def test_each_clip_has_the_budget_of_the_settings_and_a_shard_that_of_its_clips(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[Any] = []

    def noting(function: Any, items: Any, **named: Any) -> Any:
        budgets.append((function.__name__, named["budget"].wall_seconds, named["budget"].memory_bytes))
        return run(function, items)

    monkeypatch.setattr(engine, "run", noting)
    place = engine.Place(budget=engine.Budget.of(Limits(item_seconds=3, memory_bytes=600_000_000)))
    build_store(tmp_path, squares, GEOMETRY, form="planes", place=place)
    live(tmp_path, squares, GEOMETRY, place=place)
    assert budgets[0] == ("write_shard", 3 * 16, 600_000_000)
    assert budgets[-1] == ("survey_file", 3, 600_000_000)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"rows": []}', '{"rows": [3], "bytes": 1, "xxh3": "x"}'])
def test_a_damaged_note_of_a_shard_is_written_again(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    monkeypatch.setattr(engine, "run", run)
    folder = build_store(tmp_path, squares, GEOMETRY, form="planes")
    (folder / INDEX).unlink()
    (folder / "00000.json").write_text(note)
    build_store(tmp_path, squares, GEOMETRY, form="planes")
    assert open_store(tmp_path, squares, GEOMETRY, form="planes").shards.index["failed"].eq("").all()


def test_a_damaged_index_is_one_sentence(squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "run", run)
    folder = build_store(tmp_path, squares, GEOMETRY, form="planes")
    (folder / INDEX).write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=r"no index of a store.*Remove the store's folder"):
        _ = open_store(tmp_path, squares, GEOMETRY, form="planes").shards.index


def test_damaged_lines_of_a_journal_are_looked_for_again(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "run", run)
    first = live(tmp_path, squares, GEOMETRY)
    (journal,) = tmp_path.glob("*/live-*.jsonl")
    lines = journal.read_bytes().split(b"\n")
    lines[0], lines[1], lines[2] = b'{"sha256"', b"\xff\xfe", b'{"sha256": "x", "survey": {"a": 1}, "failed": ""}'
    journal.write_bytes(b"\n".join(lines))
    assert live(tmp_path, squares, GEOMETRY).surveys == first.surveys
    assert "3 damaged lines" in capsys.readouterr().err


@pytest.fixture
def workspace(lab: Callable[[str], Workspace], squares: Dataset) -> Workspace:
    workspace = lab("")
    # A release of its own, to be damaged: all tests of the session share the other.
    shared = workspace.releases / "v1"
    place = shared.resolve()
    shared.unlink()
    shutil.copytree(place, shared)
    assert main(["bench", "store", "build", "--size", "32", "-w", str(workspace.root), "--quiet"]) == 0
    return workspace


def test_a_release_that_cannot_be_read_stops_no_listing_and_loses_no_store(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(workspace.root)
    (workspace.releases / "v1" / "clips.parquet").write_bytes(b"PAR1")
    before = sorted(workspace.stores.rglob("*"))
    capsys.readouterr()
    assert main(["bench", "store", "info", "-w", root, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["unneeded"] == ""
    assert main(["bench", "store", "prune", "-w", root]) == 0
    assert "cannot be read, so its stores count as needed" in capsys.readouterr().err
    assert sorted(workspace.stores.rglob("*")) == before
    assert main(["bench", "store", "verify", "-w", root, "--sample", "2"]) == 0
    assert "no clip was decoded again" in capsys.readouterr().err


def test_a_store_with_a_damaged_index_is_a_problem_of_verify_and_the_others_are_checked(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(workspace.root)
    assert main(["bench", "store", "build", "--size", "48", "-w", root, "--quiet"]) == 0
    first = min(workspace.stores.rglob(INDEX))
    first.write_bytes(b"PAR1")
    capsys.readouterr()
    assert main(["bench", "store", "verify", "-w", root, "--sample", "1", "--json"]) == 1
    out, error = capsys.readouterr()
    assert [len(one["problems"]) for one in json.loads(out)["stores"]] == [1, 0]
    assert "no index of a store" in error


def _job(name: str) -> SuiteJob:
    record = Run(
        dataset="made-v1", dataset_sha256="0", protocol="seags", split=1, split_sha256="0", baseline=name,
        parameters={}, weights="none", seed=0, threads=1,
    )  # fmt: skip
    return SuiteJob(name, record, ())


def test_a_run_of_a_suite_that_takes_too_long_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    (tmp_path / "slateboard.toml").write_text("[limits]\nrun_seconds = 60\n")
    workspace, jobs = Workspace(tmp_path), [_job("a"), _job("b")]
    given: dict[str, Any] = {}

    def late(function: Any, orders: Any, **named: Any) -> Any:
        given.update(named)
        return ((order, engine.Failure(engine.Code.TIMEOUT, "it took longer than 60 s")) for order in orders)

    monkeypatch.setattr(scheduler, "run_isolated", late)
    states = SuiteTable(tmp_path, "tiny", jobs, runs=workspace.runs)
    scheduler.run_suite(workspace, jobs, states, dataset=None, workers=1, engine="local", address=None)
    assert [(row.state, row.reason, row.message) for row in states.rows] == [
        ("failed", "timeout", "It took longer than 60 s.")
    ] * 2
    assert given["budget"].wall_seconds == 60
    unlimited = replace(given["budget"], wall_seconds=None)
    (tmp_path / "slateboard.toml").write_text("")
    scheduler.run_suite(Workspace(tmp_path), jobs, states, dataset=None, workers=1, engine="local", address=None)
    assert given["budget"] == unlimited
