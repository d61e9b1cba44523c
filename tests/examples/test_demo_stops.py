"""SIGTERM ends the demo and all that it started: the command gets it, and what draws videos is ended."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from slateboard.steps.init import COLUMNS

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
"""Far below what the demo would take, far above what a loaded machine needs to end it."""
WITHOUT_VIDEOS = """
import runpy
import examples.demo.render as drawing
drawing.render = lambda *_, **__: []
runpy.run_module("examples.demo", run_name="__main__")
"""
SETTINGS = 'name = "stopped"\n[fetch]\nallow_private = true\n'


@contextmanager
def _started(*words: str | Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, *words]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=-1, stderr=-1, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _terminated(process: "subprocess.Popen[str]") -> str:
    """Send the signal and return what was written; all that it started holds its output open until it ends."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM, errors
    return errors


def test_the_command_that_runs_gets_sigterm_and_says_how_to_go_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (tmp_path / "slateboard.toml").write_text(SETTINGS)
        (tmp_path / "sources.csv").write_text(f"{COLUMNS}http://127.0.0.1:{port}/a.mp4,Class 0,,,,,,\n")
        # Where a release is there already, the demo serves no videos of its own on that port.
        sums = tmp_path / "releases" / "v1" / "SHA256SUMS"
        sums.parent.mkdir(parents=True)
        sums.touch()
        with _started("-c", WITHOUT_VIDEOS, tmp_path) as process:
            silent.settimeout(PATIENCE_SECONDS)
            asked, _ = silent.accept()
            with asked:
                assert "run the same command again to go on" in _terminated(process)


def test_processes_that_draw_videos_end_with_the_demo(tmp_path: Path) -> None:
    with _started("-m", "examples.demo", tmp_path) as process:
        assert process.stderr is not None
        # A process that draws has begun a file.
        while not list((tmp_path / "raw").rglob(".*")):
            assert process.poll() is None
            time.sleep(0.05)
        _terminated(process)
