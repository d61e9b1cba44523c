"""One process writes to a workspace; the others are told who."""

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
from slateboard.errors import Held


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` for the block; the system lets go of it when the process dies."""
    lock = FileLock(path, timeout=0)
    holder = path.with_suffix(".holder.json")
    try:
        lock.acquire()
    except Timeout:
        raise Held(f"{path.parent} is in use by {_who(holder)}. Wait for it, or stop it.") from None
    try:
        holder.write_text(
            json.dumps(
                {
                    "process": os.getpid(),
                    "host": socket.gethostname(),
                    "user": user_name(),
                    "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            ),
            "utf-8",
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text("utf-8"))
        return "`{command}` (process {process} of {user} on {host}, since {since})".format(**facts)
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
