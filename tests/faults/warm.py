"""Commands in processes that have everything imported: a warm parent forks one for each, kills it and sees it end.

Starting Python with torch takes seconds, and the thirty kills of each command are to fall into its work.
"""

import atexit
import ctypes
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from faults import points

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
_USED = (
    *("typer.main", "skops.io", "pebble", "alembic.command", "alembic.config"),
    *("benchmark.steps.store.build", "benchmark.steps.suite", "benchmark.steps.train", "leaderboards.steps.build"),
    *("curate.steps.import_", "curate.steps.rebuild", "splits.steps.make"),
    *(
        "curate.steps.fetch",
        "curate.steps.analyse",
        "curate.steps.trim",
        "curate.steps.release",
        "curate.steps.takedown",
    ),
)
LINGER_SECONDS = 10.0
"""A loaded machine may need so long to bury processes that end at once on a quiet one."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    """Exit code; -9 and -15 for signals."""
    text: str
    """What it wrote."""
    operations: int
    """Of files, by it and all that it started."""
    outliving: tuple[int, ...]
    """Processes that it started and that live on."""
    seconds: float | None
    """From its signal to the end of the last of them."""


class Warm:
    """The warm parent as tests see it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        point: int = 0,
        number: int = 0,
        patches: Sequence[str] = (),
        spawned: bool = False,
    ) -> None:
        """Start a command on a folder; at its file operation `point` it gets the signal `number`, or is held by 0.

        `patches` are lines of Python that are run before the command, in its process. `spawned`: its workers are fresh
        interpreters, as they are for users, and not forked.
        """
        self._files = f"{folder}.{self._process.pid}"
        order = {
            "words": [*words], "folder": str(folder), "files": self._files,
            "point": point, "number": number, "patches": [*patches], "spawned": spawned,
        }  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def finish(self) -> Ended:
        """Wait for the end of the command."""
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        return Ended(**{**said, "outliving": tuple(said["outliving"])})

    def run(self, words: Sequence[str], folder: Path, *, patches: Sequence[str] = ()) -> Ended:
        """Start a command and wait for its end."""
        self.start(words, folder, patches=patches)
        return self.finish()

    @property
    def log(self) -> str:
        """What the command has written so far."""
        log = Path(f"{self._files}.log")
        return log.read_text("utf-8", "replace") if log.exists() else ""

    @property
    def is_held(self) -> bool:
        """Has the command come to its point?"""
        return Path(f"{self._files}.held").exists()

    def go_on(self) -> None:
        """Let a command go on that is held."""
        Path(f"{self._files}.held").unlink()


@contextmanager
def warmed() -> Iterator[Warm]:
    """Start the warm parent."""
    paths = [str(HERE / "startup"), str(ROOT), str(ROOT / "tests")]
    quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **quiet, "PYTHONPATH": os.pathsep.join(paths)}
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    try:
        yield Warm(process)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _parent() -> int | None:
    """Fork a child for each order; return the exit code in a child, None in the parent when there is no more."""
    for line in sys.stdin:
        order = json.loads(line)
        log, counter = Path(f"{order['files']}.log"), Path(f"{order['files']}.points")
        counter.write_bytes(b"")
        Path(f"{order['files']}.signalled").unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            return _child(order, log, counter)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        outliving, at = _outliving(), Path(f"{order['files']}.signalled")
        said = {
            "code": code,
            "text": log.read_text("utf-8", "replace"),
            "operations": counter.stat().st_size,
            "outliving": outliving,
            "seconds": time.monotonic() - float(at.read_text()) if at.exists() else None,
        }
        print(json.dumps(said), flush=True)
    return None


def _child(order: Mapping[str, Any], log: Path, counter: Path) -> int:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    said = {
        "folder": order["folder"], "counter": str(counter), "held": f"{order['files']}.held", "main": os.getpid(),
        "point": order["point"], "number": order["number"],
    }  # fmt: skip
    os.environ[points.VARIABLE] = json.dumps(said)
    points.install()
    from slateboard.cli import main

    if not order["spawned"]:
        _fork_workers()
    for line in order["patches"]:
        exec(line)
    return main(order["words"])


def _fork_workers() -> None:
    """Let workers of the command be forked from it, so that they have everything imported, too."""
    from curate.fetching import crawl
    from slateboard.workers.local import LocalPool

    forking = multiprocessing.get_context("fork")
    assert LocalPool.__init__.__kwdefaults__ is not None
    LocalPool.__init__.__kwdefaults__["context"] = forking
    crawl._context = lambda *, web: forking


def _outliving() -> list[int]:
    """Wait for the processes that a command started, and return those that do not end."""
    end = time.monotonic() + LINGER_SECONDS
    while (outliving := _descendants()) and time.monotonic() < end:
        time.sleep(0.02)
    for process in outliving:
        os.kill(process, signal.SIGKILL)
    return outliving


def _descendants() -> list[int]:
    """Return the living processes below this one, which adopts those that have lost their parent."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
            if words[0] != "Z":
                parents[int(entry.parent.name)] = int(words[1])
    below = {os.getpid()}
    while more := {process for process, parent in parents.items() if parent in below} - below:
        below |= more
    return sorted(below - {os.getpid()})


def draw_spots() -> None:
    """Draw figures as a grey spot: the time is to go into the files, not into letters."""
    from matplotlib.figure import Figure
    from PIL import Image

    spot = Image.new("RGB", (4, 4))
    Figure.savefig = lambda _, file, **how: spot.save(file, "PNG")  # type: ignore[method-assign]


def _load() -> None:
    # Not by tests, which import this file as well.
    from benchmark.baseline_registry import BASELINES

    for name in _USED:
        import_module(name)
    for name in ("chance", "c3d", "hog_svm"):
        BASELINES.load(name)


_SET_CHILD_SUBREAPER = 36

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    _load()
    ended = _parent()
    if ended is not None:
        # What is registered for the end is done, but the modules, which are the parent's, are not taken apart.
        atexit._run_exitfuncs()
        os._exit(ended)
