"""Worker processes: waiting with a limit, a server that they are forked from, and one that cannot be ended."""

import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hard_items import spin, square

from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_waiting_ends_with_its_time_and_the_item_goes_on(tmp_path: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with LocalPool(spin, 1, budget=Budget(wall_seconds=3), isolated=False, context=context) as pool:
        pool.submit(7, str(tmp_path / "note"))
        assert pool.poll(0.01) is None
        ended = pool.poll(None)
    assert ended is not None and (ended[0], "3 s" in str(ended[1])) == (7, True)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_results_are_the_same_however_processes_are_started(method: str) -> None:
    context = multiprocessing.get_context(method)
    with LocalPool(square, 2, budget=Budget(), isolated=False, context=context) as pool:
        for number in (2, 3):
            pool.submit(number, number)
        assert sorted(pool.next() for _ in range(2)) == [(2, 4), (3, 9)]


UNKILLABLE = """
import multiprocessing, os, sys
from hard_items import spin
from slateboard.workers import local
from slateboard.workers.local import LocalPool
from slateboard.workers.outcome import Budget

if __name__ == "__main__":
    # As where a process waits for a network file system that is gone: no signal reaches it.
    local._STUCK_SECONDS = 1
    os.killpg = lambda *_: None
    multiprocessing.context.SpawnProcess.kill = lambda _: None
    multiprocessing.context.SpawnProcess.terminate = lambda _: None
    from multiprocessing import popen_spawn_posix
    popen_spawn_posix.Popen._send_signal = lambda *_: None
    with LocalPool(spin, 1, budget=Budget(wall_seconds=1), isolated=False) as pool:
        pool.submit(0, sys.argv[1])
        print(pool.next()[1].code)
"""


def test_a_process_that_cannot_be_ended_does_not_keep_the_program(tmp_path: Path) -> None:
    script, note = tmp_path / "unkillable.py", tmp_path / "note"
    script.write_text(UNKILLABLE)
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    program = subprocess.Popen(
        [sys.executable, script, note], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        words, _ = program.communicate(timeout=60)
        assert (program.returncode, words) == (0, "timeout\n")
    finally:
        program.kill()
        with suppress(ProcessLookupError):
            os.kill(int(note.read_text()), signal.SIGKILL)
