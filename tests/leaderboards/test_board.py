"""What is on the board, in which order, and what becomes of folds, failures and foreign runs."""

import json
from pathlib import Path

import pandas as pd
import pytest

from leaderboards.board import build_board
from leaderboards.rows import COLUMNS, setting
from leaderboards.score import score
from leaderboards.steps import build
from slateboard.errors import SlateboardError
from slateboard.workspace import Workspace

SIX = [1, 2, 3, 1, 2, 3]
RIGHT = {0: [3, 0, 0], 1: [0, 3, 0], 2: [0, 0, 3]}


@pytest.fixture
def six(clips):
    """Two clips of each class; groups g0 g0 g1 g1 g2 g2."""
    return clips(SIX)


@pytest.fixture
def make(six, predict, split, result, keep, tmp_path):
    """Write the run of a baseline that is right on all tested clips but the named ones; fold n tests group n - 1."""

    def write(baseline, test, *, wrong=(), number=1, protocol="seags", **changed):
        label = dict(zip(six["clip_id"], six["class_index"] - 1, strict=True))
        logits = {clip: [RIGHT[(label[clip] + (clip in wrong)) % 3]] for clip in test}
        predictions = predict(six, logits)
        cut = split(six, test, number=number, protocol=protocol)
        keep(tmp_path / "runs", result(baseline, predictions, six, cut, **changed), predictions)
        return predictions

    return write


@pytest.fixture
def board(six, dataset, tmp_path):
    """Gather the runs that were written."""
    released = dataset(six)
    return lambda: build_board(tmp_path / "runs", read_dataset={"made-v1": released}.__getitem__)


def test_columns_are_in_the_order_that_readers_know() -> None:
    assert list(COLUMNS) == [
        *("baseline", "stream", "dataset", "split", "seed", "video_accuracy", "low", "high", "group_low", "group_high"),
        *("image_accuracy", "n_clips", "n_failed", "failed", "with_effects", "n_with_effects", "without_effects"),
        *("n_without_effects", "n_unknown_effects", "motion_pairs", "n_motion_pairs", "mean_class_accuracy"),
        *("parameters", "gflops", "setting", "weights", "train_seconds", "test_seconds", "run"),
    ]


def test_rows_are_sorted_by_split_then_accuracy_then_name(make, board) -> None:
    make("worst", ["clip0", "clip1"], wrong=["clip0", "clip1"])
    make("tied_b", ["clip0", "clip1"])
    make("tied_a", ["clip0", "clip1"])
    make("other", ["clip4"], protocol="random", number=10)
    make("another", ["clip4"], protocol="random", number=2)
    assert [(row.split, row.baseline) for row in board().rows] == [
        ("random-2", "another"),
        ("random-10", "other"),
        ("seags-1", "tied_a"),
        ("seags-1", "tied_b"),
        ("seags-1", "worst"),
    ]


def test_missing_figures_are_none(make, board) -> None:
    make("c3d", ["clip1"], gflops=None)
    (row,) = board().rows
    assert (row.gflops, row.with_effects, row.n_with_effects) == (None, None, 0)
    assert (row.without_effects, row.n_without_effects, row.n_unknown_effects) == (1.0, 1, 0)


def test_a_run_without_any_image_has_no_image_accuracy(six, predict, split, result, keep, board, tmp_path) -> None:
    predictions = predict(six, {"clip0": []})
    keep(tmp_path / "runs", result("c3d", predictions, six, split(six, ["clip0"])), predictions)
    (row,) = board().rows
    assert (row.video_accuracy, row.image_accuracy, row.n_failed) == (0.0, None, 1)


def test_failed_clips_that_are_left_out_are_counted_beside(six, predict, split, result, keep, board, tmp_path) -> None:
    predictions = predict(six, {"clip0": [[3, 0, 0]], "clip1": []})
    keep(
        tmp_path / "runs",
        result("c3d", predictions, six, split(six, ["clip0", "clip1"]), failed="left out"),
        predictions,
    )
    (row,) = board().rows
    assert (row.video_accuracy, row.n_clips, row.n_failed, row.failed) == (1.0, 1, 1, "left out")


def test_folders_without_a_result_are_counted(make, board, tmp_path) -> None:
    make("c3d", ["clip0"])
    (tmp_path / "runs/made-v1/seags-1/hog_svm/0-12345678").mkdir(parents=True)
    assert (len(board().rows), board().n_unfinished) == (1, 1)


def test_a_board_of_nothing_says_how_many_runs_are_unfinished(board, tmp_path) -> None:
    (tmp_path / "runs/made-v1/seags-1/hog_svm/0-12345678").mkdir(parents=True)
    with pytest.raises(SlateboardError, match=r"no finished run \(1 unfinished\)"):
        board()


def test_a_run_of_other_data_is_left_out(make, board, six) -> None:
    make("c3d", ["clip0"])
    six.loc[0, "sha256"] = "changed"
    make("hog_svm", ["clip0"])
    found = board()
    assert [row.baseline for row in found.rows] == ["c3d"]
    assert [(one.kind, one.run.split("/")[2]) for one in found.left_out] == [("other data", "hog_svm")]


def test_runs_on_a_folder_that_is_no_release_are_shown_as_they_were_scored(make, tmp_path) -> None:
    folds(make)
    found = build_board(tmp_path / "runs", read_dataset=lambda key: None)
    assert [row.split for row in found.rows] == [f"leave_one_group_out-{number}" for number in (1, 2, 3)]
    assert [row.video_accuracy for row in found.rows] == [0.5, 1.0, 1.0]
    (subject,) = found.subjects
    assert (subject.title, subject.n_clips, subject.classes) == ("made", None, ("Lift", "Lower", "Vault"))
    assert found.notes == ("Not pooled: made-v1 is no release here: c3d, seed 0, leave_one_group_out (3 folds).",)
    for name in build.FORMATS.names():
        assert "c3d" in build.FORMATS.load(name).render(found)


