"""Rolling backups of a catalog: made whole and read once before they count, the newest sound one is restored."""

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slateboard.catalog.health import BACKUPS, Damaged, connected, fault, refusal, wal_of
from slateboard.files import PART, atomic_write, flush_folder
from slateboard.progress import say

_NAME = re.compile(r"catalog-(\d{6,})-(\d{8}T\d{6})Z\.db")
_NEWEST, _DAYS = 3, 7
"""Backups kept: the three newest, and the newest of each of the last seven days that have any."""

_BYTES_EACH_SECOND = 50_000_000
_SHARE_OF_TIME = 0.05
"""Backups take no more than this share of the time, at that speed: the 336 MB of 100,000 sources take 3 s."""


@dataclass(frozen=True)
class Backup:
    """A copy of the catalog as it was at some time."""

    path: Path
    number: int
    """Counts up whatever the clock says."""
    made: datetime

    @property
    def when(self) -> str:
        """The time as a person reads it."""
        return f"{self.made:%Y-%m-%d %H:%M:%S} UTC"


def backups(path: Path) -> list[Backup]:
    """Return the backups of a catalog, newest first."""
    matches = [(file, _NAME.fullmatch(file.name)) for file in (path.parent / BACKUPS).glob("catalog-*.db")]
    listed = [
        Backup(file, int(match[1]), datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC))
        for file, match in matches
        if match
    ]
    return sorted(listed, key=lambda backup: backup.number, reverse=True)


def keep_backup(path: Path, *, now: bool = False) -> None:
    """Back up a catalog that changed since it was last, unless that was a moment ago and not `now`.

    Raises Damaged if the copy is not sound: the catalog is not either, and no sound backup is given up for it. What
    cannot be written, as on a full disk, is said and costs nothing else.
    """
    _remove_leftovers(path)
    listed = backups(path)
    changed_at = path.stat().st_mtime_ns
    if listed and listed[0].path.stat().st_mtime_ns == changed_at:
        return
    if listed and not now and _is_too_soon(listed[0], path.stat().st_size):
        return
    try:
        new_backup = _write_backup(path, number=listed[0].number + 1 if listed else 1, changed_at=changed_at)
    except OSError as error:
        say(f"The catalog was not backed up: {error}.")
        return
    for old in _superseded_backups([new_backup, *listed] if new_backup else listed):
        old.path.unlink()


def forget_backups(path: Path) -> None:
    """Delete all backups and damaged catalogs put aside, since they still hold taken-down items."""
    for old in [*(backup.path for backup in backups(path)), *path.parent.glob(f"{path.name}.damaged-*")]:
        old.unlink(missing_ok=True)


def newest_sound_backup(path: Path) -> Backup | None:
    """Return the newest backup of a catalog that is sound on every page."""
    return next((backup for backup in backups(path) if fault(backup.path, every_page=True) is None), None)


def restore(path: Path, backup: Backup) -> None:
    """Put a backup in the place of a catalog, which is to be out of the way."""
    with atomic_write(path) as temporary:
        shutil.copyfile(backup.path, temporary)


def put_aside(path: Path) -> Path | None:
    """Rename a damaged catalog and its log to `catalog.db.damaged-1` or the next free number; None if there is none."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    moved = False
    for ending in ("-shm", "-wal", ""):
        file = path.with_name(f"{path.name}{ending}")
        if file.exists():
            file.rename(f"{aside}{ending}")
            moved = True
    flush_folder(path.parent)
    return aside if moved else None


@contextmanager
def edit_copy(path: Path) -> Iterator[Path]:
    """Give a copy of a catalog to change; it takes the place of the catalog when the block ends well."""
    with atomic_write(path, is_spare=True) as temporary:
        _copy(path, temporary)
        yield temporary
        if wal_of(path).exists():
            raise Damaged(f"{path} is open in another program. Close it there and run this again.")


def _write_backup(path: Path, *, number: int, changed_at: int) -> Backup | None:
    """Write a backup; None if the catalog holds no source yet."""
    now = datetime.now(UTC)
    target = path.parent / BACKUPS / f"catalog-{number:06d}-{now:%Y%m%dT%H%M%S}Z.db"
    if not _holds_sources(path):
        return None
    with atomic_write(target, is_spare=True) as temporary:
        _copy(path, temporary)
        reason = fault(temporary, every_page=True)
        if reason is not None:
            raise Damaged(refusal(path, reason))
    # A backup bears the catalog's mtime: equal times say that nothing changed since.
    os.utime(target, ns=(changed_at, changed_at))
    return Backup(target, number, now)


def _copy(path: Path, target: Path) -> None:
    try:
        with connected(path) as source, connected(target) as copy:
            # SQLite's online backup copies what is in the write-ahead log too, page by page, and is consistent.
            source.backup(copy)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise OSError(f"{target.parent}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Damaged(refusal(path, f"is damaged ({error})")) from error


def _holds_sources(path: Path) -> bool:
    try:
        with connected(path) as connection:
            return connection.execute("SELECT 1 FROM sources LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError as error:
        raise Damaged(refusal(path, f"is damaged ({error})")) from error


def _is_too_soon(newest: Backup, size: int) -> bool:
    # size / speed = seconds that a backup takes; at most 5 % of the time means 20 such spans from one to the next:
    # 336 MB / 50 MB/s = 6.7 s -> one in 134 s at most.
    # When the file got its name: its time of change is that of the catalog it holds.
    seconds = time.time() - newest.path.stat().st_ctime
    return 0 <= seconds < size / _BYTES_EACH_SECOND / _SHARE_OF_TIME


def _superseded_backups(listed: list[Backup]) -> list[Backup]:
    # Newest first, so that the first of a day is its newest: of backups 9 8 7 (Mon) 6 (Sun) 5 (Sat) -> 9 8 7, 6, 5.
    days: dict[str, Backup] = {}
    for backup in listed:
        days.setdefault(f"{backup.made:%Y%m%d}", backup)
    to_keep = [*listed[:_NEWEST], *list(days.values())[:_DAYS]]
    return [backup for backup in listed if backup not in to_keep]


def _remove_leftovers(path: Path) -> None:
    """Delete half-written files of killed runs; only the holder of the lock writes here."""
    for folder in (path.parent / BACKUPS, path.parent):
        for leftover in folder.glob(f".{path.stem}*{PART}*"):
            leftover.unlink(missing_ok=True)
