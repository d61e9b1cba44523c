"""A release, runs and a board that the code of an older commit wrote are read, verified, continued and built again.

tests/kept/commit_before.tar.xz was made by tests/kept/make.py with the code of d9c0adb, before names were changed.
"""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from leaderboards.predictions import read_predictions
from leaderboards.score import score
from slateboard.cli import main
from slateboard.files import sha256_of
from slateboard.records.result import Result
from slateboard.sums import read_sums, sums_of
from slateboard.workspace import Workspace
from splits.folder import find_split

ARCHIVE = Path(__file__).parent / "kept" / "commit_before.tar.xz"


@pytest.fixture
def before(tmp_path: Path) -> Workspace:
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, filter="data")
    return Workspace(tmp_path)


def command(workspace: Workspace, *words: str) -> int:
    return main([*words, "--quiet", "-w", str(workspace.root)])


def run_folder(workspace: Workspace, seed: int) -> Path:
    return next(workspace.runs.glob(f"*/*/c3d/{seed}-*"))


def test_its_release_is_whole_and_its_split_holds(before: Workspace) -> None:
    folder = before.releases / "v1"
    assert sums_of(folder) == read_sums(folder / "SHA256SUMS")
    dataset = before.dataset("v1")
    assert (dataset.key, len(dataset.clips), dataset.classes) == ("tiny-v1", 8, ("DaCau", "HighKick"))
    assert command(before, "split", "verify", str(folder / "certificate.json")) == 0
    assert command(before, "split", "audit", str(folder)) == 0


def test_its_finished_run_is_read_and_scored_as_it_was(before: Workspace) -> None:
    folder = run_folder(before, 0)
    result, digest = Result.read(folder / "result.json"), sha256_of(folder / "result.json")
    dataset = before.dataset("v1")
    split = find_split(before, dataset, protocol="seags", number=1)
    scores = score(read_predictions(folder), dataset.clips, split, motion_pairs=dataset.motion_pairs)
    assert scores == result.scores
    assert command(before, "bench", "train", "c3d", "--seed", "0") == 0
    assert sha256_of(folder / "result.json") == digest, "a run that was done already was made again"


def test_the_weights_of_its_finished_run_still_predict_the_same(before: Workspace) -> None:
    folder = run_folder(before, 0)
    assert command(before, "bench", "sensitivity", str(folder), "--decoder", "opencv") == 0
    again = pd.read_parquet(folder / "sensitivity.parquet")
    # PyAV, which the run itself decoded by, comes first.
    by_pyav = again[again["decoder"] == again["decoder"].iloc[0]].sort_values(["clip_id", "view"])
    stored = read_predictions(folder).sort_values(["clip_id", "view"])
    np.testing.assert_allclose(np.stack(by_pyav["logits"]), np.stack(stored["logits"]), atol=1e-4)


def test_its_interrupted_run_goes_on_where_it_was_and_ends_as_if_nothing_had_been(before: Workspace) -> None:
    folder = run_folder(before, 1)
    assert not (folder / "result.json").exists()
    state = torch.load(folder / "checkpoints" / "all.pt", weights_only=True)
    assert state["epoch"] >= 3 and state["step"] > 0 and not state["finished"]
    rows_before = (folder / "log.csv").read_text().splitlines()
    assert command(before, "bench", "train", "c3d", "--seed", "1") == 0
    assert (folder / "log.csv").read_text().splitlines()[: len(rows_before)] == rows_before
    expected = pd.read_parquet(before.root / "expected.parquet").sort_values(["clip_id", "view"])
    predicted = read_predictions(folder).sort_values(["clip_id", "view"])
    assert predicted["clip_id"].tolist() == expected["clip_id"].tolist()
    # Bit for bit on one machine; another CPU or build of torch adds in another order.
    np.testing.assert_allclose(np.stack(predicted["logits"]), np.stack(expected["logits"]), atol=1e-3)


def test_its_board_is_built_again_to_the_letter(before: Workspace) -> None:
    stored = {path.name: path.read_text("utf-8") for path in before.board.iterdir()}
    assert set(stored) == {"board.csv", "board.json", "board.md", "board.tex"}
    # The board was built before the second run was begun.
    shutil.rmtree(run_folder(before, 1))
    shutil.rmtree(before.board)
    assert command(before, "board", "build") == 0
    assert {name: (before.board / name).read_text("utf-8") for name in stored} == stored