def folds(make, groups=3, **changed):
    """Write the folds of leave-one-group-out; clip1 is wrong, so fold 1 is half right."""
    return [
        make(
            "c3d",
            [f"clip{2 * fold}", f"clip{2 * fold + 1}"],
            wrong=["clip1"],
            number=fold + 1,
            protocol="leave_one_group_out",
            **changed,
        )
        for fold in range(groups)
    ]


def test_folds_are_pooled_into_the_score_of_all_clips(make, board, six, split) -> None:
    union = pd.concat(folds(make))
    (whole,) = score(union, six, split(six, list(six["clip_id"])), motion_pairs=[("Lift", "Lower")])
    found = board()
    (row,) = found.rows
    assert (row.split, row.n_clips, row.video_accuracy) == ("leave_one_group_out (3 folds)", 6, 5 / 6)
    assert (row.low, row.high) == whole.video_interval
    assert (row.group_low, row.group_high) == whole.group_interval
    assert (row.motion_pairs, row.n_motion_pairs) == (whole.slices["motion_pairs"]["accuracy"], 4)
    assert row.train_seconds == pytest.approx(3 * 83.4)
    assert row.run == "made-v1/leave_one_group_out-*/c3d/0-*"
    assert [(fold.split, fold.video_accuracy) for fold in found.folds] == [
        ("leave_one_group_out-1", 0.5),
        ("leave_one_group_out-2", 1.0),
        ("leave_one_group_out-3", 1.0),
    ]
    assert found.notes == ()


def test_seeds_are_pooled_apart(make, board) -> None:
    folds(make, seed=0)
    folds(make, seed=1)
    assert [(row.seed, row.n_clips) for row in board().rows] == [(0, 6), (1, 6)]


def test_folds_that_leave_clips_out_stay_single_and_it_is_said(make, board) -> None:
    folds(make, groups=2)
    found = board()
    assert [row.split for row in found.rows] == ["leave_one_group_out-1", "leave_one_group_out-2"]
    assert found.folds == ()
    assert found.notes == (
        "Not pooled: made-v1, c3d, seed 0, leave_one_group_out (2 folds): "
        "2 of 6 clips are tested by no finished run. Run the other folds.",
    )


def test_splits_that_test_a_clip_twice_stay_single_and_it_is_said(make, board) -> None:
    make("c3d", ["clip0", "clip1", "clip2"], number=1)
    make("c3d", ["clip2", "clip3", "clip4", "clip5"], number=2)
    found = board()
    assert [row.split for row in found.rows] == ["seags-1", "seags-2"]
    assert [note.rpartition("folds): ")[2] for note in found.notes] == [
        "1 of 6 clips are tested more than once. Such splits stay apart."
    ]


def test_a_fold_without_predictions_is_left_out_and_the_others_stay_single(make, board, tmp_path) -> None:
    folds(make)
    sorted(Path(tmp_path / "runs").rglob("predictions.parquet"))[0].unlink()
    found = board()
    assert [row.split for row in found.rows] == ["leave_one_group_out-2", "leave_one_group_out-3"]
    assert [(one.kind, one.run.split("/")[1]) for one in found.left_out] == [("predictions", "leave_one_group_out-1")]
    assert found.notes[0].endswith("2 of 6 clips are tested by no finished run. Run the other folds.")


def test_a_fold_whose_predictions_contradict_the_dataset_is_left_out(make, board, tmp_path) -> None:
    folds(make)
    path = sorted(Path(tmp_path / "runs").rglob("predictions.parquet"))[0]
    pd.read_parquet(path).assign(label_index=2).to_parquet(path)
    (one,) = board().left_out
    assert "label_index that contradicts clips: clip0, clip1" in one.reason


def test_setting_says_what_the_network_saw() -> None:
    geometry = {"views": 5, "frames": 16, "height": 64, "width": 80, "network_width": 8}
    assert setting({"width": 8, "epochs": 12}, geometry) == "width 8, 16 frames, 64x80, 5 views"
    assert setting({"backbone": "resnet18", "method": "gradient", "interval": 5}, {"views": 1, "frames": 1}) == (
        "resnet18, 1 frame, gradient, interval 5, 1 view"
    )
    assert setting({}, {}) == ""


def test_the_pictures_of_a_release_begin_with_the_contact_sheet(make, board) -> None:
    make("c3d", ["clip0"])
    (subject,) = board().subjects
    assert [picture.caption for picture in subject.pictures] == ["Contact sheet", "Aaa durations"]
    assert (subject.n_clips, subject.n_groups, subject.left_out) == (6, 3, {"gone": 1, "not_video": 2})


def test_build_twice_writes_every_format_with_the_same_bytes(make, board, monkeypatch, tmp_path, capsys) -> None:
    folds(make)
    found = board()
    monkeypatch.setattr(build, "build_board", lambda runs, *, read_dataset: found)
    outcome = build.command(Workspace(tmp_path))
    first = {path.name: path.read_bytes() for path in (tmp_path / "board").iterdir()}
    assert sorted(first) == ["board.csv", "board.json", "board.md", "board.tex", "index.html"]
    assert json.loads(json.dumps(outcome))["rows"][0]["video_accuracy"] == 5 / 6
    assert "| c3d | all | leave\\_one\\_group\\_out (3 folds) | 0 | 83.3 [43.6, 97.0] |" in capsys.readouterr().out
    build.command(Workspace(tmp_path))
    assert {path.name: path.read_bytes() for path in (tmp_path / "board").iterdir()} == first
