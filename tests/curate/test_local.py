"""A list that somebody sent names files of its own folder, and no other file of this machine unless that is allowed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import moving

from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """A folder with a private video, a workspace with one of its own beside it, and links that lead out of that."""
    draw("private.mp4", moving(20, seed=1))
    (tmp_path / "w" / "clips_in").mkdir(parents=True)
    draw("own.mp4", moving(20)).rename(tmp_path / "w" / "clips_in" / "own.mp4")
    (tmp_path / "w" / "link.mp4").symlink_to(tmp_path / "private.mp4")
    (tmp_path / "w" / "folder").symlink_to(tmp_path)
    (tmp_path / "w" / "slateboard.toml").write_text('name = "tiny"\n')
    (tmp_path / "w" / "sources.csv").write_text(COLUMNS)
    return tmp_path


def _outside(home: Path) -> list[str]:
    return [str(home / "private.mp4"), "../private.mp4", "clips_in/../../private.mp4", "link.mp4", "folder/private.mp4"]


def _rows(urls: list[str]) -> str:
    return COLUMNS + "".join(f"{url},Squat,,,,,,\n" for url in urls)


def test_a_list_with_files_of_elsewhere_is_refused_with_every_line_and_nothing_is_fetched(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace(home / "w")
    workspace.sources.write_text(_rows(["clips_in/own.mp4", *_outside(home)]))
    assert main(["curate", "fetch", "-w", str(workspace.root)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("slateboard: 5 problems, nothing was written:")
    for line, url in enumerate(_outside(home), start=3):
        assert f"sources.csv line {line}: path {url!r} lies outside" in said
    assert "--allow-local" in said
    assert not workspace.catalog.exists()


def test_what_is_allowed_is_fetched_and_need_not_be_allowed_again_once_it_is_here(home: Path) -> None:
    workspace = Workspace(home / "w")
    workspace.sources.write_text(_rows(["clips_in/own.mp4", str(home / "private.mp4")]))
    assert main(["curate", "fetch", "--allow-local", "-w", str(workspace.root), "--quiet"]) == 0
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        assert [one.state for one in catalog.sources()] == [State.FETCHED] * 2


def test_a_line_that_is_added_later_is_refused_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(home / "w")
    workspace.sources.write_text(_rows(["clips_in/own.mp4"]))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 0
    workspace.sources.write_text(_rows(["clips_in/own.mp4", "../private.mp4"]))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "line 3: path '../private.mp4' lies outside" in said and "nothing was written" in said


def test_files_of_the_workspace_by_whatever_path_are_its_own(home: Path) -> None:
    workspace = Workspace(home / "w")
    workspace.sources.write_text(_rows([str(workspace.root / "clips_in" / "own.mp4")]))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 0
    assert main(["curate", "fetch", "-w", os.path.relpath(workspace.root), "--quiet"]) == 0


def test_a_list_that_is_imported_names_files_of_its_folder_and_the_workspace_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, sent = Workspace(home / "w"), home / "sent"
    sent.mkdir()
    (home / "w" / "clips_in" / "own.mp4").rename(sent / "theirs.mp4")
    before = workspace.sources.read_text()
    (sent / "list.csv").write_text(_rows([str(sent / "theirs.mp4"), *_outside(home)]))
    words = ["curate", "import", str(sent / "list.csv"), "-w", str(workspace.root)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("slateboard: 5 problems, nothing was written:")
    assert "list.csv line 3: path" in said and "list.csv line 7: path" in said
    assert (workspace.sources.read_text(), (workspace.root / "imports").exists()) == (before, False)
    assert main([*words, "--allow-local", "--quiet"]) == 0
    assert workspace.sources.read_text().count("Squat") == 6
    (sent / "list.csv").write_text(_rows([str(sent / "theirs.mp4")]))
    workspace.sources.write_text(COLUMNS)
    assert main([*words, "--quiet"]) == 0


def test_an_annotation_file_leads_no_more_out_than_a_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "tracks.xml").write_text(
        "<annotations><meta><source>../private.mp4</source></meta><track id='0' label='Squat'>"
        "<box frame='0' outside='0'/><box frame='9' outside='1'/></track></annotations>"
    )
    words = ["curate", "import", str(home / "tracks.xml"), "--from", "cvat", "--set", "frame_rate_hz=15"]
    (home / "deeper").mkdir()
    (home / "tracks.xml").rename(home / "deeper" / "tracks.xml")
    words[2] = str(home / "deeper" / "tracks.xml")
    assert main([*words, "-w", str(home / "w")]) == 2
    assert "track 0 frame 0: path '../private.mp4' lies outside" in capsys.readouterr().err
