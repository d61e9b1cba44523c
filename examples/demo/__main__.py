"""The demo, from nothing to a board: a script of public commands, safe to stop and to run again.

python -m examples.demo demo
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from examples.demo.render import render
from examples.demo.serve import serve
from examples.demo.sources import sources_csv
from slateboard.files import write_text
from slateboard.termination import stops_on_sigterm

SEED = 0
PORT = 8017
"""Wanted first; where it is taken another one is used, and kept for later runs in sources.csv."""

COMMANDS = (
    "curate fetch --retry network",
    "curate status",
    "curate analyse",
    "curate propose",
    "curate review --accept-all",
    "curate trim",
    "curate label --accept-all",
    "curate release",
    "split audit",
    "bench train chance hog_svm mei_two_stream c3d",
    "board build",
)


def main(folder: Path) -> int:
    """Run the whole demo in `folder`; return the exit code of the first command that fails, else 0."""
    began = time.monotonic()
    videos = render(folder / "raw", seed=SEED, workers=len(os.sched_getaffinity(0)))
    settings = (Path(__file__).parent / "slateboard.toml").read_text("utf-8")
    if not (folder / "slateboard.toml").exists():
        write_text(folder / "slateboard.toml", settings)
    with _site(folder) as base_url:
        if not (folder / "sources.csv").exists():
            write_text(folder / "sources.csv", sources_csv(videos, base_url=base_url))
        for command in COMMANDS:
            print(f"\n$ slateboard {command} -w {folder}", flush=True)
            words = [sys.executable, "-m", "slateboard", *shlex.split(command), "-w", str(folder)]
            code = _run(words)
            if code:
                return code
    print(f"\n{time.monotonic() - began:.0f} s. The page: {folder / 'board' / 'index.html'}")
    return 0


def _run(words: Sequence[str]) -> int:
    """Run a command and return its exit code; a SIGTERM meanwhile is the command's, which ends what it started."""
    with subprocess.Popen(words) as process:
        earlier = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        finally:
            process.kill()
            signal.signal(signal.SIGTERM, earlier)


def _site(folder: Path) -> AbstractContextManager[str]:
    """Serve the raw videos on the port that sources.csv names; on PORT or a free one where there is no list yet."""
    listed = folder / "sources.csv"
    if not listed.exists():
        return serve(folder / "raw", PORT if _is_free(PORT) else 0)
    port = urlsplit(listed.read_text("utf-8").splitlines()[1].partition(",")[0]).port or PORT
    if _is_free(port):
        return serve(folder / "raw", port)
    if (folder / "releases" / "v1" / "SHA256SUMS").exists():
        return nullcontext("")
    raise SystemExit(f"Port {port}, which {listed} names, is taken. Free it, or remove {folder}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


if __name__ == "__main__":
    with stops_on_sigterm():
        raise SystemExit(main(Path(sys.argv[1])))
