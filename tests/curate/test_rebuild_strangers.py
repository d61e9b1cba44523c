"""A release or list of somebody else, made to do harm: its names lead nowhere, and nothing is written or removed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from releasing import contents, ready
from releasing import curate as run

from curate.release.list_only import RELEASE_SUMS
from slateboard.files import sha256_of
from slateboard.sums import read_sums, sums_text
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = ready(tmp_path_factory.mktemp("strangers") / "w", clips=4)
    run(workspace, "release")
    return workspace.root


@pytest.fixture
def victim(template: Path, tmp_path: Path) -> Workspace:
    """A workspace, with a home folder beside it that is nobody's business, and a list that somebody sent."""
    shutil.copytree(template, tmp_path / "home" / "w")
    for name in (".profile", "x.mp4", "w/clips.mp4"):
        (tmp_path / "home" / name).write_text("mine")
    shutil.copytree(tmp_path / "home" / "w" / "releases" / "v1-list", tmp_path / "sent")
    return Workspace(tmp_path / "home" / "w")


def _forge(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change a table or a text of a list and put its new hash into the sums, as its maker can."""
    file = folder / name
    if file.suffix == ".parquet":
        change(pd.read_parquet(file)).to_parquet(file, index=False)
    elif file.suffix == ".csv":
        change(pd.read_csv(file, dtype=str, keep_default_na=False)).to_csv(file, index=False)
    else:
        file.write_text(change(file.read_text()))
    sums = {**read_sums(folder / RELEASE_SUMS), name: sha256_of(file)}
    (folder / RELEASE_SUMS).write_text(sums_text(sums))


def _cell(column: str, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[0, column] = value
        return table

    return change


def _refused(victim: Workspace, capsys: pytest.CaptureFixture[str]) -> str:
    """Rebuild what was sent, hold it to have changed nothing anywhere, and return what was said."""
    around = victim.root.parent.parent
    before = contents(around)
    links = {path for path in around.rglob("*") if path.is_symlink()}
    run(victim, f"rebuild {around / 'sent' / 'recipe.toml'} --workers 1", expected=2)
    after = contents(around)
    assert {path for path in around.rglob("*") if path.is_symlink()} == links
    assert after == before
    assert not any(path.is_dir() for path in (victim.root / "rebuilt").glob("*"))
    said = capsys.readouterr().err
    assert "a fault of ours" not in said
    return said


@pytest.mark.parametrize(
    "value",
    [
        "/HOME/.profile", "../../../x.mp4", "../../x.mp4", "videos/../../../x.mp4", "videos/HighKick/../../../../x.mp4",
        "videos\\..\\x.mp4", "videos/HighKick/\nx.mp4", "recipe.toml", "videos/x.mp4", "videos/Other/x.mp4", "",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(
    victim: Workspace, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    sent = victim.root.parent.parent / "sent"
    path = value.replace("/HOME", str(victim.root.parent))
    _forge(sent, "clips.parquet", _cell("path", path))
    assert "path" in _refused(victim, capsys)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("clips.parquet", "clip_id"), ("clips.parquet", "source_id"), ("clips.parquet", "label"),
        ("sources.csv", "source_id"), ("sources.csv", "media_id"), ("originals.parquet", "media_id"),
        ("duplicates.csv", "first"), ("takedowns.csv", "source_id"), ("effects.csv", "clip_id"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["../clips", "/tmp/x", "..", "a\nb", "a\\b"])
def test_an_id_that_is_a_path_is_refused(
    victim: Workspace, capsys: pytest.CaptureFixture[str], table: str, column: str, value: str
) -> None:
    sent = victim.root.parent.parent / "sent"
    _forge(sent, table, _cell(column, value))
    assert column in _refused(victim, capsys)


@pytest.mark.parametrize(
    ("column", "value"),
    [("first_frame", -1), ("last_frame", 1), ("last_frame", -5), ("end_s", float("inf")), ("start_s", float("nan"))],
)
def test_frames_and_times_that_cannot_be_are_refused(
    victim: Workspace, capsys: pytest.CaptureFixture[str], column: str, value: float
) -> None:
    _forge(victim.root.parent.parent / "sent", "clips.parquet", _cell(column, value))
    assert "row 1" in _refused(victim, capsys)


def test_a_frame_behind_the_end_costs_that_clip_and_no_file(victim: Workspace) -> None:
    """The clip whose id was a path, with a frame out of range, had a file deleted."""
    around = victim.root.parent.parent
    _forge(around / "sent", "clips.parquet", _cell("last_frame", 10**8))
    before = contents(around)
    run(victim, f"rebuild {around / 'sent' / 'recipe.toml'} --workers 1", expected=1)
    after = contents(around)
    assert {name: after.get(name) for name in before} == before
    assert all(name.startswith("home/w/rebuilt/") for name in after.keys() - before.keys())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "tiny"', 'name = "../../tiny"'), ('name = "tiny"', 'name = "/tmp/tiny"'),
        ('name = "tiny"', 'name = ".."'),
        ('version = "v1"', 'version = "../../v1"'), ('version = "v1"', 'version = ""'),
        ('protocol = "seags"', 'protocol = "../seags"'), ('protocol = "seags"', 'protocol = "fixed"'),
        ('"DaCau"', '"../DaCau"'), ('"DaCau"', '"a/b"'), ("schema = 1", 'schema = "x"'), ("schema = 1", "schema = []"),
    ],
)  # fmt: skip
def test_a_recipe_names_no_folder_elsewhere(
    victim: Workspace, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    _forge(victim.root.parent.parent / "sent", "recipe.toml", change)
    assert "recipe.toml" in _refused(victim, capsys)


def test_a_line_of_the_sums_names_no_file_elsewhere(victim: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with (victim.root.parent.parent / "sent" / RELEASE_SUMS).open("a") as file:
        file.write(f"{'0' * 64}  ../../x.mp4\n")
    assert RELEASE_SUMS in _refused(victim, capsys)


@pytest.mark.parametrize("column", ["clip_id", "path"])
def test_two_clips_of_one_name_are_refused(victim: Workspace, capsys: pytest.CaptureFixture[str], column: str) -> None:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[1, column] = table.loc[0, column]
        return table

    _forge(victim.root.parent.parent / "sent", "clips.parquet", change)
    assert "in 2 rows" in _refused(victim, capsys)


@pytest.mark.parametrize(
    "place", ["tiny-v1", ".tiny-v1.part/videos", ".tiny-v1.part/videos/HighKick", ".tiny-v1.originals/clips"]
)
def test_a_link_in_the_folder_that_is_written_into_is_not_followed(
    victim: Workspace, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A workspace that somebody sent brings the links along."""
    link = victim.root / "rebuilt" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(victim.root.parent)
    around = victim.root.parent.parent
    before = contents(around)
    run(victim, f"rebuild {around / 'sent' / 'recipe.toml'} --workers 1", expected=2)
    assert contents(around) == before
    assert "through a symbolic link" in capsys.readouterr().err


def test_a_table_that_is_a_link_out_of_the_list_is_not_read(
    victim: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = victim.root.parent.parent / "sent"
    (sent / "effects.csv").rename(victim.root.parent / "effects.csv")
    (sent / "effects.csv").symlink_to(victim.root.parent / "effects.csv")
    assert "through a symbolic link" in _refused(victim, capsys)


def test_everything_that_is_wrong_is_told_at_once(victim: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    sent = victim.root.parent.parent / "sent"
    _forge(sent, "clips.parquet", _cell("path", "/x"))
    _forge(sent, "clips.parquet", _cell("clip_id", "../x"))
    _forge(sent, "sources.csv", _cell("media_id", "a/b"))
    said = _refused(victim, capsys)
    assert "3 problems" in said
    assert all(word in said for word in ("row 1: path", "row 1: clip_id", "row 1: media_id"))
