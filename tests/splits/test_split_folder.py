"""Splits are written whole, found again, never changed, and made and audited by two commands."""

import json

import pandas as pd
import pytest

from slateboard.errors import BadInput, Finding, SlateboardError
from slateboard.records.split import Split
from slateboard.settings import SplitSettings
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import find_split, root_lists, write_split
from splits.listing.entries import LISTS
from splits.steps import audit as audit_step
from splits.steps import make as make_step


@pytest.fixture
def split(release) -> Split:
    return divide(release, protocol="seags", settings=SplitSettings())[0]


@pytest.fixture
def workspace(tmp_path, release) -> Workspace:
    return Workspace(tmp_path)


def test_a_written_split_holds_parts_lists_and_certificate(tmp_path, release, split) -> None:
    folder = tmp_path / "1"
    write_split(folder, split, release)
    assert sorted(path.name for path in folder.iterdir()) == [
        "certificate.json",
        "parts.parquet",
        "split.json",
        "testlist.txt",
        "trainlist.txt",
    ]
    parts = pd.read_parquet(folder / "parts.parquet")
    assert list(parts["clip_id"]) == list(release.clips["clip_id"])
    assert set(parts["clip_id"][parts["part"] == "test"]) == set(split.test)
    assert json.loads((folder / "certificate.json").read_text())["leaks"] == 0
    assert len((folder / "trainlist.txt").read_text().splitlines()) == len(split.train)
    assert Split.read(folder / "split.json") == split


