"""A catalog that is gone, empty or damaged is refused by name; sound copies of it are kept, whatever the clock says."""

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slateboard.catalog import backup, health
from slateboard.catalog import catalog as catalogs
from slateboard.catalog.backup import Backup, backups, keep_backup, newest_sound_backup
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.health import Damaged
from slateboard.catalog.migrations import migrate
from slateboard.cli import main
from slateboard.errors import SlateboardError
from slateboard.records.source import Source
from slateboard.workspace import Workspace


def _source(number: int) -> Source:
    return Source(source_id=f"s{number}", line=number, url=f"http://x/{number}.mp4", label="Squat")


def _grown(path: Path, sources: int) -> None:
    with open_catalog(path) as catalog:
        catalog.list_sources([_source(number) for number in range(sources)])


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let backups follow each other at once."""
    monkeypatch.setattr(backup, "_SHARE_OF_TIME", float("inf"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog of 400 sources, some 30 pages, in a workspace that has a backup of it."""
    _grown(tmp_path / "catalog.db", 400)
    return tmp_path / "catalog.db"


def _garbage_inside(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(4, path.stat().st_size // 4096):
            file.seek(4096 * page)
            file.write(b"garbage " * 512)


HURT: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (lambda path: path.unlink(), "is not there"),
    "emptied": (lambda path: path.write_bytes(b""), r"is empty \(0 bytes\)"),
    "cut in two": (lambda path: os.truncate(path, path.stat().st_size // 2), "was cut short"),
    "cut to its header": (lambda path: os.truncate(path, 60), "is no SQLite database"),
    "garbage": (lambda path: path.write_bytes(b"garbage " * 5000), "is no SQLite database"),
    "garbage inside": (_garbage_inside, "is damaged"),
    "another database": (
        lambda path: (path.unlink(), sqlite3.connect(path).execute("CREATE TABLE x (y)").connection.close()),
        "holds no catalog of slateboard",
    ),
}


@pytest.mark.parametrize("hurt", HURT)
def test_a_catalog_that_was_hurt_is_refused_with_the_remedy_and_left_as_it_is(path: Path, hurt: str) -> None:
    harm, words = HURT[hurt]
    harm(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(Damaged, match=rf"catalog\.db {words}.* Run `slateboard doctor --repair -w "):
        with open_catalog(path):
            pass
    assert (path.read_bytes() if path.exists() else None) == before


def test_every_command_says_it_in_one_sentence(
    path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(b"")
    for step in ("fetch", "analyse", "propose", "review", "trim", "label", "release", "status"):
        capsys.readouterr()
        assert main(["curate", step, "-w", str(workspace.root), "--quiet"]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("folder", ["media", "observations", "clips", "reviews", "backups"])
def test_what_only_a_catalog_makes_tells_that_there_was_one(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    with open_catalog(tmp_path / "catalog.db"):
        pass
    (tmp_path / "catalog.db").unlink()
    (tmp_path / folder / "something").touch()
    with pytest.raises(Damaged, match="is not there"):
        with open_catalog(tmp_path / "catalog.db"):
            pass


def test_a_new_workspace_begins_one_even_over_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").touch()
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert catalog.sources() == []


def test_damage_that_comes_up_in_the_middle_of_a_command_is_told_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_READ_WHOLE_BYTES", 0)
    _garbage_inside(path)
    os.utime(path, ns=(1, backups(path)[0].path.stat().st_mtime_ns))
    with pytest.raises(Damaged, match=r"is damaged .*malformed.*slateboard doctor --repair"):
        with open_catalog(path) as catalog:
            catalog.sources()


def test_what_was_left_open_by_a_killed_process_is_read_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_READ_WHOLE_BYTES", 0)
    _garbage_inside(path)
    health.wal_of(path).touch()
    with pytest.raises(Damaged, match="is damaged"):
        with open_catalog(path):
            pass


def test_a_catalog_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "_upgrade", dies)
    with pytest.raises(KeyboardInterrupt):
        with open_catalog(tmp_path / "catalog.db"):
            pass
    assert [left.name for left in tmp_path.iterdir() if left.suffix != ".lock"] == []


def test_an_upgrade_that_is_killed_leaves_the_old_catalog(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(copy: Path) -> None:
        with health.connected(copy) as connection:
            connection.executescript("DROP TABLE clips;")
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr(migrate, "_upgrade", dies)
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    with pytest.raises(KeyboardInterrupt):
        with open_catalog(path):
            pass
    assert path.read_bytes() == before


def test_what_changed_is_backed_up_and_what_did_not_is_not(path: Path) -> None:
    (first,) = backups(path)
    with open_catalog(path) as catalog:
        assert len(catalog.sources()) == 400
    assert backups(path) == [first]
    os.utime(path, ns=(1, 1))
    keep_backup(path, now=True)
    assert [one.number for one in backups(path)] == [2, 1]
    with open_catalog(newest_sound_backup(path).path) as catalog:  # type: ignore[union-attr]
        assert len(catalog.sources()) == 400


def test_a_catalog_without_sources_is_not_backed_up(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    assert not (tmp_path / "backups").exists()


def test_a_large_catalog_is_backed_up_seldom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_SHARE_OF_TIME", 1e-9)
    _grown(path, 500)
    assert len(backups(path)) == 1


def test_what_a_killed_command_changed_is_backed_up_by_the_next(path: Path) -> None:
    with health.connected(path) as connection, connection:
        connection.execute("UPDATE sources SET state = 'gone'")
    assert len(backups(path)) == 1
    with open_catalog(path):
        assert len(backups(path)) == 2


def test_the_newest_three_are_kept_and_one_of_each_day_of_a_week(path: Path) -> None:
    folder = path.parent / "backups"
    begin = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    for number in range(2, 40):
        made = begin + timedelta(hours=8 * number)
        (folder / f"catalog-{number:06d}-{made:%Y%m%dT%H%M%S}Z.db").write_bytes(b"x")
    os.utime(path, ns=(1, 1))
    keep_backup(path, now=True)
    kept = [one.number for one in backups(path)]
    today, days = kept[0], kept[1:]
    # 39 and 38 are of the 14th, the last of each day before are 37, 34, 31, ...
    assert (today, days) == (40, [39, 38, 37, 34, 31, 28, 25])


def test_a_clock_that_was_set_back_does_not_make_an_old_one_the_newest(path: Path) -> None:
    folder = path.parent / "backups"
    backups(path)[0].path.rename(folder / "catalog-000001-20991231T000000Z.db")
    _grown(path, 410)
    assert [one.number for one in backups(path)] == [2, 1]
    newest = newest_sound_backup(path)
    assert newest is not None and newest.number == 2


def test_a_damaged_catalog_takes_the_place_of_no_sound_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = backups(path)
    _garbage_inside(path)
    monkeypatch.setattr(backup, "_NEWEST", 1)
    with pytest.raises(Damaged):
        keep_backup(path, now=True)
    assert backups(path) == kept
    assert isinstance(newest_sound_backup(path), Backup)


def test_a_damaged_backup_is_passed_over(path: Path) -> None:
    _grown(path, 401)
    newest, before = backups(path)
    os.truncate(newest.path, 5000)
    assert newest_sound_backup(path) == before


def test_no_room_for_a_backup_is_said_and_costs_the_command_nothing(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_copy", full)
    _grown(path, 402)
    assert "The catalog was not backed up: [Errno 28] No space left on device" in capsys.readouterr().err
    assert len(backups(path)) == 1


def test_what_a_killed_run_left_of_a_backup_is_removed(path: Path) -> None:
    left = path.parent / "backups" / ".catalog-000009-x.db.abc.part"
    left.write_bytes(b"half")
    with open_catalog(path):
        pass
    assert not left.exists()


def test_another_program_that_writes_to_the_catalog_is_told_from_damage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure = catalogs._configure

    def impatient(connection: sqlite3.Connection, record: object) -> None:
        configure(connection, record)
        connection.execute("PRAGMA busy_timeout=1")

    monkeypatch.setattr(catalogs, "_configure", impatient)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(SlateboardError, match=r"is locked by another program\. Close it there"):
            _grown(path, 403)
    finally:
        other.close()


def test_a_folder_in_place_of_the_catalog_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(Damaged, match="cannot be read"):
        with open_catalog(tmp_path / "catalog.db"):
            pass
