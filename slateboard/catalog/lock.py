"""The lock of a workspace: one process writes to it at a time, and others get an error that names that process."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from slateboard.catalog.person import user_name
from slateboard.errors import WorkspaceLocked
from slateboard.unwritable import raises_unwritable


@contextmanager
def lock_workspace(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` for the block; the system lets go of it when the process dies."""
    lock = FileLock(path, timeout=0)
    holder = path.with_suffix(".holder.json")
    with raises_unwritable(path.parent):
        try:
            lock.acquire()
            held_by_other = False
        except Timeout:
            held_by_other = True
    if held_by_other:
        raise WorkspaceLocked(f"{path.parent} is in use by {_holder_sentence(holder)}. Wait for it, or stop it.")
    try:
        with raises_unwritable(path.parent):
            holder.write_text(_holder_record(), "utf-8")
        yield
    finally:
        # The note first: the next holder writes its own as soon as the lock is free.
        holder.unlink(missing_ok=True)
        lock.release()


def _holder_record() -> str:
    """Return this process as JSON, for the message that other processes give."""
    return json.dumps(
        {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "user": user_name(),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )


def _holder_sentence(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text("utf-8"))
        return "`{command}` (process {process} of {user} on {host}, since {since})".format(**facts)
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