def test_split_json_is_written_last(tmp_path, release, split, monkeypatch) -> None:
    def killed(self, path):
        raise KeyboardInterrupt

    folder = tmp_path / "1"
    write_split(folder, split, release)
    monkeypatch.setattr(Split, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        write_split(folder, split, release)
    assert not (folder / "split.json").exists()


def test_root_lists_are_those_of_the_paper_and_of_ucf101(make_dataset) -> None:
    data = make_dataset([{"label": label} for label in ("Run", "Run", "Walk", "Walk")])
    (split,) = divide(data, protocol="seags", settings=SplitSettings(test_share=0.5))
    split = split.model_copy(update={"train": ("clip0000", "clip0002"), "test": ("clip0001", "clip0003")})
    assert root_lists(data, split) == {
        "classInd.txt": "1 Run\n2 Walk\n",
        "trainlist.txt": "Run/v_Run_0.mp4\nWalk/v_Walk_2.mp4\n",
        "testlist.txt": "Run/v_Run_1.mp4\nWalk/v_Walk_3.mp4\n",
        "trainlist01.txt": "Run/v_Run_0.mp4 1\nWalk/v_Walk_2.mp4 2\n",
        "testlist01.txt": "Run/v_Run_1.mp4\nWalk/v_Walk_3.mp4\n",
    }


def test_root_lists_are_read_back_by_both_forms(tmp_path, release, split) -> None:
    for name, text in root_lists(release, split).items():
        (tmp_path / name).write_text(text)
    for form in ("seags", "ucf101"):
        listing = LISTS.load(form).read(tmp_path)
        counts = [sum(entry.subset == part for entry in listing.entries) for part in ("train", "test")]
        assert (listing.classes, counts) == (release.classes, [len(split.train), len(split.test)])


def test_the_frozen_split_of_a_release_is_found_before_that_of_the_workspace(workspace, release, split) -> None:
    write_split(workspace.splits / release.key / "seags" / "1", split, release)
    other = divide(release, protocol="seags", settings=SplitSettings(), seed=5)[0]
    assert find_split(workspace, release, protocol="seags", number=1) == split
    write_split(release.root / "splits" / "seags" / "1", other, release)
    assert find_split(workspace, release, protocol="seags", number=1) == other


def test_a_split_that_is_not_there_is_answered_with_what_is_and_how_to_make_it(workspace, release, split) -> None:
    with pytest.raises(
        SlateboardError, match=r"There is: nothing\. Make it with `slateboard split make seags --dataset v1`"
    ):
        find_split(workspace, release, protocol="seags", number=1)
    write_split(workspace.splits / release.key / "seags" / "1", split, release)
    with pytest.raises(SlateboardError, match=r"no split 'seags-2'\. Did you mean 'seags-1'"):
        find_split(workspace, release, protocol="seags", number=2)


def test_of_many_folds_the_answer_names_the_first_and_the_last(workspace, release, split) -> None:
    for number in [1, 2, *range(4, 13)]:
        write_split(workspace.splits / release.key / "leave_one_group_out" / str(number), split, release)
    for number in range(1, 13):
        write_split(workspace.splits / release.key / "kfold" / str(number), split, release)
    with pytest.raises(SlateboardError) as caught:
        find_split(workspace, release, protocol="x", number=1)
    assert "There is: kfold-1 to 12, leave_one_group_out-1, leave_one_group_out-2" in str(caught.value)
    assert "leave_one_group_out-4 and 8 more. Make it" in str(caught.value)


def test_a_split_of_other_data_is_refused(workspace, release, split) -> None:
    stale = split.model_copy(update={"dataset_sha256": "0" * 64})
    write_split(workspace.splits / release.key / "seags" / "1", stale, release)
    with pytest.raises(BadInput, match="was made for other data than tiny-v1 has"):
        find_split(workspace, release, protocol="seags", number=1)


def test_make_writes_beside_the_release_and_leaves_an_existing_split_as_it_is(workspace, release, capsys) -> None:
    before = sorted(release.root.rglob("*"))
    first = make_step.command(workspace, "seags", param=["test_share=0.2"])
    assert "audit seags-1: 0 leaks; 90 clips (72 train, 18 test, 0 unused)" in capsys.readouterr().err
    record = workspace.splits / "tiny-v1" / "seags" / "1" / "split.json"
    written_at = record.stat().st_mtime_ns
    again = make_step.command(workspace, "seags", param=["test_share=0.2"])
    assert "0 written, 1 already there and left as they are" in capsys.readouterr().err
    assert [outcome["splits"][0]["written"] for outcome in (first, again)] == [True, False]
    assert record.stat().st_mtime_ns == written_at
    assert sorted(release.root.rglob("*")) == before


def test_make_never_puts_a_split_over_another_one(workspace, release, split) -> None:
    make_step.command(workspace, "seags")
    with pytest.raises(SlateboardError, match=r"holds another split seags-1 \(seed 0.*remove that folder first"):
        make_step.command(workspace, "seags", seed=1)
    write_split(release.root / "splits" / "seags" / "1", split, release)
    with pytest.raises(SlateboardError, match="A release is never changed"):
        make_step.command(workspace, "seags", seed=1)


def test_make_sums_up_many_folds_in_a_line(workspace, capsys) -> None:
    outcome = make_step.command(workspace, "leave_one_group_out")
    assert len(outcome["splits"]) == 30
    assert capsys.readouterr().err.splitlines()[0] == (
        "audit leave_one_group_out: 30 splits of 90 clips, 0 leaks in 0 splits, 3 to 3 clips in test, "
        "30 remarks (in each split.json)"
    )


def test_audit_prints_its_table_and_ends_well_without_a_leak(workspace, capsys) -> None:
    make_step.command(workspace, "seags")
    capsys.readouterr()
    outcome = audit_step.command(workspace, media=False)
    assert outcome["line"].startswith("audit seags-1: 0 leaks;")
    printed = capsys.readouterr().err.splitlines()
    assert printed[1].split() == ["groups", "on", "both", "sides", "0", "leak"]
    assert printed[-1] == outcome["line"]


def test_audit_ends_with_a_finding_where_a_group_is_on_both_sides(workspace, release, split) -> None:
    moved = split.model_copy(update={"train": split.train[1:], "test": (*split.test, split.train[0])})
    write_split(workspace.splits / release.key / "seags" / "1", moved, release)
    with pytest.raises(Finding, match="audit seags-1: 1 leak") as caught:
        audit_step.command(workspace, media=False)
    assert caught.value.exit_code == 1
