"""Files that are whole or absent: write beside, flush to disk, rename; and the hashes that name them."""

import csv
import hashlib
import io
import json
import os
import socket
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from slateboard.escaping import csv_cell
from slateboard.unwritable import raises_unwritable

PART = ".part"
"""Ending of a file or folder that is not whole yet; anything that bears it may be deleted."""
_LONGEST_NAME_BYTES = 200
"""Longest file name that its temporary file repeats; file systems take 255, and `.`, machine and `.part` need room."""
_written: Counter[Path] = Counter()
"""Folder, or catalog -> files written in it by this process since `forget_writes`."""


@contextmanager
def atomic_write(path: Path, *, is_spare: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it there when the block ends well, else remove it.

    `is_spare`: it holds nothing that was not there before, so that a command need not speak of it. Where the disk is
    full or read-only, Unwritable says so.
    """
    with raises_unwritable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, handle = _open_temporary(path)
        try:
            # Inside the try that removes the file: a full disk looks full only as long as it is there.
            with raises_unwritable(path.parent):
                yield temporary
                with temporary.open("rb") as written:
                    os.fsync(written.fileno())
                temporary.chmod(0o644)
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        if not is_spare:
            record_write(path.parent)
        flush_folder(path.parent)


def _open_temporary(path: Path) -> tuple[Path, int]:
    """Return an empty temporary file beside `path` and a handle that locks it.

    Its name is the same each time, so that the next to write `path` finds and removes what a killed process left.
    Where another process writes `path` at this moment, or the system knows no such locks, it is a name of its own.
    Another machine has another name, for not every network file system carries locks from one to the next.
    """
    # .result.json.0a1b2c3d.part: always the same for one target on one machine.
    machine = zlib.crc32(socket.gethostname().encode())
    name = path.name if len(os.fsencode(path.name)) <= _LONGEST_NAME_BYTES else digest(path.name, length=32)
    temporary = path.parent / f".{name}.{machine:08x}{PART}"
    with suppress(OSError, ImportError):
        with suppress(FileNotFoundError):
            leftover = _open_locked(temporary, os.O_RDWR | os.O_NOFOLLOW)
            # Not written over: a program that the killed process had started may still write into it.
            temporary.unlink()
            os.close(leftover)
        return temporary, _open_locked(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    handle, name_of_its_own = tempfile.mkstemp(dir=path.parent, prefix=f".{name}.", suffix=PART)
    return Path(name_of_its_own), handle


def _open_locked(file: Path, flags: int) -> int:
    """Open a file and lock it; OSError where another process has it or has renamed it since."""
    import fcntl  # not everywhere

    handle = os.open(file, flags, 0o600)
    try:
        # Between open and lock another process may have renamed or removed the file: the lock is then on a file that
        # has no name any more, which shows as another inode.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), os.lstat(file)):
            raise FileExistsError(f"{file} is another file than it was when it was opened")
    except BaseException:
        os.close(handle)
        raise
    return handle


def record_write(place: Path) -> None:
    """Count a file as written in a folder, or a write to a catalog, that did not go through `atomic_write`."""
    _written[place] += 1


def reset_writes() -> None:
    """Set the counts of written files to zero, when a command begins."""
    _written.clear()


def describe_writes() -> str:
    """Return what this process has written and still exists, as `3 files in releases/v1, catalog.db`; or ''."""
    present = {place: count for place, count in _written.items() if place.exists()}
    folders = [place for place in present if place.is_dir()]
    places = [str(place) for place in present if place not in folders]
    if folders:
        count = sum(present[place] for place in folders)
        # 12 files in releases/v1 and releases/v1/videos -> `12 files in releases/v1`.
        common = os.path.commonpath([place.absolute() for place in folders])
        shown = folders[0] if len(folders) == 1 else Path(common)
        places.insert(0, f"{count} file{'s' if count != 1 else ''} in {shown}")
    return ", ".join(places)


def flush_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def json_text(value: Any) -> str:
    """Return JSON that a person can read and diff."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read and diff."""
    write_text(path, json_text(value))


def csv_text(rows: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> str:
    """Return rows as CSV; None is empty, booleans are lower case, formulas are made harmless.

    A text that a spreadsheet would run (it starts with = + - @, or a tab) gets a leading apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(column)) for column in columns] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # Six places: microseconds of a time, and more than any score holds.
        return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.6g}"
    # A bare carriage return would not be quoted, and would end the row for a reader.
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return csv_cell(text) if isinstance(value, str) else text


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any, *, length: int = 64) -> str:
    """Return the first `length` hex digits of the SHA-256 of a JSON value; the order of keys does not matter."""
    # One form for one value: keys sorted, no blanks, UTF-8. {"b": 1, "a": [2]} -> {"a":[2],"b":1}
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:length]
