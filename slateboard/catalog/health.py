"""Is a catalog sound, and has there been one here: an empty or damaged one is never taken for a new one."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from slateboard.errors import SlateboardError
from slateboard.unwritable import raises_unwritable

BACKUPS, REVIEWS = "backups", "reviews"
"""Folders of a workspace: copies of the catalog, and people's decisions outside it."""

_GROWN = (BACKUPS, REVIEWS, "observations", "media", "clips")
"""Folders that only commands with a catalog fill."""

LEAST_BYTES = 1_000_000
"""SQLite's shared memory and log need some 100 kB before a first write, and it speaks of a disk I/O error without."""

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_TABLES = frozenset({"alembic_version", "sources", "media", "clips"})
_READ_WHOLE_BYTES = 20_000_000
"""Up to this size every page is looked at whenever a catalog that was not backed up since is opened: 0.1 s."""


class Damaged(SlateboardError):
    """A catalog that is missing, empty or broken where there was one."""


def check(path: Path) -> bool:
    """Return whether there is a catalog to open; raise Damaged where one is damaged, or is missing and must not be.

    Headers and the list of tables are always looked at, every page of a small catalog too, and of one that a killed
    process left open.
    """
    reason = fault(path, every_page=_is_small(path) or wal_of(path).exists())
    if reason is None:
        return True
    if (path.exists() and path.stat().st_size) or has_had_catalog(path.parent):
        raise Damaged(refusal(path, reason))
    return False


def refusal(path: Path, reason: str) -> str:
    """Return the sentence by which a damaged catalog is refused."""
    return f"{path} {reason}. Run `slateboard doctor --repair -w {path.parent}`: it restores what can be restored."


def has_had_catalog(root: Path) -> bool:
    """Return whether a workspace holds files that only commands with a catalog make."""
    return any(_holds_files(root / name) for name in _GROWN)


def _holds_files(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(not entry.name.startswith(".") for entry in entries)


def fault(path: Path, *, every_page: bool) -> str | None:
    """Return the fault of a catalog, the end of a sentence that its path begins; None if it is sound."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if size == 0:
        return "is empty (0 bytes)"
    if not head.startswith(_MAGIC) or len(head) < _HEADER_BYTES:
        return "is no SQLite database"
    return _truncation(head, size, path) or _content_fault(path, every_page=every_page)


def _truncation(head: bytes, size: int, path: Path) -> str | None:
    """Return that a file is shorter than its header says; None where it is whole.

    While a write-ahead log lies beside it, the header may be ahead of the file.
    """
    # SQLite's file format, section 1.3, big-endian: page size at 16 (2 bytes, 1 means 65536), change counter at 24,
    # number of pages at 28, and at 92 the change for which that number is valid. 4096 x 250 pages = 1,024,000 bytes.
    page, changes, pages, valid_for = (
        int.from_bytes(head[at : at + length]) for at, length in ((16, 2), (24, 4), (28, 4), (92, 4))
    )
    expected = pages * (65536 if page == 1 else page)
    if changes == valid_for and size < expected and not wal_of(path).exists():
        return f"was cut short ({size} bytes of {expected})"
    return None


def _content_fault(path: Path, *, every_page: bool) -> str | None:
    try:
        with raises_unwritable(path.parent, least_bytes=LEAST_BYTES), connected(path) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not names >= _TABLES:
                return "holds no catalog of slateboard"
            if every_page:
                ((verdict, *_),) = connection.execute("PRAGMA quick_check(1)").fetchall()
                return None if verdict == "ok" else f"is damaged ({' '.join(str(verdict).split())})"
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"
    return None


@contextmanager
def connected(path: Path, *, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Open a database that is there; none is made."""
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True)) as connection:
        yield connection


def wal_of(path: Path) -> Path:
    """Return where the write-ahead log of a database lies while it is open."""
    return path.with_name(f"{path.name}-wal")


def _is_small(path: Path) -> bool:
    return path.exists() and path.stat().st_size <= _READ_WHOLE_BYTES
