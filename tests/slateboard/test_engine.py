"""Work in processes: results in order, whatever the number of workers; workers end with their parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slateboard import engine


def _square(number: int) -> int:
    return number * number


def _fail(number: int) -> int:
    raise ValueError(f"no {number}")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(engine.run(_square, range(5), workers=workers)) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="no 1"):
        list(engine.run(_fail, [1, 2], workers=workers))


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        "import os, sys, time\nfrom slateboard import engine\n"
        "def work(path):\n    open(path, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
        "if __name__ == '__main__':\n    list(engine.run(work, sys.argv[1:], workers=2))\n"
    )
    notes = [tmp_path / "one", tmp_path / "two"]
    parent = subprocess.Popen([sys.executable, str(script), *map(str, notes)], env={**os.environ, "PYTHONPATH": "."})
    _wait(lambda: all(note.exists() and note.read_text() for note in notes))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait(lambda: not any(Path(f"/proc/{note.read_text()}").exists() for note in notes))


def _wait(done: object) -> None:
    until = time.monotonic() + 60
    while not done():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.1)
