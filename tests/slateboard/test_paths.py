"""Names from outside: what an id and a path may hold, in records and tables, and that a path stays in its folder."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel, ValidationError

from slateboard.errors import BadInput
from slateboard.paths import ID, NAME, PATH, VERSION, RelativePath, SafeId, SafeName, Version, inside, leading_out
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.release import ReleasedClip, Takedown
from slateboard.sums import read_sums
from slateboard.tables import Column, columns_of, read_checked_table
from slateboard.workspace import Workspace

NO_IDS = (
    "", ".", "..", ".bashrc", "../x", "a/b", "/etc/passwd", "a\\b", "\\\\host\\share", "C:x", "a\nb", "a\x00b", "a\x7f",
    "a\u2028b", "a\u202egpj.exe", "\udce9", "x" * 252, "é" * 130,
)  # fmt: skip
IDS = ("0123456789ab", "v_JumpingJack_g01_c02", "-0abc_D3fGh", "Goal_1_#_2", "Đá cầu", "a..b", "x" * 251)
NO_PATHS = (
    "", ".", "..", "/", "/etc/passwd", "../x", "a/../x", "a/..", "./x", "a//b", "a/", "~/../x", "a\\..\\b", "C:/x",
    "C:x", "//host/share", "a/\x00", "a/b\n", "a/\u202e", "a/" + "x" * 256, "a/" * 3000 + "x",
)  # fmt: skip
PATHS = ("x", "videos/High Kick/v_1.mp4", "a/.hidden", ".part/x", "a/..b", "...", "media/é#&.mp4")


class _Record(BaseModel):
    id: SafeId = "x"
    path: RelativePath = "x"
    name: SafeName = "x"
    version: Version = "v1"


@pytest.mark.parametrize("text", NO_IDS)
def test_what_is_no_id_is_refused_by_records_and_by_tables(text: str) -> None:
    assert ID.fault(text)
    with pytest.raises(ValidationError):
        _Record(id=text if len(text) != 130 else text * 2)


@pytest.mark.parametrize("text", NO_PATHS)
def test_what_is_no_relative_path_is_refused_by_records_tables_and_joins(text: str, tmp_path: Path) -> None:
    assert PATH.fault(text)
    with pytest.raises(BadInput):
        inside(tmp_path, text)
    if len(text) != 258:
        with pytest.raises(ValidationError):
            _Record(path=text)


@pytest.mark.parametrize("text", IDS)
def test_ids_of_data_sets_are_ids(text: str) -> None:
    assert (ID.fault(text), _Record(id=text).id) == ("", text)


@pytest.mark.parametrize("text", PATHS)
def test_a_path_below_its_folder_is_one(text: str, tmp_path: Path) -> None:
    assert (PATH.fault(text), _Record(path=text).path) == ("", text)
    assert inside(tmp_path, text) == tmp_path / text


@pytest.mark.parametrize("text", ["", "a b", "-x", ".x", "x/y", "é", "x" * 101])
def test_a_release_has_a_name_of_plain_letters(text: str) -> None:
    assert NAME.fault(text)
    with pytest.raises(ValidationError):
        _Record(name=text)


@pytest.mark.parametrize("text", ["", "1", "v0", "v01", "v1-list", "v1/..", "../v1", "v1\n", "v9999999999"])
def test_a_version_is_a_number(text: str) -> None:
    assert VERSION.fault(text)
    with pytest.raises(ValidationError):
        _Record(version=text)


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with links out of it: a folder, a file, one that leads nowhere, a loop; and one to a place inside."""
    folder, elsewhere = tmp_path / "in", tmp_path / "out"
    (folder / "real").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("kept")
    (folder / "folder").symlink_to(elsewhere)
    (folder / "file").symlink_to(elsewhere / "kept.txt")
    (folder / "nowhere").symlink_to(elsewhere / "new.txt")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "own").symlink_to(folder / "real")
    return folder


@pytest.mark.parametrize("name", ["folder/kept.txt", "folder/new.txt", "folder/a/b", "folder", "file", "nowhere"])
def test_no_link_leads_out_of_the_folder(linked: Path, name: str) -> None:
    with pytest.raises(BadInput, match="through a symbolic link"):
        inside(linked, name)
    assert len(leading_out(linked, [name, "real/x", "own/x"], where="here")) == 1


def test_a_link_to_a_place_inside_is_followed(linked: Path) -> None:
    assert inside(linked, "own/x") == linked / "own" / "x"


def test_a_folder_that_is_a_link_itself_is_the_folder(linked: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(linked)
    assert inside(tmp_path / "link", "real/x") == tmp_path / "link" / "real" / "x"


def test_a_workspace_may_have_its_media_on_another_disk_and_no_file_of_it_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "media").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "x.mp4").symlink_to("/etc/hostname")
    workspace = Workspace(tmp_path / "w")
    assert workspace.file("media/y.mp4") == workspace.root / "media" / "y.mp4"
    for name in ("media/x.mp4", "media/../x", "../x", "/etc/hostname"):
        with pytest.raises(BadInput):
            workspace.file(name)


