"""Items that do to their worker what odd videos do: functions that processes can import by name."""

import ctypes
import errno
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from slateboard import engine
from slateboard.errors import MissingRequirement, SlateboardError


def square(number: int) -> int:
    return number * number


def do(item: str) -> str:
    """Do what the item says."""
    name, _, rest = item.partition(" ")
    if name == "raise":
        raise ValueError(f"no {rest}")
    if name == "say":
        raise SlateboardError(rest)
    if name == "signal":
        os.kill(os.getpid(), int(rest))
    if name == "exit":
        os._exit(int(rest))
    if name == "divide":
        # In machine code, as a codec does it: no exception, but SIGFPE.
        ctypes.CDLL(None).div(1, 0)
    if name == "loop":
        while True:
            pass
    if name == "allocate":
        return str(np.ones(int(rest), np.uint8).sum())
    if name == "closure":
        return lambda: rest  # type: ignore[return-value]
    if name == "errno":
        raise OSError(getattr(errno, rest), os.strerror(getattr(errno, rest)))
    if name == "wrapped":
        try:
            raise OSError(getattr(errno, rest), os.strerror(getattr(errno, rest)))
        except OSError as error:
            raise SlateboardError("it could not be written") from error
    if name == "missing":
        raise MissingRequirement(f"install {rest}")
    if name == "leave":
        raise SystemExit(3)
    return item


def do_each(items: str) -> str:
    """Do several items, one after the other."""
    return ",".join(do(item) for item in items.split(","))


def count_tries(item: tuple[str, int]) -> str:
    """Die so many times, each try counted in a file of the item's own."""
    note, deaths = Path(item[0]), item[1]
    tries = int(note.read_text()) if note.exists() else 0
    note.write_text(str(tries + 1))
    if tries < deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def wait_with_a_child(note: str) -> None:
    """Start a program as ffmpeg is started, write down both process ids, and never end."""
    with subprocess.Popen(["sleep", "1000"]) as child:
        Path(note).with_suffix(".part").write_text(f"{os.getpid()} {child.pid}")
        Path(note).with_suffix(".part").rename(note)
        child.wait()


def large_square(item: tuple[str, int]) -> tuple[int, bytes]:
    """Write down that the item was done, and return what is too large to be sent along with the news."""
    folder, number = item
    time.sleep(0.2)
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    return number * number, bytes(3_000_000)


def wait_for_go(item: tuple[str, int]) -> None:
    """Write down that the item has begun, and wait for a sign in the folder."""
    folder, number = item
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.05)


def spin(note: str) -> None:
    """Write down the process id and never end, busy."""
    Path(note).write_text(str(os.getpid()))
    while True:
        pass


def with_workers(number: int) -> list[Any]:
    """Ask processes of its own for squares; 3 dies."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(number == 0)
    return [os.getpid(), sorted(found for _, found in engine.run(square, [number, 1], workers=2))]


def do_or_wait(item: str) -> str:
    """Return at once where all is well, else never."""
    if item != "well":
        wait_with_a_child(item)
    return item


KEPT: list[bytes] = []


def hoard(_: int) -> int:
    """Take memory and never give it back, as a library that leaks."""
    KEPT.append(bytes(300_000_000))
    return len(KEPT[-1])
