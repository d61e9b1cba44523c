"""Kill points: every write, rename, deletion and commit inside one folder is counted, and one of them is the last.

Loaded into a command and, through startup/sitecustomize.py, into each process that it starts.
"""

import fcntl
import json
import os
import signal
import sqlite3
import sqlite3.dbapi2
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "SLATEBOARD_TEST_POINTS"
_MOVES = {"os.rename": 2, "os.link": 2, "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.truncate": 1, "os.symlink": 2}
"""Audit event -> how many of its first arguments are paths."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def install() -> None:
    """Count from now on, as the environment says; without its word nothing happens."""
    said = os.environ.get(VARIABLE)
    if said:
        _Points(**json.loads(said)).listen()


class _Points:
    def __init__(self, folder: str, counter: str, held: str, main: int, point: int, number: int) -> None:
        self._folder, self._main, self._point, self._signal = folder, main, point, number
        self._path, self._held, self._busy = counter, Path(held), False
        self._open()
        # Locks of a forked process would be those of its parent.
        os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        self._counter = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def listen(self) -> None:
        sys.addaudithook(self._audit)
        honest: Callable[[int], None] = os.fsync

        def fsync(file: int) -> None:
            self._passed("fsync", Path(f"/proc/self/fd/{file}").readlink())
            honest(file)

        os.fsync = fsync
        connect = sqlite3.dbapi2.connect

        def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **named)
            connection.set_trace_callback(self._statement)
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = connected

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES and isinstance(path, str | bytes | os.PathLike):
                self._passed(event, path, opens=flags)
        elif event in _MOVES:
            for path in arguments[: _MOVES[event]][-1:]:
                self._passed(event, path)

    def _statement(self, statement: str) -> None:
        if statement.lstrip()[:6].upper() in ("COMMIT", "INSERT", "UPDATE", "DELETE", "CREATE"):
            self._passed("sqlite", self._folder)

    def _passed(self, event: str, path: Any, *, opens: int | None = None) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            text = str(Path.cwd() / os.fsdecode(path)) if not isinstance(path, int) else ""
            if text.startswith(self._folder) and self._count() == self._point:
                self._end(text, opens)
        finally:
            self._busy = False

    def _count(self) -> int:
        """Count one more, over all processes, and return its number."""
        fcntl.flock(self._counter, fcntl.LOCK_EX)
        try:
            os.write(self._counter, b".")
            return os.fstat(self._counter).st_size
        finally:
            fcntl.flock(self._counter, fcntl.LOCK_UN)

    def _end(self, path: str, opens: int | None) -> None:
        if not self._signal:
            self._held.touch()
            while self._held.exists():
                time.sleep(0.02)
            return
        killed = self._signal == signal.SIGKILL and os.getpid() == self._main
        if killed and opens is not None and Path(path).parent.is_dir():
            # A file that was opened and not written yet is what a kill can leave behind, too. A worker that reaches the
            # point is not killed there: it goes on until it notices that the command is gone.
            os.close(os.open(path, opens & ~os.O_EXCL, 0o644))
        self._held.with_suffix(".signalled").write_text(str(time.monotonic()))
        os.kill(self._main, self._signal)
