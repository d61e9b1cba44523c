"""One run with a damaged file costs that run: it is named, typed and counted, and the board is built of the others."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leaderboards.board import build_board
from leaderboards.steps import build
from slateboard.cli import main
from slateboard.errors import BadInput, SlateboardError
from slateboard.workspace import Workspace

DEEP = json.loads('{"a":' * 200 + "1" + "}" * 200)
LOGITS = {"clip0": [[3, 0, 0]], "clip1": [[0, 3, 0]]}


@pytest.fixture
def runs(clips, predict, split, result, keep, tmp_path) -> Path:
    """Three runs on one split: a, b and c."""
    made = clips([1, 2, 3])
    for name in "abc":
        predictions = predict(made, LOGITS)
        keep(tmp_path / "runs", result(name, predictions, made, split(made, list(LOGITS))), predictions)
    return tmp_path / "runs"


@pytest.fixture
def released(clips, dataset):
    """The release that they were made with."""
    return dataset(clips([1, 2, 3]))


def result_of(folder: Path, **changed: Any) -> None:
    """Change fields of a result on the disk."""
    path = folder / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def score_of(folder: Path, **changed: Any) -> None:
    """Change fields of the score of a result on the disk."""
    (score,) = json.loads((folder / "result.json").read_text())["scores"]
    result_of(folder, scores=[{**score, **changed}])


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def large(path: Path) -> None:
    os.truncate(path, 10**12)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def predictions_of(folder: Path, **changed: Any) -> None:
    """Change columns of the predictions on the disk."""
    path = folder / "predictions.parquet"
    pd.read_parquet(path).assign(**changed).to_parquet(path)


def many_rows(path: Path) -> None:
    """Some hundred bytes that stand for 600 MB: one long text in every row."""
    rows = pa.DictionaryArray.from_arrays(np.zeros(6000, dtype=np.int32), ["x" * 100_000])
    table = {"clip_id": rows, **{name: np.zeros(6000) for name in ("view", "stream", "label_index", "failed")}}
    pq.write_table(pa.table({**table, "logits": pa.array([[]] * 6000)}), path, compression="zstd")


def nested(folder: Path) -> None:
    predictions_of(folder, logits=[[{"a": [1.0]}], [{"a": [2.0]}]])


Damage = tuple[str, Callable[[Path], None]]
RESULTS: dict[str, Damage] = {
    "half-written": ("unreadable", lambda folder: halved(folder / "result.json")),
    "empty": ("unreadable", lambda folder: os.truncate(folder / "result.json", 0)),
    "of another tool": ("unreadable", lambda folder: (folder / "result.json").write_text('{"top1": 0.7}')),
    "a list": ("unreadable", lambda folder: (folder / "result.json").write_text("[1, 2]")),
    "as deep as memory": ("unreadable", lambda folder: (folder / "result.json").write_text("[" * 200_000)),
    "deep inside": (
        "unreadable",
        lambda folder: result_of(folder, geometry=json.loads('{"a":' * 200 + "1" + "}" * 200)),
    ),
    "UTF-16": ("unreadable", lambda folder: (folder / "result.json").write_text("{}", "utf-16")),
    "a terabyte": ("unreadable", lambda folder: large(folder / "result.json")),
    "a pipe": ("unreadable", lambda folder: pipe(folder / "result.json")),
    "newer": ("newer", lambda folder: result_of(folder, schema=99)),
    "of schema x": ("unreadable", lambda folder: result_of(folder, schema="x")),
    "of schema true": ("unreadable", lambda folder: result_of(folder, schema=True)),
    "NaN": ("unreadable", lambda folder: result_of(folder, train_seconds=float("nan"))),
    "infinite": ("unreadable", lambda folder: score_of(folder, video_accuracy=float("inf"))),
    "infinite parameter": ("unreadable", lambda folder: result_of(folder, geometry={"frames": float("inf")})),
    "more than all": ("unreadable", lambda folder: score_of(folder, video_accuracy=1e300)),
    "a number of 400 digits": ("unreadable", lambda folder: result_of(folder, parameters=10**400)),
    "of no stream": ("unreadable", lambda folder: result_of(folder, scores=[])),
    "wrong types": ("unreadable", lambda folder: result_of(folder, scores="x", title=[], epochs={"all": {}})),
    "old with wrong types": ("unreadable", lambda folder: result_of(folder, schema=1, scores=[3])),
    "of other classes than counts": ("unreadable", lambda folder: score_of(folder, confusion=[[1]])),
    "slices without counts": ("unreadable", lambda folder: score_of(folder, slices={"effects=true": {}})),
    "of other data": (
        "other data",
        lambda folder: result_of(
            folder, run={**json.loads((folder / "result.json").read_text())["run"], "dataset_sha256": "0"}
        ),
    ),
}
PREDICTIONS: dict[str, Damage] = {
    "half-written": ("predictions", lambda folder: halved(folder / "predictions.parquet")),
    "empty": ("predictions", lambda folder: os.truncate(folder / "predictions.parquet", 0)),
    "gone": ("predictions", lambda folder: (folder / "predictions.parquet").unlink()),
    "a folder": (
        "predictions",
        lambda folder: ((folder / "predictions.parquet").unlink(), (folder / "predictions.parquet").mkdir()),
    ),
    "of other columns": (
        "predictions",
        lambda folder: pd.DataFrame({"a": [1]}).to_parquet(folder / "predictions.parquet"),
    ),
    "of unknown clips": ("predictions", lambda folder: predictions_of(folder, clip_id=["x", "y"])),
    "of fewer clips": ("predictions", lambda folder: predictions_of(folder, clip_id=["clip0", "clip0"])),
    "numbers as clips": ("predictions", lambda folder: predictions_of(folder, clip_id=[1, 2])),
    "text as logits": ("predictions", lambda folder: predictions_of(folder, logits=["abc", "def"])),
    "text as truth": ("predictions", lambda folder: predictions_of(folder, failed=["no", "no"])),
    "no logits": ("predictions", lambda folder: predictions_of(folder, logits=[None, None])),
    "NaN": ("predictions", lambda folder: predictions_of(folder, logits=[[np.nan] * 3] * 2)),
    "tables in cells": ("predictions", nested),
    "more rows than memory": ("predictions", lambda folder: many_rows(folder / "predictions.parquet")),
}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [pytest.param(*damage, id=f"result {name}") for name, damage in RESULTS.items()]
    + [pytest.param(*damage, id=f"predictions {name}") for name, damage in PREDICTIONS.items()],
)
def test_a_damaged_run_is_left_out_with_its_kind_and_the_others_stay(runs, released, monkeypatch, kind, damage) -> None:
    monkeypatch.setattr("slateboard.reading.MOST_TABLE_BYTES", 300_000_000)
    (folder,) = (runs / "made-v1/seags-1/b").iterdir()
    damage(folder)
    board = build_board(runs, read_dataset={"made-v1": released}.__getitem__)
    assert [row.baseline for row in board.rows] == ["a", "c"]
    (one,) = board.left_out
    assert (one.run, one.kind) == (folder.relative_to(runs).as_posix(), kind)
    assert one.reason
    assert str(runs.parent) not in one.reason, "no folder of this machine gets onto a board"
    assert board.n_unfinished == 0
    for name in build.FORMATS.names():
        text = build.FORMATS.load(name).render(board)
        assert name == "csv" or ("1 run left out" in text or '"n_left_out": 1' in text), name


def test_the_command_builds_the_board_of_the_others_and_ends_with_1(runs, released, monkeypatch, capsys) -> None:
    for name, damage in (("a", "half-written"), ("b", "newer")):
        (folder,) = (runs / "made-v1/seags-1" / name).iterdir()
        RESULTS[damage][1](folder)
    monkeypatch.setattr("leaderboards.steps.build._released", lambda workspace, key: released)
    monkeypatch.chdir(runs.parent)
    assert main(["board", "build"]) == 1
    told = capsys.readouterr().err
    assert "2 runs left out; the board is built of the others" in told
    assert "fault of ours" not in told
    found = json.loads((runs.parent / "board/board.json").read_text())
    assert (found["n_left_out"], [one["kind"] for one in found["left_out"]]) == (2, ["unreadable", "newer"])
    assert "2 runs left out" in (runs.parent / "board/index.html").read_text()
    assert main(["board", "build", "--json"]) == 1
    assert [one["kind"] for one in json.loads(capsys.readouterr().out)["left_out"]] == ["unreadable", "newer"]


def test_a_release_that_cannot_be_read_costs_its_own_runs_alone(runs, released) -> None:
    shutil.copytree(runs / "made-v1", runs / "other-v1")
    for path in (runs / "other-v1").rglob("result.json"):
        value = json.loads(path.read_text())
        path.write_text(json.dumps({**value, "run": {**value["run"], "dataset": "other-v1"}}))

    def read(key: str):
        if key == "other-v1":
            raise SlateboardError("clips.parquet is damaged")
        return released

    board = build_board(runs, read_dataset=read)
    assert [row.dataset for row in board.rows] == ["made-v1"] * 3
    assert [one.kind for one in board.left_out] == ["release"] * 3


def test_where_no_run_can_be_shown_every_reason_is_told_and_nothing_is_written(runs, released, tmp_path) -> None:
    for path in runs.rglob("result.json"):
        halved(path)
    with pytest.raises(BadInput) as caught:
        build.command(Workspace(tmp_path))
    assert len(caught.value.problems) == 3
    assert not (tmp_path / "board").exists()


def test_a_picture_that_is_none_is_not_on_the_page(runs, released, capsys) -> None:
    (folder,) = (runs / "made-v1/seags-1/b").iterdir()
    (folder / "confusion.png").write_text("<script>alert(1)</script>")
    board = build_board(runs, read_dataset={"made-v1": released}.__getitem__)
    assert [len(page.pictures) for page in board.runs] == [1, 0, 1]
    assert "confusion.png is no PNG" in capsys.readouterr().err
