"""Inflation by a leaking split: the difference, its interval over groups, and the command that measures it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.steps.optimism import command, line
from benchmark.studies.optimism import FOLDER, inflation, pairs
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import write_split
from splits.groups import group_keys

SETTINGS = "[baselines.chance]\nsize = 32\n[baselines.hog_svm]\nsize = 32\n"


@pytest.fixture
def workspace(lab: Callable[..., Workspace]) -> Workspace:
    return lab(SETTINGS)


def side(right: list[int], clips: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"right": right, "clips": clips}, index=[f"g{number}" for number in range(len(right))])


def test_the_inflation_is_the_difference_of_the_pooled_accuracies() -> None:
    found = inflation(side([4, 3, 2], [4, 4, 4]), side([2, 1, 0], [4, 4, 4]))
    assert (found.random, found.grouped, found.difference) == (0.75, 0.25, 0.5)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert (found.groups, found.draws) == (3, 2000)


def test_the_interval_is_that_of_drawing_whole_groups() -> None:
    chance = np.random.default_rng(1)
    random, grouped = side([9, 5, 10, 2], [10] * 4), side([1, 5, 9, 2], [10] * 4)
    drawn = chance.integers(4, size=(20_000, 4))
    differences = (random["right"].to_numpy() - grouped["right"].to_numpy())[drawn].mean(axis=1) / 10
    found = inflation(random, grouped)
    assert (found.low, found.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.03)
    assert found.low < found.difference < found.high


def test_clips_that_are_tested_again_by_another_seed_do_not_narrow_the_interval() -> None:
    random, grouped = side([9, 5, 10, 2], [10] * 4), side([1, 5, 9, 2], [10] * 4)
    once, thrice = inflation(random, grouped), inflation(3 * random, 3 * grouped)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


def test_the_order_of_groups_has_no_influence_and_sides_may_have_other_groups() -> None:
    random, grouped = side([9, 5, 10, 2], [10] * 4), side([1, 5], [10] * 2)
    found = inflation(random, grouped)
    assert inflation(random[::-1], grouped[::-1]) == found
    assert (found.grouped, found.groups) == (0.3, 4)
    # In (2 / 4)^4 of the draws no group is tested on the grouped side.
    assert 1800 < found.draws < 1950


def test_one_group_says_nothing() -> None:
    found = inflation(side([3], [4]), side([1], [4]))
    assert (found.difference, found.low, found.high, found.draws) == (0.5, -1.0, 1.0, 0)


def test_both_splits_of_a_pair_use_the_same_clips_and_as_many_for_testing(
    workspace: Workspace, squares: Dataset
) -> None:
    compared = pairs(workspace, squares, protocol="leave_one_group_out", number=None, seeds=2)
    assert [(pair.grouped.number, pair.seed) for pair in compared] == [(n, s) for s in (0, 1) for n in (1, 2, 3, 4)]
    keys = group_keys(squares.clips).set_axis(squares.clips["clip_id"])
    for pair in compared:
        assert {*pair.grouped.train, *pair.grouped.test} == {*pair.random.train, *pair.random.test}
        assert len(pair.grouped.test) == len(pair.random.test)
        assert set(keys[list(pair.grouped.train)]).isdisjoint(keys[list(pair.grouped.test)])
        assert (pair.grouped.safe, pair.random.safe) == (True, False)
    assert len({pair.random.test for pair in compared}) > 1


def test_clips_that_a_split_leaves_out_are_in_no_part_of_its_random_partner(
    workspace: Workspace, squares: Dataset
) -> None:
    people = squares.clips.groupby("group")["clip_id"].agg(tuple)
    (made, *_) = divide(squares, protocol="leave_one_group_out", settings=workspace.settings.split)
    parts = {"train": people["person-0"], "test": people["person-1"] + people["person-2"], "unused": people["person-3"]}
    made = made.model_copy(update=parts)
    write_split(workspace.splits / squares.key / "leave_one_group_out" / "1", made, squares)
    (pair,) = pairs(workspace, squares, protocol="leave_one_group_out", number=1, seeds=1)
    assert {*pair.random.train, *pair.random.test} == {*made.train, *made.test}
    assert (len(pair.random.train), len(pair.random.test)) == (4, 8)


def test_splits_that_were_made_are_the_first_to_be_compared(workspace: Workspace, squares: Dataset) -> None:
    first, again = pairs(workspace, squares, protocol="seags", number=1, seeds=2)
    assert (first.is_written, first.grouped.test[0]) == (True, "v_MoveLeft_00")
    assert again.is_written == (again.grouped.test == first.grouped.test)
    (fold,) = divide(squares, protocol="leave_one_group_out", settings=workspace.settings.split)[2:3]
    write_split(workspace.splits / squares.key / "leave_one_group_out" / "3", fold, squares)
    for pair in pairs(workspace, squares, protocol="leave_one_group_out", number=3, seeds=2):
        assert (pair.grouped.test, pair.is_written) == (fold.test, True)
    with pytest.raises(SlateboardError, match=r"no split 9 of leave_one_group_out. Its splits are: 1, 2, 3, 4"):
        pairs(workspace, squares, protocol="leave_one_group_out", number=9, seeds=1)


def test_the_command_prints_and_writes_what_a_leak_would_have_claimed(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    told = command(workspace, None, seeds=2)["optimism"]
    printed = capsys.readouterr().out
    assert [one["baseline"] for one in told] == ["chance", "hog_svm"]
    for one in told:
        path = workspace.root / FOLDER / "squares-v1" / "seags" / f"{one['baseline']}.json"
        assert one["file"] == str(path)
        written = json.loads(path.read_text())
        assert {**written, "file": str(path)} == one
        assert written["random"]["tests"] == written["grouped"]["tests"] == 8
        assert written["inflation"]["difference"] == written["random"]["accuracy"] - written["grouped"]["accuracy"]
        assert sorted(written["inflation_by_seed"]) == ["0", "1"]
        assert all((workspace.root / folder / "result.json").is_file() for folder in written["runs"])
        assert line(one) in printed
    # Half the clips of each part are of either class, however it is drawn.
    assert (told[0]["random"]["accuracy"], told[0]["grouped"]["accuracy"]) == (0.5, 0.5)


def test_no_run_on_a_leaking_split_lies_where_the_board_looks(workspace: Workspace) -> None:
    command(workspace, ["chance"], seeds=2)
    on_board = {path.parts[-4] for path in workspace.runs.rglob("result.json")}
    apart = {path.parts[-4] for path in (workspace.root / FOLDER).rglob("result.json")}
    assert on_board == {"seags-1"}
    assert "random-1" in apart


def test_a_second_call_finds_every_run_done(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = command(workspace, ["chance"], seeds=1)
    monkeypatch.setattr("benchmark.running.runs.train_and_predict", None)
    assert command(workspace, ["chance"], seeds=1) == first


def test_the_random_protocol_is_not_compared_with_itself(workspace: Workspace) -> None:
    with pytest.raises(SlateboardError, match="Name a protocol that keeps groups whole"):
        command(workspace, ["chance"], protocol="random")
    assert not Path(workspace.root / FOLDER).exists()
