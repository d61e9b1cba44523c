"""Means of runs, as an ensemble of its own and by hand: streams by name, by weight, and only what belongs together."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.baselines.ensemble import PRESETS
from benchmark.running.planning import plan
from benchmark.running.runs import FinishedRun, run
from benchmark.steps.fuse import command as fuse
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import sha256_of
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.split import Split
from slateboard.settings import Settings
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import find_split

HOG = [{"baseline": "hog_svm", "set": {"c": 0.001}}, {"baseline": "hog_svm", "set": {"c": 0.1, "cell": 4}, "weight": 3}]
SETTINGS = """
[baselines.chance]
size = 32
[baselines.hog_svm]
size = 32
[baselines.mei_two_stream]
backbone = "plain"
weights = "none"
size = 32
motion_epochs = 1
normal_epochs = 1
flip = false
"""


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab(SETTINGS)


@pytest.fixture
def split(workspace: Workspace, squares: Dataset) -> Split:
    return find_split(workspace, squares, protocol="seags", number=1)


def probabilities(folder: Path, stream: str) -> pd.Series:
    """Return softmax by clip_id and view."""
    rows = pd.read_parquet(folder / "predictions.parquet")
    rows = rows[rows["stream"] == stream].set_index(["clip_id", "view"]).sort_index()
    return rows["logits"].map(lambda logits: np.exp(logits - np.logaddexp.reduce(logits.astype(np.float64))))


def by_clip(folder: Path) -> pd.Series:
    """Return the mean over the views of each clip, of the stream `all`."""
    return probabilities(folder, "all").groupby("clip_id").agg(lambda views: np.mean(np.stack(views), axis=0))


def test_an_ensemble_makes_its_members_and_averages_them_by_weight(
    workspace: Workspace, squares: Dataset, split: Split
) -> None:
    outcome = run(workspace, squares, split, "ensemble", seed=0, over={"members": HOG})
    record = Run.read(outcome.folder / "config.toml")
    assert record == outcome.result.run
    assert record.shares == (0.25, 0.75)
    homes = [workspace.runs / record.of(member).folder for member in record.members]
    one, other = (probabilities(home, "all") for home in homes)
    assert np.stack(probabilities(outcome.folder, "all")) == pytest.approx(
        np.stack(one * 0.25 + other * 0.75), abs=1e-6
    )
    named = json.loads((outcome.folder / "members.json").read_text())
    assert [each["run"] for each in named] == [home.relative_to(workspace.runs).as_posix() for home in homes]
    assert [each["predictions_sha256"] for each in named] == [sha256_of(home / "predictions.parquet") for home in homes]
    predictions = pd.read_parquet(outcome.folder / "predictions.parquet")
    assert score(predictions, squares.clips, split, motion_pairs=squares.motion_pairs) == outcome.result.scores
    assert outcome.result.title == "Ensemble"
    assert outcome.result.parameters == sum(Result.read(home / "result.json").parameters for home in homes)


def test_members_that_are_there_are_found_and_not_trained_again(
    workspace: Workspace, squares: Dataset, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    for member in HOG:
        run(workspace, squares, split, "hog_svm", seed=0, over=member["set"])  # type: ignore[arg-type]
    monkeypatch.setattr("benchmark.running.runs.train_and_predict", None)
    outcome = run(workspace, squares, split, "ensemble", seed=0, over={"members": HOG})
    assert outcome.is_new
    monkeypatch.setattr("benchmark.running.runs.average_runs", None)
    assert not run(workspace, squares, split, "ensemble", seed=0, over={"members": HOG}).is_new


def test_streams_of_the_same_name_are_averaged_with_each_other(
    workspace: Workspace, squares: Dataset, split: Split
) -> None:
    members = [{"baseline": "mei_two_stream", "set": {"learning_rate": rate}} for rate in (0.001, 0.01)]
    outcome = run(workspace, squares, split, "ensemble", seed=0, over={"members": members})
    assert [one.stream for one in outcome.result.scores] == ["fused", "motion", "normal"]
    assert outcome.result.scores[0].n_images == 4 * 3
    homes = [workspace.runs / outcome.result.run.of(member).folder for member in outcome.result.run.members]
    for stream in ("motion", "normal", "fused"):
        mean = sum(probabilities(home, stream) for home in homes) / 2
        assert np.stack(probabilities(outcome.folder, stream)) == pytest.approx(np.stack(mean), abs=1e-6)


def test_presets_are_backbones_at_their_sizes(workspace: Workspace, squares: Dataset, split: Split) -> None:
    planned = plan(Settings(), squares, split, "ensemble", seed=0, over={"over": {"weights": "none"}})
    members = [(one.baseline, one.parameters["backbone"], one.parameters["size"]) for one in planned.members]
    sizes = (224, 240, 260, 300)
    assert members == [("mei_two_stream", f"efficientnet_b{number}", size) for number, size in enumerate(sizes)]
    assert planned.shares == (0.25,) * 4
    five = plan(workspace.settings, squares, split, "ensemble", seed=0, over={"preset": "ensemblenet"})
    assert [one.parameters["backbone"] for one in five.members] == [own["backbone"] for own in PRESETS["ensemblenet"]]
    assert {one.weights for one in five.members} == {"none"}


def test_every_fault_of_members_is_named(workspace: Workspace, squares: Dataset, split: Split) -> None:
    wrong = [{"baseline": "hog_svn"}, {"baseline": "chance", "wieght": 2}, {"baseline": "chance", "weight": 0}]
    with pytest.raises(BadInput) as error:
        plan(workspace.settings, squares, split, "ensemble", seed=0, over={"members": wrong})
    told = str(error.value)
    assert "member 1: baseline is 'hog_svn'. Did you mean 'hog_svm'?" in told
    assert "member 2: unknown field 'wieght'. Did you mean 'weight'?" in told
    assert "member 3: weight is 0. Give a number above 0." in told
    with pytest.raises(BadInput, match=r"preset: is 'ensemblenett'. Did you mean 'ensemblenet'"):
        plan(workspace.settings, squares, split, "ensemble", seed=0, over={"preset": "ensemblenett"})
    with pytest.raises(SlateboardError, match="itself an ensemble"):
        plan(workspace.settings, squares, split, "ensemble", seed=0, over={"members": [{"baseline": "ensemble"}]})


def test_folds_of_an_ensemble_are_of_one_series(workspace: Workspace, squares: Dataset) -> None:
    folds = divide(squares, protocol="leave_one_group_out", settings=workspace.settings.split)[:2]
    one, other = (plan(workspace.settings, squares, fold, "ensemble", seed=0, over={"members": HOG}) for fold in folds)
    same = {"split": 1, "split_sha256": ""}
    assert {**one.row(), **same} == {**other.row(), **same}
    assert one.folder != other.folder


@pytest.fixture
def two(workspace: Workspace, squares: Dataset, split: Split) -> list[FinishedRun]:
    return [run(workspace, squares, split, name, seed=0) for name in ("chance", "hog_svm")]


def test_fusing_runs_by_weight_is_a_run_that_names_them(workspace: Workspace, two: list[FinishedRun]) -> None:
    names = [str(two[0].folder), two[1].folder.relative_to(workspace.runs).as_posix()]
    told = fuse(workspace, names, weights="0.6,0.4")
    folder = Path(told["folder"])
    record = Run.read(folder / "config.toml")
    assert (record.baseline, record.shares) == ("fuse", (0.6, 0.4))
    assert [member.baseline for member in record.members] == ["chance", "hog_svm"]
    chance, hog = (by_clip(one.folder) for one in two)
    assert np.stack(probabilities(folder, "all")) == pytest.approx(np.stack(0.6 * chance + 0.4 * hog), abs=1e-6)
    assert fuse(workspace, names, weights="3,2")["folder"] == str(folder)
    assert fuse(workspace, names)["folder"] != str(folder)


def test_runs_without_a_common_stream_are_fused_by_the_one_that_counts(
    workspace: Workspace, squares: Dataset, split: Split, two: list[FinishedRun]
) -> None:
    mei = run(workspace, squares, split, "mei_two_stream", seed=0)
    told = fuse(workspace, [str(mei.folder), str(two[1].folder)])
    assert list(told["video_accuracy"]) == ["fused"]


def test_runs_on_other_data_are_refused_all_at_once(
    workspace: Workspace, squares: Dataset, two: list[FinishedRun], tmp_path: Path
) -> None:
    other = divide(squares, protocol="leave_one_group_out", settings=workspace.settings.split)[2]
    apart = run(workspace, squares, other, "chance", seed=0)
    with pytest.raises(BadInput) as error:
        fuse(workspace, [str(one.folder) for one in (*two, apart)])
    assert "has protocol 'leave_one_group_out', the first run 'seags'" in str(error.value)
    assert "has split_sha256" in str(error.value)
    with pytest.raises(BadInput, match="is no finished run"):
        fuse(workspace, [str(two[0].folder), str(tmp_path)])
    with pytest.raises(BadInput, match="1 given for 2 runs"):
        fuse(workspace, [str(one.folder) for one in two], weights="1")
    with pytest.raises(BadInput, match="one is named twice"):
        fuse(workspace, [str(two[0].folder)] * 2)
    with pytest.raises(SlateboardError, match="Give a number for each run"):
        fuse(workspace, [str(one.folder) for one in two], weights="a,b")
    shutil.rmtree(workspace.runs / "squares-v1" / "seags-1" / "hog_svm")
    with pytest.raises(BadInput, match="2 problems"):
        fuse(workspace, [str(two[1].folder), "nowhere"])
