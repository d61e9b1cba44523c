"""What a run learned from is written down, and none of it is tested."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.running.contamination import ContaminatedTestSet, check_contamination, group_warnings
from benchmark.running.planning import plan
from benchmark.running.runs import run
from benchmark.steps.train import command as bench
from slateboard.dataset import Dataset
from slateboard.errors import Finding
from slateboard.records.result import Result
from slateboard.records.run_folder import TRAINED_ON
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import find_split, write_split

SETTINGS = "[baselines.c3d]\nwidth = 2\nfc = 8\nsize = 32\nepochs = 1\n[baselines.hog_svm]\nsize = 32\n"


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab(SETTINGS)


@pytest.fixture
def folds(workspace: Workspace, squares: Dataset) -> list[Split]:
    """Four splits, each tested on one of the four people."""
    return divide(squares, protocol="leave_one_group_out", settings=workspace.settings.split)


def test_a_run_writes_down_what_it_was_trained_and_validated_on(
    workspace: Workspace, squares: Dataset, folds: list[Split]
) -> None:
    folder = run(workspace, squares, folds[0], "c3d", seed=0).folder
    found = json.loads((folder / TRAINED_ON).read_text())
    assert found["schema"] == 1
    assert sorted([*found["train"], *found["validation"]]) == sorted(folds[0].train)
    group = squares.clips.set_index("clip_id")["group"]
    assert len(set(group[found["validation"]])) == 1
    assert set(group[found["validation"]]).isdisjoint(group[found["train"]])
    state = torch.load(folder / "checkpoints" / "all.pt", weights_only=True)
    assert (state["trained_on"], state["validated_on"]) == (found["train"], found["validation"])


def test_the_share_that_is_held_back_is_a_setting_which_a_baseline_may_overrule(
    lab: Callable[..., Workspace], squares: Dataset, folds: list[Split]
) -> None:
    def share(settings: str, name: str) -> float:
        workspace = lab("", name)
        text = (workspace.root / "slateboard.toml").read_text("utf-8") + settings
        (workspace.root / "slateboard.toml").write_text(text, "utf-8")
        shares = plan(workspace.settings, squares, folds[0], "c3d", seed=0).parameters
        return float(shares["validation_share"])

    assert share("", "default") == 0.3
    assert share("validation_share = 0.2\n", "setting") == 0.2
    assert share("validation_share = 0.2\n[baselines.c3d]\nvalidation_share = 0\n", "baseline") == 0


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_checkpoint_of_another_split_is_refused_before_its_evaluation_counts(
    part: str, workspace: Workspace, squares: Dataset, folds: list[Split], tmp_path: Path
) -> None:
    first = run(workspace, squares, folds[0], "c3d", seed=0)
    learned = getattr(TrainedOn.read(first.folder / TRAINED_ON), part)
    other = next(split for split in folds[1:] if set(split.test) & set(learned))
    planted = workspace.runs / plan(workspace.settings, squares, other, "c3d", seed=0).folder
    shutil.copytree(first.folder / "checkpoints", planted / "checkpoints")
    with pytest.raises(
        ContaminatedTestSet, match=rf"4 of 4 test clips of {other.key} were .*: v_Move.*run again"
    ) as error:
        run(workspace, squares, other, "c3d", seed=0)
    assert error.value.exit_code == 1
    write_split(workspace.splits / squares.key / other.protocol / str(other.number), other, squares)
    with pytest.raises(Finding, match="1 of 1 baselines failed:\nc3d: "):
        bench(workspace, ["c3d"], protocol=other.protocol, split=other.number)
    assert not (planted / "result.json").exists()
    assert not (planted / "predictions.parquet").exists()


def test_a_training_that_goes_on_from_another_splits_checkpoint_is_refused_too(
    workspace: Workspace, lab: Callable[..., Workspace], squares: Dataset, folds: list[Split]
) -> None:
    first = run(workspace, squares, folds[0], "c3d", seed=0)
    longer = lab(SETTINGS.replace("epochs = 1", "epochs = 2"), "longer")
    planted = longer.runs / plan(longer.settings, squares, folds[1], "c3d", seed=0).folder
    (planted / "checkpoints").mkdir(parents=True)
    state = torch.load(first.folder / "checkpoints" / "all.pt", weights_only=True)
    network = torch.nn.Linear(1, 1)
    state.update(finished=False, optimiser=torch.optim.SGD(network.parameters(), lr=1.0).state_dict())
    state["optimiser"]["param_groups"][0]["params"] = list(range(len(state["model"])))
    torch.save(state, planted / "checkpoints" / "all.pt")
    with pytest.raises(ContaminatedTestSet, match="4 of 4 test clips"):
        run(longer, squares, folds[1], "c3d", seed=0)
    assert set(TrainedOn.read(planted / TRAINED_ON).ids) == set(squares.clips["clip_id"])


def test_weights_of_a_run_that_saw_test_clips_are_refused_before_training(
    workspace: Workspace, squares: Dataset, folds: list[Split]
) -> None:
    first = run(workspace, squares, folds[0], "c3d", seed=0)
    over = {"weights": str(first.folder)}
    with pytest.raises(ContaminatedTestSet, match="weights of all: 4 of 4 test clips"):
        run(workspace, squares, folds[1], "c3d", seed=0, over=over)
    again = run(workspace, squares, folds[0], "c3d", seed=1, over=over)
    assert set(TrainedOn.read(again.folder / TRAINED_ON).ids) == set(folds[0].train)
    assert again.result.streams["all"].weights_report


def test_a_checkpoint_that_does_not_say_what_it_saw_is_not_used(
    workspace: Workspace, squares: Dataset, folds: list[Split]
) -> None:
    checkpoint = workspace.runs / plan(workspace.settings, squares, folds[0], "c3d", seed=0).folder / "checkpoints"
    checkpoint.mkdir(parents=True)
    torch.save({"epoch": 1, "finished": True, "model": {}, "optimiser": None}, checkpoint / "all.pt")
    with pytest.raises(Exception, match="does not state its step and what it was trained and validated on"):
        run(workspace, squares, folds[0], "c3d", seed=0)


def test_test_clips_that_are_linked_to_training_clips_are_a_warning_in_the_result(
    workspace: Workspace, squares: Dataset
) -> None:
    (leaking,) = divide(squares, protocol="random", settings=workspace.settings.split)
    outcome = run(workspace, squares, leaking, "hog_svm", seed=0)
    (warning,) = Result.read(outcome.folder / "result.json").warnings
    assert warning.startswith("4 of 4 test clips, of ")
    assert "not of unseen videos" in warning
    assert warning in (outcome.folder / "page.html").read_text("utf-8")
    grouped = find_split(workspace, squares, protocol="seags", number=1)
    assert run(workspace, squares, grouped, "hog_svm", seed=0).result.warnings == ()


def test_a_validated_clip_counts_as_seen_and_a_linked_one_only_as_a_warning(squares: Dataset) -> None:
    by_group = squares.clips.groupby("group")["clip_id"].agg(tuple)
    split = Split(
        dataset=squares.key, dataset_sha256=squares.sha256, protocol="random", number=1, parameters={}, seed=0,
        safe=False, train=(), test=by_group["person-0"][:1],
    )  # fmt: skip
    linked = TrainedOn(train=by_group["person-1"], validation=by_group["person-0"][1:])
    check_contamination(linked, split, where="here")
    assert len(group_warnings(linked, squares.clips, split)) == 1
    assert group_warnings(TrainedOn(train=by_group["person-1"], validation=()), squares.clips, split) == ()
    with pytest.raises(ContaminatedTestSet, match="1 of 1 test clips of random-1"):
        check_contamination(TrainedOn(train=(), validation=by_group["person-0"]), split, where="here")
