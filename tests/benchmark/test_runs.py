"""Whole runs of every baseline on a tiny release, from the command to result.json."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock
from PIL import Image

from benchmark.running.planning import plan
from benchmark.running.runs import run
from benchmark.steps.store import build
from benchmark.steps.train import command
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, SlateboardError, WorkspaceLocked
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import find_split

SETTINGS = """
[baselines.chance]
size = 32
[baselines.hog_svm]
size = 32
[baselines.mei_two_stream]
backbone = "shufflenet_v2_x0_5"
weights = "none"
size = 32
motion_epochs = 2
normal_epochs = 1
flip = false
[baselines.c3d]
width = 2
fc = 8
size = 32
epochs = 2
"""
ALL = ["chance", "hog_svm", "mei_two_stream", "c3d"]


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab(SETTINGS)


def train(workspace: Workspace, *baselines: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = command(workspace, list(baselines))["runs"]
    return rows


def test_every_baseline_leaves_a_whole_run_that_can_be_scored_again(workspace: Workspace) -> None:
    rows = train(workspace, *ALL)
    assert [row["baseline"] for row in rows] == ALL
    dataset = workspace.dataset()
    split = find_split(workspace, dataset, protocol="seags", number=1)
    for row in rows:
        folder = Path(str(row["folder"]))
        result = Result.read(folder / "result.json")
        assert folder == workspace.runs / result.run.folder
        assert Run.read(folder / "config.toml") == result.run
        assert json.loads((folder / "environment.json").read_text()) == result.environment
        assert (result.n_expected, result.n_scored, result.n_failed) == (4, 4, 0)
        predictions = pd.read_parquet(folder / "predictions.parquet")
        assert score(predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs) == result.scores
        assert predictions["logits"].map(len).eq(2).all()
        assert "data:image/png;base64," in (folder / "page.html").read_text("utf-8")
        for name in ("confusion.png", "curves.png"):
            if name == "confusion.png" or max(result.epochs.values()):
                assert (folder / name).stat().st_size < 100_000
                with Image.open(folder / name) as picture:
                    assert min(picture.size) > 200


def test_the_figures_of_a_result_are_those_of_its_run(workspace: Workspace) -> None:
    by_name = {row["baseline"]: Result.read(Path(str(row["folder"])) / "result.json") for row in train(workspace, *ALL)}
    mei, c3d, hog, chance = (by_name[name] for name in ("mei_two_stream", "c3d", "hog_svm", "chance"))
    assert [one.stream for one in mei.scores] == ["fused", "motion", "normal"]
    assert mei.epochs == {"motion": 2, "normal": 1}
    assert mei.geometry == {"views": 3, "frames": 10, "height": 32, "width": 32}
    assert mei.parameters == 2 * 343_842
    assert c3d.geometry == {"views": 5, "frames": 16, "height": 32, "width": 32}
    assert c3d.gflops is not None
    assert 0 < c3d.gflops < 1
    assert (c3d.selection, hog.selection, hog.gflops, chance.parameters) == ("last", "fitted", None, 0)
    assert chance.scores[0].video_accuracy == 0.5
    assert hog.scores[0].video_accuracy == 1.0
    # Both networks hold the same clips back; estimators learn from all.
    assert mei.train_sha256 == c3d.train_sha256
    assert hog.train_sha256 == chance.train_sha256 != c3d.train_sha256


def test_a_run_that_is_done_is_not_done_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = train(workspace, "hog_svm")
    monkeypatch.setattr("benchmark.running.runs.train_and_predict", None)
    (again,) = train(workspace, "hog_svm")
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert {**first, "is_new": False} == again


def test_other_parameters_or_another_seed_are_another_run(lab: Callable[..., Workspace]) -> None:
    folders = set()
    for number, c in enumerate((0.001, 0.1)):
        workspace = lab(SETTINGS.replace("[baselines.hog_svm]", f"[baselines.hog_svm]\nc = {c}"), str(number))
        for seed in (0, 1):
            rows = command(workspace, ["hog_svm"], seed=seed)["runs"]
            folders.add(Path(rows[0]["folder"]).name)
    assert len(folders) == 4


def test_a_clip_that_cannot_be_read_counts_as_failed_and_wrong(workspace: Workspace, released: Path) -> None:
    (workspace.releases / "v1").unlink()
    shutil.copytree(released, workspace.releases / "v1")
    dataset = workspace.dataset()
    split = find_split(workspace, dataset, protocol="seags", number=1)
    path = dataset.clips.set_index("clip_id")["path"]
    for clip_id in (split.test[0], split.train[0]):
        (dataset.root / path[clip_id]).write_bytes(b"no video")
    for name in ("hog_svm", "mei_two_stream"):
        outcome = run(workspace, dataset, split, name, seed=0)
        assert (outcome.result.n_expected, outcome.result.n_scored, outcome.result.n_failed) == (4, 3, 1)
        predictions = pd.read_parquet(outcome.folder / "predictions.parquet")
        failed = predictions[predictions["failed"]]
        assert set(failed["clip_id"]) == {split.test[0]}
        assert len(failed) == predictions["stream"].nunique()
        assert all(one.video_accuracy <= 0.75 for one in outcome.result.scores)


def test_a_baseline_that_fails_does_not_stop_the_others(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise SlateboardError("no luck")

    monkeypatch.setattr("benchmark.running.train_and_predict.train", fails)
    with pytest.raises(SlateboardError, match="1 of 2 baselines failed:\nc3d: no luck"):
        train(workspace, "c3d", "hog_svm")
    assert [path.parts[-3] for path in workspace.runs.glob("*/*/*/*/result.json")] == ["hog_svm"]


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["hog_svn"], "", "Unknown baselines name 'hog_svn'. Did you mean 'hog_svm'"),
        (["c3d"], "[baselines.c3d]\nwidht = 8\n", "unknown parameter 'widht'. Did you mean 'width'"),
        (
            ["mei_two_stream"],
            '[baselines.mei_two_stream]\nweights = "squeezenet1_1"\n',
            "need the file squeezenet1_1.pt",
        ),
    ],
)
def test_what_cannot_run_is_said_before_anything_runs(
    names: list[str], settings: str, message: str, lab: Callable[..., Workspace]
) -> None:
    workspace = lab(settings)
    with pytest.raises(SlateboardError, match=message):
        command(workspace, ["chance", *names])
    assert not workspace.runs.exists()


def test_a_linear_probe_without_weights_is_refused(lab: Callable[..., Workspace]) -> None:
    with pytest.raises(SlateboardError, match="linear_probe needs pretrained weights"):
        command(lab('[baselines.linear_probe]\nweights = "none"\nsize = 32\n'), ["linear_probe"])


def test_a_linear_probe_on_real_weights_runs(lab: Callable[..., Workspace], realdata: Path) -> None:
    workspace = lab(
        '[baselines.linear_probe]\nbackbone = "squeezenet1_1"\nweights = "squeezenet1_1"\nsize = 64\nframes = 2\n'
    )
    text = (workspace.root / "slateboard.toml").read_text()
    (workspace.root / "slateboard.toml").write_text(f'weights_dir = "{realdata / "weights"}"\n{text}')
    (row,) = train(workspace, "linear_probe")
    result = Result.read(Path(str(row["folder"])) / "result.json")
    assert result.run.weights == "squeezenet1_1"
    # One number a feature and one besides: 512 means and 512 spreads.
    assert result.parameters == 1025
    assert result.gflops is not None
    assert result.gflops > 0.01


def test_folded_weights_are_measured_before_they_are_fine_tuned(
    lab: Callable[..., Workspace], realdata: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = lab(
        '[baselines.mei_two_stream]\nbackbone = "mobilenet_v2"\nweights = "mobilenet_v2_tf"\nsize = 32\n'
        "motion_epochs = 1\nnormal_epochs = 1\nflip = false\nvalidation_share = 0.0\n"
    )
    text = (workspace.root / "slateboard.toml").read_text()
    (workspace.root / "slateboard.toml").write_text(f'weights_dir = "{realdata / "weights"}"\n{text}')
    train(workspace, "mei_two_stream")
    assert "motion: 52 BatchNorm layers measured anew" in capsys.readouterr().err


def test_the_store_command_counts_what_it_decoded(workspace: Workspace) -> None:
    told = build.command(workspace, 32)
    assert (told["clips"], told["frames"], told["failed"]) == (16, 320, 0)


def test_a_folder_that_is_no_dataset_is_refused(workspace: Workspace, released: Path, tmp_path: Path) -> None:
    assert len(dataset_at(workspace, str(released)).clips) == 16
    with pytest.raises(SlateboardError, match="is laid out as no dataset that is known"):
        command(workspace, ["chance"], dataset=str(tmp_path))


def test_a_release_whose_clips_were_changed_is_refused(workspace: Workspace, released: Path, tmp_path: Path) -> None:
    shutil.copytree(released, tmp_path / "v1")
    clips = pd.read_parquet(tmp_path / "v1" / "clips.parquet")
    clips["group"] = "one"
    clips.to_parquet(tmp_path / "v1" / "clips.parquet", index=False)
    with pytest.raises(BadInput, match=r"clips\.parquet is not the one it was released with"):
        command(workspace, ["chance"], dataset=str(tmp_path / "v1"))


def test_parameters_and_weights_of_the_command_line_are_over_the_settings(workspace: Workspace) -> None:
    (row,) = command(workspace, ["c3d"], over=["epochs=1", "learning_rate=1"], weights="none")["runs"]
    record = Run.read(Path(row["folder"]) / "config.toml")
    assert (record.parameters["epochs"], record.parameters["width"], record.weights) == (1, 2, "none")
    assert record.parameters["learning_rate"] == 1.0
    (again,) = command(workspace, ["c3d"], over=["learning_rate=1.0", "epochs=1"])["runs"]
    assert (again["folder"], again["is_new"]) == (row["folder"], False)


def test_every_wrong_word_of_the_command_line_is_named_at_once(workspace: Workspace) -> None:
    with pytest.raises(BadInput) as error:
        command(workspace, ["c3d", "hog_svm"], over=["epoks=1", "cell=8"], weights="none")
    told = str(error.value)
    assert "c3d: unknown parameter 'epoks=1'. Did you mean 'epochs'?" in told
    assert "hog_svm: unknown parameter 'weights=none'." in told
    assert "c3d: unknown parameter 'cell=8'." in told
    assert not workspace.runs.exists()


def test_a_run_that_another_process_makes_is_left_to_it(workspace: Workspace, squares: Dataset) -> None:
    split = find_split(workspace, squares, protocol="seags", number=1)
    folder = workspace.runs / plan(workspace.settings, squares, split, "chance", seed=0).folder
    folder.parent.mkdir(parents=True)
    with (
        FileLock(folder.parent / f".{folder.name}.lock"),
        pytest.raises(WorkspaceLocked, match="made by another process"),
    ):
        run(workspace, squares, split, "chance", seed=0)
    assert run(workspace, squares, split, "chance", seed=0).is_new


def test_a_clip_that_cannot_be_read_is_left_out_where_that_is_asked(workspace: Workspace, released: Path) -> None:
    (workspace.releases / "v1").unlink()
    shutil.copytree(released, workspace.releases / "v1")
    dataset = workspace.dataset()
    split = find_split(workspace, dataset, protocol="seags", number=1)
    path = dataset.clips.set_index("clip_id")["path"][split.test[0]]
    (dataset.root / path).write_bytes(b"no video")
    wrong, out = (run(workspace, dataset, split, "hog_svm", seed=0, failed=rule) for rule in ("wrong", "left out"))
    assert wrong.folder != out.folder
    assert (wrong.result.n_failed, out.result.n_failed) == (1, 1)
    assert (wrong.result.scores[0].n_clips, out.result.scores[0].n_clips) == (4, 3)


def test_the_record_says_whether_the_split_lets_groups_leak(workspace: Workspace, squares: Dataset) -> None:
    (leaking,) = divide(squares, protocol="random", settings=workspace.settings.split)
    assert plan(workspace.settings, squares, leaking, "chance", seed=0).safe is False
    grouped = find_split(workspace, squares, protocol="seags", number=1)
    assert plan(workspace.settings, squares, grouped, "chance", seed=0).safe is True


def test_a_result_says_what_each_stream_cost_and_where_its_frames_came_from(workspace: Workspace) -> None:
    (row,) = train(workspace, "mei_two_stream")
    result = Result.read(Path(str(row["folder"])) / "result.json")
    assert set(result.streams) == {"motion", "normal"}
    assert [one.parameters for one in result.streams.values()] == [343_842, 343_842]
    total = sum(one.train_seconds or 0 for one in result.streams.values())
    assert result.train_seconds == pytest.approx(total)
    assert total > 0
    assert (result.frames, result.processes, result.environment["processes"]) == ("planes", 1, "1")
