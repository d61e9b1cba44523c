"""`slateboard doctor` says what is wrong with a workspace and what it can restore; with --repair it does."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from drawing import moving
from releasing import curate, ready

from curate.release.takedown import plan_takedown, take_down
from slateboard.catalog import backup
from slateboard.catalog.backup import backups
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.reviews import confirm, read_reviews
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.media.encode import write_video
from slateboard.progress import be_quiet
from slateboard.records.clip import Effect
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let backups follow each other at once."""
    monkeypatch.setattr(backup, "_SHARE_OF_TIME", float("inf"))


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with proposals of two sources, made once."""
    workspace = Workspace(tmp_path_factory.mktemp("brought"))
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n')
    for number in range(2):
        write_video(workspace.root / f"{number}.mp4", moving(40, seed=number), frame_rate_hz=15)
    rows = [f"{number}.mp4,Squat,,,group{number},,,\n" for number in range(2)]
    workspace.sources.write_text(COLUMNS + "".join(rows))
    for step in ("fetch", "analyse --workers 1", "propose"):
        curate(workspace, step)
    return workspace.root


@pytest.fixture
def proposed(brought: Path, tmp_path: Path) -> Workspace:
    """A copy of that workspace to hurt."""
    be_quiet(False)
    return Workspace(shutil.copytree(brought, tmp_path / "w"))


def _doctor(workspace: Workspace, *words: str, expected: int) -> list[dict[str, Any]]:
    """Run doctor, hold it to its exit code, and return the damages it named."""
    with patch("sys.stdout", StringIO()) as out:
        assert main(["doctor", "-w", str(workspace.root), "--json", "--debug", *words]) == expected
    be_quiet(False)
    return json.loads(out.getvalue())["damages"]  # type: ignore[no-any-return]


def _clips(workspace: Workspace) -> list[tuple[str, str, str | None, str | None]]:
    with open_catalog(workspace.catalog) as catalog:
        return [(clip.clip_id, clip.state, clip.decided_by, clip.reason) for clip in catalog.clips()]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _garbage(path: Path) -> None:
    path.write_bytes(b"\0garbage" * 3000)


HURT: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": _truncate,
    "garbage": _garbage,
}


def test_a_sound_workspace_has_nothing_to_mend(proposed: Workspace) -> None:
    curate(proposed, "review --accept-all")
    assert _doctor(proposed, expected=0) == []


@pytest.mark.parametrize("hurt", HURT)
def test_a_hurt_catalog_is_restored_with_every_decision(proposed: Workspace, hurt: str) -> None:
    first, second = (row[0] for row in _clips(proposed))
    curate(proposed, f"review --accept {first}")
    # No backup holds the next decision.
    kept = [(one.path, one.path.read_bytes()) for one in backups(proposed.catalog)]
    curate(proposed, f"review --reject {second} --reason blurred --by Anna")
    decided = _clips(proposed)
    for one in backups(proposed.catalog):
        one.path.unlink()
    for path, data in kept:
        path.write_bytes(data)
    HURT[hurt](proposed.catalog)
    left = proposed.catalog.read_bytes() if proposed.catalog.exists() else None
    (told,) = _doctor(proposed, expected=1)
    assert (told["where"], told["mendable"], told["mended"]) == ("catalog.db", True, False)
    assert "The backup of 20" in told["remedy"]
    assert (proposed.catalog.read_bytes() if proposed.catalog.exists() else None) == left
    mended = _doctor(proposed, "--repair", expected=0)
    assert [(one["where"], one["mended"]) for one in mended] == [("catalog.db", True)] * 2
    assert "lacks 1 decisions on clips" in mended[1]["what"]
    assert _clips(proposed) == decided
    aside = proposed.root / "catalog.db.damaged-1"
    assert (aside.read_bytes() if aside.exists() else None) == left
    assert _doctor(proposed, expected=0) == []
    curate(proposed, "trim --workers 1")


def test_without_any_backup_decisions_are_taken_back_once_their_clips_are_proposed_again(
    proposed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    curate(proposed, "review --accept-all --by Anna")
    decided = _clips(proposed)
    for one in backups(proposed.catalog):
        one.path.unlink()
    proposed.catalog.write_bytes(b"")
    mended = _doctor(proposed, "--repair", expected=1)
    assert [one["mended"] for one in mended] == [True, False]
    assert "holds 2 decisions on clips that the catalog does not know" in mended[1]["what"]
    for step in ("fetch", "analyse --workers 1"):
        curate(proposed, step)
    assert main(["curate", "propose", "-w", str(proposed.root)]) == 0
    assert "2 of them were decided on before: `slateboard doctor --repair`" in capsys.readouterr().err
    (told,) = _doctor(proposed, "--repair", expected=0)
    assert told["mended"]
    assert _clips(proposed) == decided


def test_the_newest_backup_that_is_damaged_is_passed_over_and_kept(proposed: Workspace) -> None:
    curate(proposed, "review --accept-all")
    decided = _clips(proposed)
    newest = backups(proposed.catalog)[0].path
    _truncate(newest)
    proposed.catalog.write_bytes(b"")
    mended = _doctor(proposed, "--repair", expected=0)
    assert [one["where"] for one in mended][:2] == [f"backups/{newest.name}", "catalog.db"]
    assert newest.with_name(f"{newest.name}.damaged").exists()
    assert _clips(proposed) == decided


def test_confirmed_effects_come_back_too(tmp_path: Path) -> None:
    workspace = ready(tmp_path / "w", clips=2)
    with open_catalog(workspace.catalog) as catalog:
        clips = catalog.clips()
        raised = [
            Effect(clip_id=clip.clip_id, kind="bars", decided_by="machine", confirmed=False, parameters={})
            for clip in clips
        ]
        catalog.label_effects(raised)
        confirmed = [effect.model_copy(update={"confirmed": True}) for effect in raised]
        confirm(catalog, workspace.reviews, confirmed, clips=clips, person="Anna", command="label --accept-all")
        catalog.label_effects(raised)
    assert "effects" in _doctor(workspace, expected=1)[0]["what"]
    _doctor(workspace, "--repair", expected=0)
    with open_catalog(workspace.catalog) as catalog:
        assert [effect.confirmed for effect in catalog.effects()] == [True, True]


def test_decisions_of_the_catalog_that_no_file_holds_are_written_down(proposed: Workspace) -> None:
    curate(proposed, "review --accept-all --by Anna")
    decided = _clips(proposed)
    (proposed.reviews / "Anna.jsonl").write_bytes(b"")
    assert "lacks 2 decisions that stand in catalog.db" in _doctor(proposed, "--repair", expected=0)[0]["what"]
    assert {(one.clip_id, one.decision, one.by, one.reason) for one in read_reviews(proposed.reviews).decisions} == {
        (clip_id, state, by, reason) for clip_id, state, by, reason in decided
    }


def test_lines_that_are_no_decision_are_named_and_a_torn_one_is_not_held_against_anybody(proposed: Workspace) -> None:
    curate(proposed, "review --accept-all --by Anna")
    path = proposed.reviews / "Anna.jsonl"
    path.write_text(path.read_text() + '{"schema": 1, "number": 3, "at')
    assert _doctor(proposed, expected=0) == []
    path.write_text("garbage\n" + path.read_text())
    (told,) = _doctor(proposed, "--repair", expected=1)
    assert "holds 1 lines that are no decision (Anna.jsonl line 1)" in told["what"]


def test_a_takedown_that_a_restored_catalog_does_not_know_is_made_there_too(tmp_path: Path) -> None:
    workspace = ready(tmp_path / "w")
    before = [(one.path, one.path.read_bytes()) for one in backups(workspace.catalog)]
    with open_catalog(workspace.catalog) as catalog:
        victim = catalog.sources()[0]
        take_down(workspace, catalog, plan_takedown(workspace, catalog, [victim], reason="asked for"))
    assert len(backups(workspace.catalog)) == 1
    for path, data in before:
        path.write_bytes(data)
    workspace.catalog.unlink()
    backups(workspace.catalog)[0].path.unlink()
    mended = _doctor(workspace, "--repair", expected=0)
    assert "names 1 sources that the catalog still has" in mended[1]["what"]
    with open_catalog(workspace.catalog) as catalog:
        assert (catalog.sources()[0].state, catalog.sources()[0].reason) == (State.TAKEN_DOWN, "asked for")
        assert victim.source_id not in {clip.source_id for clip in catalog.clips()}


def test_an_emptied_record_of_a_takedown_is_named_and_left_to_a_person(proposed: Workspace) -> None:
    proposed.takedowns.mkdir()
    (proposed.takedowns / "abc.json").write_bytes(b"")
    (told,) = _doctor(proposed, "--repair", expected=1)
    assert (told["where"], told["mendable"]) == ("takedowns/abc.json", False)


@pytest.mark.parametrize("gone", [False, True])
def test_sums_of_a_version_that_were_emptied_are_taken_from_its_list(tmp_path: Path, gone: bool) -> None:
    workspace = ready(tmp_path / "w")
    curate(workspace, "release")
    sums = workspace.releases / "v1" / "SHA256SUMS"
    text = sums.read_text()
    sums.unlink() if gone else sums.write_bytes(b"")
    _doctor(workspace, expected=1)
    assert [one["where"] for one in _doctor(workspace, "--repair", expected=0)] == ["releases/v1/SHA256SUMS"]
    assert sums.read_text() == text


def test_what_killed_commands_left_is_deleted_and_downloads_are_kept(proposed: Workspace) -> None:
    left = [proposed.clips / ".x.mp4.1.part", next(proposed.observations.iterdir()) / ".shots.parquet.2.part"]
    folder = proposed.releases / ".v1.part"
    folder.mkdir(parents=True)
    proposed.clips.mkdir()
    growing = proposed.media / ".incoming" / "s1.mp4.part"
    growing.parent.mkdir()
    for path in (*left, growing, folder / "x"):
        path.write_bytes(b"half")
    (told,) = _doctor(proposed, expected=1)
    assert told["where"] == "3 files or folders"
    _doctor(proposed, "--repair", expected=0)
    assert [path.exists() for path in (*left, folder, growing)] == [False, False, False, True]


def test_outside_a_workspace_it_looks_at_the_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    assert "All that is needed is here." in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert main(["doctor", "--repair"]) == 2
    assert main(["doctor", "-w", str(tmp_path)]) == 2
    assert "is no workspace" in capsys.readouterr().err


def test_inside_a_workspace_it_need_not_be_named(proposed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    proposed.catalog.write_bytes(b"")
    monkeypatch.chdir(proposed.root)
    assert main(["doctor", "--quiet"]) == 1
    assert main(["doctor", "--quiet", "--repair"]) == 0
    assert main(["curate", "status", "--quiet"]) == 0


def test_a_workspace_that_another_process_holds_is_left_alone(proposed: Workspace) -> None:
    with open_catalog(proposed.catalog):
        assert main(["doctor", "-w", str(proposed.root), "--quiet", "--repair"]) == 2


def test_a_new_workspace_is_sound(workspace: Workspace) -> None:
    assert _doctor(workspace, expected=0) == []
    assert not workspace.catalog.exists()


def test_a_database_of_somebody_else_is_put_aside_and_not_deleted(proposed: Workspace) -> None:
    proposed.catalog.unlink()
    with sqlite3.connect(proposed.catalog) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    theirs = proposed.catalog.read_bytes()
    _doctor(proposed, "--repair", expected=0)
    assert (proposed.root / "catalog.db.damaged-1").read_bytes() == theirs


def test_originals_that_are_missing_or_changed_are_named(proposed: Workspace) -> None:
    first, second = sorted(proposed.media.iterdir())
    first.unlink()
    (told,) = _doctor(proposed, "--repair", expected=1)
    assert (told["where"], told["mendable"]) == ("media/", False)
    assert "lacks 1 originals as they were fetched" in told["what"] and "is not there" in told["what"]
    curate(proposed, "fetch")
    second.write_bytes(second.read_bytes() + b"more")
    assert "holds other bytes" in _doctor(proposed, expected=1)[0]["what"]
    curate(proposed, "fetch")
    assert _doctor(proposed, expected=0) == []


def test_an_emptied_record_of_a_takedown_says_what_to_do_wherever_it_is_read(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.takedowns.mkdir()
    (workspace.takedowns / "abc.json").touch()
    with pytest.raises(BadInput, match=r"abc\.json: is no Takedown record.*Without one, delete it"):
        workspace.taken_down()
