"""End a command and all processes that it started within two seconds of SIGTERM."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a command that was told to stop, as shells and schedulers have it."""
_GRACE_SECONDS = 1.5
"""Time to leave `with` blocks in; a call that does not come back by then (a decoder, a solver) is cut off."""


@contextmanager
def stops_on_sigterm() -> Iterator[None]:
    """Let SIGTERM kill every child process and raise SystemExit in the block; outside the main thread do nothing.

    Python calls handlers of signals between two of its own instructions only. So a thread waits for the signal too,
    and ends the process where the main thread is inside a long call.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # set_wakeup_fd: at any signal CPython's C handler writes its number into the pipe at once, also while the main
    # thread is inside a C call, where the Python handler `stop` has to wait. The thread reads the pipe.
    stop = _Stop()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    earlier, woken = signal.signal(signal.SIGTERM, stop), signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_kill_when_overdue, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGTERM, earlier)
        os.close(writer)
        if stop.received:
            # Pools replace workers that die, and what waits for them fails in its own way.
            kill_children()
            raise SystemExit(TERMINATED)


class _Stop:
    """Handler of SIGTERM in the main thread: kill the children and raise SystemExit."""

    received = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.received = True
        kill_children()
        raise SystemExit(TERMINATED)


def _reset_after_fork() -> None:
    """Restore SIGTERM's default in a forked child, which would share the wake-up pipe with its parent."""
    if isinstance(signal.getsignal(signal.SIGTERM), _Stop):
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _kill_when_overdue(reader: int) -> None:
    """End the process some time after SIGTERM; return when the block of `stops_on_sigterm` has ended without it."""
    while number := os.read(reader, 1):
        if number[0] == signal.SIGTERM:
            time.sleep(_GRACE_SECONDS)
            kill_children()
            os._exit(TERMINATED)
    os.close(reader)


def kill_children() -> None:
    """Kill every process below this one, the youngest generation first; needs /proc."""
    for process in reversed(_descendants(os.getpid())):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def group_lives(group: int) -> bool:
    """Return whether a process of a group runs; one that has ended and waits to be reaped does not."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return any(process.group == group and process.state not in "ZX" for process in _processes())


def _descendants(process: int) -> list[int]:
    """Return the processes below one, each behind its parent; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in _processes():
        children.setdefault(entry.parent, []).append(entry.number)
    # Breadth first: 1 -> [1], children 2 3 -> [1 2 3], child 4 of 2 -> [1 2 3 4]; killed from the end, so that nobody
    # is left to start a child anew.
    below, reached = [process], 0
    while reached < len(below):
        below += children.get(below[reached], [])
        reached += 1
    return below[1:]


class _Process(NamedTuple):
    """One process as /proc describes it."""

    number: int
    state: str
    parent: int
    group: int


def _processes() -> Iterator[_Process]:
    """Yield the processes of this machine; none where there is no /proc."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            # The name, in brackets, may hold spaces and brackets.
            state, parent, group = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            yield _Process(int(entry.parent.name), state, int(parent), int(group))