@pytest.mark.parametrize(
    ("record", "row", "field"),
    [
        (Takedown, {"takedown_id": "../x"}, "takedown_id"),
        (Takedown, {"media": {"m": "/home/me/x.mp4"}}, "media.m"),
        (Takedown, {"clips": {"c": "../x.mp4"}}, "clips.c"),
        (Takedown, {"versions": ["../.."]}, "versions.0"),
        (Takedown, {"sources": {"../x": 1}}, "sources"),
    ],
)
def test_a_takedown_names_nothing_outside(record: Any, row: dict[str, Any], field: str) -> None:
    whole = {
        "takedown_id": "x", "at": "2026-01-01T00:00:00Z", "reason": "", "sources": {}, "media": {}, "clips": {},
        "versions": [], "alike": [],
    }  # fmt: skip
    assert record.checked(whole, where="x").versions == ()
    with pytest.raises(BadInput) as caught:
        record.checked({**whole, **row}, where="takedowns/x.json")
    assert field in str(caught.value)


def test_a_clip_and_its_media_name_nothing_outside() -> None:
    clip = {
        "clip_id": "c", "source_id": "s", "media_id": "m", "shot_id": None, "label": "a/b", "group": "g",
        "first_frame": 0, "last_frame": 5, "start_s": 0.0, "end_s": 1.0, "state": "trimmed", "path": "clips/c.mp4",
    }  # fmt: skip
    assert Clip.checked(clip, where="x").label == "a/b"
    bad = {"clip_id": "../c", "media_id": "/m", "shot_id": "..", "path": "/x", "first_frame": -1, "last_frame": -1}
    for name, value in bad.items():
        with pytest.raises(BadInput):
            Clip.checked({**clip, name: value}, where="x")
    assert {"media_id", "path"} <= {name for name, column in columns_of(Media).items() if column.text is not None}


def _released(**changed: list[Any]) -> pd.DataFrame:
    row = {
        name: {"whole": 1, "real": 1.0}.get(column.kind, (column.choices or ("x",))[0])
        for name, column in columns_of(ReleasedClip).items()
    }
    return pd.DataFrame([row, row]).assign(**changed)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"path": ["../x", "y"]}, "row 1: path: is '../x'"),
        ({"clip_id": ["a", "../a"]}, "row 2: clip_id: is '../a'"),
        ({"label": ["a/b", "a"]}, "row 1: label: is 'a/b'"),
        ({"source_id": ["a", ""]}, "row 2: source_id: is not given"),
        ({"first_frame": [-1, 1]}, "row 1: first_frame: is -1, which is below 0"),
        ({"first_frame": [2, 1]}, "row 1: first_frame: is 2, above last_frame 1"),
        ({"end_s": [0.5, float("nan")]}, "row 2: end_s: is not given"),
        ({"start_s": [float("inf"), 1.0]}, "row 1: start_s: is inf, which is no number"),
        ({"frames": ["5", "6"]}, "row 1: frames: is '5', which is no number"),
        ({"path": [["a"], ["b"]]}, "row 1: path: is array(['a'], dtype=object), which is no text"),
        ({"path": [None, "y"]}, "row 1: path: is not given"),
        (
            {"has_effects": ["true", "perhaps"]},
            "row 2: has_effects: is 'perhaps', which is none of true, false, unknown",
        ),
    ],
)
def test_a_table_is_held_to_its_record(tmp_path: Path, changed: dict[str, list[Any]], told: str) -> None:
    order = (("first_frame", "last_frame"), ("start_s", "end_s"))
    _released().to_parquet(tmp_path / "clips.parquet")
    assert len(read_checked_table(tmp_path / "clips.parquet", columns_of(ReleasedClip), ordered=order)) == 2
    _released(**changed).to_parquet(tmp_path / "clips.parquet")
    with pytest.raises(BadInput) as caught:
        read_checked_table(tmp_path / "clips.parquet", columns_of(ReleasedClip), ordered=order)
    assert told in str(caught.value)


def test_everything_wrong_in_a_table_is_told_at_once_and_much_of_one_kind_counted(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": [f"../{number}" for number in range(50)], "path": ["/x"] * 50})
    table.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(BadInput) as caught:
        read_checked_table(tmp_path / "x.csv", {"id": Column(text=ID), "path": Column(text=PATH), "label": Column()})
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 1 + 2 * 21
    assert "has no column label" in lines[0]
    assert "is wrong in 30 more rows" in lines[-1]


@pytest.mark.parametrize(("name", "content"), [("x.parquet", b"PAR1"), ("x.csv", b'a,b\n"'), ("x.csv", b"\xff\xfe")])
def test_what_is_no_table_is_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match="is no table"):
        read_checked_table(tmp_path / name, {})


def test_a_line_of_sums_names_a_file_inside(tmp_path: Path) -> None:
    sha = "0" * 64
    (tmp_path / "SUMS").write_text(f"{sha}  a/b.csv\n{sha}  ../x\n{sha}  /x\nnonsense\n{sha} a\n")
    with pytest.raises(BadInput) as caught:
        read_sums(tmp_path / "SUMS")
    assert [problem.where.rpartition(" ")[2] for problem in caught.value.problems] == ["2", "3", "4", "5"]
