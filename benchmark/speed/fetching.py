"""How fast many small files are fetched from several hosts, beside the yt-dlp command line over the same list.

Two rounds, both on loopback: hosts that each answer after 200 ms, with many processes; hosts that answer at once, with
one process. Budgets and sleeps are off on both sides. Ours also hashes, probes and records each file.

Example: python -m benchmark.speed.fetching --files 300 --hosts 6
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from slateboard.media.encode import write_video

COLUMNS = "url,label,start,end,group,licence,effects,note\n"

_SERVER = """
import asyncio, sys
folder, delay, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])

async def answer(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode("latin-1")
            name = head.split(" ", 2)[1].rpartition("/")[2]
            body = open(f"{folder}/{name}", "rb").read()
            await asyncio.sleep(delay)
            head = b"HTTP/1.1 200 OK\\r\\nContent-Type: video/mp4\\r\\nContent-Length: %d\\r\\n\\r\\n"
            writer.write(head % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    ports = []
    for number in range(count):
        server = await asyncio.start_server(answer, f"127.0.0.{number + 1}", 0)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


# The processes that a fetch starts are children of a server, which nobody waits for: here they are, so that they count.
_WAITING = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)
code = subprocess.run(sys.argv[1:]).returncode
try:
    while True:
        os.waitpid(-1, 0)
except ChildProcessError:
    sys.exit(code)
"""


def main() -> None:
    """Time both rounds and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--hosts", type=int, default=6)
    parser.add_argument("--workers", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _draw(folder / "files", arguments.files)
        for delay, workers in ((0.2, arguments.workers), (0.0, 1)):
            for number in range(arguments.rounds):
                with _hosts(folder / "files", delay=delay, count=arguments.hosts) as hosts:
                    urls = [f"{hosts[n % len(hosts)]}/{n}.mp4" for n in range(arguments.files)]
                    line = _round(urls, folder / f"{delay:g}-{number}", workers=workers)
                head = f"{arguments.files} files, {arguments.hosts} hosts, answer after {1000 * delay:.0f} ms"
                print(f"{head}, {workers} at a time: {line}", flush=True)


def _round(urls: list[str], folder: Path, *, workers: int) -> str:
    """Fetch a list both ways and say how long each took."""
    theirs, theirs_cpu = _timed(lambda: _yt_dlp(urls, folder / "theirs"))
    ours, ours_cpu = _timed(lambda: _ours(urls, folder / "ours", workers=workers))
    # As a set of hashes: the names differ, but neither side may be quicker by fetching less.
    same = _hashes(folder / "theirs") == _hashes(folder / "ours" / "media")
    return (
        f"yt-dlp {theirs:.1f} s (CPU {theirs_cpu:.1f}), slateboard {ours:.1f} s (CPU {ours_cpu:.1f}), "
        f"ratio {theirs / ours:.2f} (CPU {theirs_cpu / ours_cpu:.2f}), {'same' if same else 'DIFFERENT'} files"
    )


def _draw(folder: Path, count: int) -> None:
    """Write small videos that all differ."""
    folder.mkdir()
    chance = np.random.default_rng(0)
    for number in range(count):
        pictures = [chance.integers(0, 255, (32, 48, 3), np.uint8) for _ in range(5)]
        write_video(folder / f"{number}.mp4", pictures, frame_rate_hz=15)


@contextmanager
def _hosts(folder: Path, *, delay: float, count: int) -> Iterator[list[str]]:
    words = [sys.executable, "-c", _SERVER, str(folder), str(delay), str(count)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ports = server.stdout.readline().split()
        try:
            yield [f"http://127.0.0.{number + 1}:{port}" for number, port in enumerate(ports)]
        finally:
            server.kill()


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return wall and CPU seconds of the processes that `work` starts and waits for."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _yt_dlp(urls: list[str], folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "list.txt").write_text("\n".join(urls), "utf-8")
    words = ["--ignore-config", "-q", "--no-progress", "--no-warnings", "--no-cache-dir", "-a", "list.txt"]
    subprocess.run([sys.executable, "-m", "yt_dlp", *words, "-o", "%(id)s.%(ext)s"], check=True, cwd=folder)


def _ours(urls: list[str], folder: Path, *, workers: int) -> None:
    folder.mkdir(parents=True)
    settings = {
        "workers": workers,
        "workers_per_host": workers,
        "per_hour": 0,
        "sleep_requests_seconds": 0,
        "sleep_interval_seconds": 0,
        "max_sleep_interval_seconds": 0,
    }
    lines = ["allow_private = true\n", *(f"{name} = {value}\n" for name, value in settings.items())]
    (folder / "slateboard.toml").write_text("[fetch]\n" + "".join(lines), "utf-8")
    (folder / "sources.csv").write_text(COLUMNS + "".join(f"{url},Squat,,,,,,\n" for url in urls), "utf-8")
    words = [sys.executable, "-m", "slateboard", "curate", "fetch", "-w", str(folder), "--json"]
    process = subprocess.run([sys.executable, "-c", _WAITING, *words], check=True, stdout=subprocess.PIPE, text=True)
    states = json.loads(process.stdout)["states"]
    if states != {"fetched": len(urls)}:
        raise SystemExit(f"not every file was fetched: {states}")


def _hashes(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.mp4")}


if __name__ == "__main__":
    main()
