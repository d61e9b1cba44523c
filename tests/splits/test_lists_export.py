"""An exported split holds the clips of the split, counts what the form cannot hold, and is read back as it was."""

import pandas as pd
import pytest

from slateboard.errors import BadInput, SlateboardError
from slateboard.settings import SplitSettings
from slateboard.workspace import Workspace
from splits.division import divide
from splits.folder import write_split
from splits.listing.entries import LISTS
from splits.listing.export import export
from splits.steps import export as export_step


@pytest.fixture
def splits(release):
    """Three splits with two unused clips each."""
    (one,) = divide(release, protocol="seags", settings=SplitSettings())
    ids = list(release.clips["clip_id"])
    found = []
    for number in (1, 2, 3):
        parts = {"train": tuple(ids[number + 20 :]), "test": tuple(ids[2 : number + 20]), "unused": tuple(ids[:2])}
        found.append(one.model_copy(update={"number": number, **parts}))
    return found


@pytest.fixture
def workspace(tmp_path, release, splits) -> Workspace:
    found = Workspace(tmp_path)
    for split in splits:
        write_split(found.splits / release.key / "seags" / str(split.number), split, release)
    return found


@pytest.mark.parametrize("form", LISTS.names())
def test_a_split_is_read_back_by_fixed_as_it_was_exported(workspace, release, splits, tmp_path, form) -> None:
    outcome = export_step.command(workspace, form, tmp_path / form, split=2)
    files = "source" if form == "kinetics" else "release"
    given = {"lists": str(tmp_path / form), "form": form, "files": files}
    (again,) = divide(release, protocol="fixed", settings=SplitSettings(), overrides=given)
    assert (again.train, again.test, again.unused) == (splits[1].train, splits[1].test, splits[1].unused)
    assert again.number == (1 if form in ("seags", "kinetics") else 2)
    counts, left_out = outcome["counts"]["seags-2"], outcome["left_out"]["seags-2"]
    assert left_out == ([] if "unused" in counts else list(splits[1].unused))
    assert sum(counts.values()) + len(left_out) == len(release.clips)


@pytest.mark.parametrize("form", ["ucf101", "hmdb51", "mmaction2", "parquet"])
def test_all_splits_of_a_protocol_go_into_one_folder(workspace, release, splits, tmp_path, form) -> None:
    outcome = export_step.command(workspace, form, tmp_path / form)
    assert outcome["splits"] == ["seags-1", "seags-2", "seags-3"]
    given = {"lists": str(tmp_path / form), "form": form, "files": "release"}
    again = divide(release, protocol="fixed", settings=SplitSettings(), overrides=given)
    assert [(split.number, split.train, split.test) for split in again] == [
        (split.number, split.train, split.test) for split in splits
    ]


def test_ucf101s_lists_have_labels_from_1_in_train_only_and_mmaction2s_from_0_everywhere(make_dataset) -> None:
    data = make_dataset([{"label": label} for label in ("Run", "Run", "Walk", "Walk")])
    (split,) = divide(data, protocol="seags", settings=SplitSettings(test_share=0.5))
    split = split.model_copy(update={"train": ("clip0000", "clip0002"), "test": ("clip0001", "clip0003")})
    assert export(data, [split], form="ucf101").contents == {
        "classInd.txt": b"1 Run\n2 Walk\n",
        "trainlist01.txt": b"Run/v_Run_0.mp4 1\nWalk/v_Walk_2.mp4 2\n",
        "testlist01.txt": b"Run/v_Run_1.mp4\nWalk/v_Walk_3.mp4\n",
    }
    assert export(data, [split], form="mmaction2").contents == {
        "label_map.txt": b"Run\nWalk\n",
        "tiny_train_split_1_videos.txt": b"Run/v_Run_0.mp4 0\nWalk/v_Walk_2.mp4 1\n",
        "tiny_val_split_1_videos.txt": b"Run/v_Run_1.mp4 0\nWalk/v_Walk_3.mp4 1\n",
    }
    assert export(data, [split], form="hmdb51").contents == {
        "class_list.txt": b"Run\nWalk\n",
        "Run_test_split1.txt": b"v_Run_0.mp4 1\nv_Run_1.mp4 2\n",
        "Walk_test_split1.txt": b"v_Walk_2.mp4 1\nv_Walk_3.mp4 2\n",
    }


def test_kinetics_rows_are_segments_of_youtubes_videos_and_others_are_counted(make_dataset) -> None:
    urls = ["https://www.youtube.com/watch?v=0wR5jVB-WPk", "raw/p.avi"]
    data = make_dataset([{"label": "a", "source_url": url, "start_s": 417.5, "end_s": 427} for url in urls])
    (split,) = divide(data, protocol="seags", settings=SplitSettings(test_share=0.5))
    split = split.model_copy(update={"train": ("clip0000",), "test": ("clip0001",)})
    made = export(data, [split], form="kinetics")
    assert made.without_video == ("clip0001",)
    assert made.contents == {
        "tiny_train.csv": b"label,youtube_id,time_start,time_end,split\na,0wR5jVB-WPk,417.5,427,train\n",
        "tiny_val.csv": b"label,youtube_id,time_start,time_end,split\na,p,417.5,427,val\n",
    }


def test_export_tells_what_it_wrote_and_what_has_no_place(workspace, tmp_path, capsys) -> None:
    export_step.command(workspace, "seags", tmp_path / "lists", split=1)
    assert capsys.readouterr().err.splitlines() == [
        "seags-1 as seags: 69 train, 19 test; 2 unused left out, as it lists train and test only",
        f"3 files: {tmp_path / 'lists'}",
    ]


def test_export_writes_over_nothing_but_the_same_lists(workspace, tmp_path) -> None:
    folder = tmp_path / "lists"
    export_step.command(workspace, "seags", folder, split=1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    export_step.command(workspace, "seags", folder, split=1)
    with pytest.raises(BadInput) as caught:
        export_step.command(workspace, "seags", folder, split=2)
    assert [problem.where for problem in caught.value.problems] == [
        str(folder / "testlist.txt"),
        str(folder / "trainlist.txt"),
    ]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("form", ["seags", "kinetics"])
def test_several_splits_are_refused_where_a_form_holds_one(workspace, tmp_path, form) -> None:
    with pytest.raises(BadInput, match="holds one split, not 3"):
        export_step.command(workspace, form, tmp_path / form)
    assert not (tmp_path / form).exists()


def test_a_split_that_is_not_there_is_answered_with_how_to_make_it(workspace, tmp_path) -> None:
    with pytest.raises(SlateboardError, match="Make it with `slateboard split make kfold"):
        export_step.command(workspace, "ucf101", tmp_path / "lists", protocol="kfold")


def test_the_parquet_table_is_plain_for_other_tools(workspace, tmp_path) -> None:
    export_step.command(workspace, "parquet", tmp_path / "lists")
    table = pd.read_parquet(tmp_path / "lists" / "folds.parquet")
    assert list(table.columns) == ["clip_id", "fold", "part"]
    assert dict(table.groupby("fold")["part"].value_counts()) == {
        (1, "train"): 69,
        (1, "test"): 19,
        (1, "unused"): 2,
        (2, "train"): 68,
        (2, "test"): 20,
        (2, "unused"): 2,
        (3, "train"): 67,
        (3, "test"): 21,
        (3, "unused"): 2,
    }
