"""kill -9 at thirty moments of fetch, analysis, trim and release: the end is that of an uninterrupted run."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from drawing import card, moving

from slateboard.catalog.catalog import open_catalog
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

ROOT = Path(__file__).parents[2]
KILLS = {"fetch": 8, "analyse": 8, "propose": 0, "review --accept-all": 0, "trim": 8, "label": 0, "release": 6}
SETTINGS = """
name = "killed"
[fetch]
workers = 1
backoff_seconds = 0
sleep_requests_seconds = 0
allow_private = true
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
"""


class _Slow(SimpleHTTPRequestHandler):
    """Sends a file in pieces, so that a kill finds it half there; takes up where a download broke off."""

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""

    def copyfile(self, source: object, outputfile: object) -> None:
        while piece := source.read(4096):  # type: ignore[attr-defined]
            outputfile.write(piece)  # type: ignore[attr-defined]
            time.sleep(0.004)


@pytest.fixture
def host(tmp_path: Path, draw: Callable[..., Path]) -> Iterator[str]:
    """A slow loopback host of twelve small videos."""
    for number in range(12):
        draw(f"{number}.mp4", [*card(8), *moving(40, seed=number)])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Slow, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _begin(folder: Path, host: str) -> Workspace:
    folder.mkdir()
    (folder / "slateboard.toml").write_text(SETTINGS)
    rows = [f"{host}/{number}.mp4,Class {number % 2},,,uploader{number // 2},,none,\n" for number in range(12)]
    (folder / "sources.csv").write_text(COLUMNS + "".join(rows) + f"{host}/missing.mp4,Class 0,,,,,,\n")
    return Workspace(folder)


def _words(workspace: Workspace, step: str) -> list[str]:
    return [sys.executable, "-m", "slateboard", "curate", *step.split(), "-w", str(workspace.root), "--quiet"]


def _end(workspace: Workspace) -> dict[str, object]:
    """What an interruption must not change; attempts and their times may differ."""
    with open_catalog(workspace.catalog) as catalog:
        sources = [(source.url, source.state, source.media_id) for source in catalog.sources()]
        media = [item.row() for item in catalog.media()]
        clips = [clip.row() for clip in catalog.clips()]
    left = [path for path in workspace.root.rglob("*") if ".part" in path.name or path.name == ".incoming"]
    sums = (workspace.releases / "v1" / "SHA256SUMS").read_text()
    return {"sources": sources, "media": media, "clips": clips, "sums": sums, "left": left}


@pytest.mark.timeout(900)
def test_killed_thirty_times_it_ends_as_if_never_interrupted(tmp_path: Path, host: str) -> None:
    whole, hurt = _begin(tmp_path / "whole", host), _begin(tmp_path / "hurt", host)
    chance = random.Random(11)
    for step, kills in KILLS.items():
        started = time.monotonic()
        subprocess.run(_words(whole, step), cwd=ROOT, check=True)
        seconds = time.monotonic() - started
        killed = 0
        while killed < kills:
            if _killed(hurt, step, after=chance.uniform(0.2, 0.95) * seconds):
                killed += 1
            else:
                # It was through before: what is left takes less and less time.
                seconds *= 0.8
        subprocess.run(_words(hurt, step), cwd=ROOT, check=True)
    assert _end(hurt) == _end(whole)


def _killed(workspace: Workspace, step: str, *, after: float) -> bool:
    """Start a step and kill it `after` seconds; a step that was through by then is undone, and counts for nothing."""
    before = workspace.root.with_name("before")
    shutil.rmtree(before, ignore_errors=True)
    shutil.copytree(workspace.root, before)
    process = subprocess.Popen(_words(workspace, step), cwd=ROOT, start_new_session=True)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Workers of a killed command may take a moment to notice.
        time.sleep(0.2)
        return True
    shutil.rmtree(workspace.root)
    before.rename(workspace.root)
    return False
