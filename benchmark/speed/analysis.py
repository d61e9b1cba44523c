"""How long a decode pass takes beside PySceneDetect's command line, which finds cuts alone, and a bare decode.

Each contender is a process of its own, in turn on the same file, round after round; printed are the medians of the
ratios within a round, of whole processes and of the decoding part alone. Effect detectors are left out.

Compared are: the pass as `slateboard curate analyse` runs it on one file - shots, fingerprints, quality, camera,
thumbnails, times and the hash of all pixels, decoded by one thread -, `scenedetect -i FILE detect-adaptive` as it
comes, and a loop over `container.decode(video=0)` with PyAV's own setting of threads (slices, as many as cores; x264
writes one slice a frame, so that one core decodes). Starting Python and loading libraries counts in whole processes.
CPU seconds, of all threads, say more than time where other work runs on the machine: they are printed beside it.

The last line is the folder as a whole: `slateboard curate analyse` once, effects and near-duplicates included, beside
one `scenedetect` a file.

Example: python -m benchmark.speed.analysis ../shared/realdata --rounds 5
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slateboard.files import csv_text
from slateboard.media.edit import edit

HD = "nasa_rocket.mkv", "sports_titles.mp4"
"""Files of realdata/shots that are enlarged to 1280 x 720, 30 frames a second, and put one behind the other."""

# Strings, because the packages benchmark and curate import nothing of each other.
OURS = """
import sys, time
from pathlib import Path
import cv2
from curate.analysis.decode_pass import ANALYSERS, DecodeJob, analyse, current_versions
from slateboard.media.probe import probe
cv2.setNumThreads(1)
path = Path(sys.argv[1])
versions = {name: version for name, version in current_versions({}).items() if name in ANALYSERS.names()}
started = time.perf_counter()
result = analyse(DecodeJob(path, probe(path, media_id="m" * 64, relative=path.name), versions))
assert len(result.observations) == len(versions), result.error
print(time.perf_counter() - started)
"""
BARE = """
import sys, time
import av
started = time.perf_counter()
with av.open(sys.argv[1]) as container:
    for frame in container.decode(video=0):
        pass
print(time.perf_counter() - started)
"""


def main() -> None:
    """Print a line a file, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("realdata", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hd-only", action="store_true", help="Only the 720p material.")
    arguments = parser.parse_args()
    folder = arguments.realdata / "shots"
    with tempfile.TemporaryDirectory() as scratch:
        files = [_enlarge(folder, Path(scratch) / "720p.mp4")]
        if not arguments.hd_only:
            files += _videos(folder)
        print("ours over scenedetect (whole process), ours over bare decode (whole process; decoding part alone);")
        print("the first two in CPU seconds; in brackets seconds and CPU seconds of ours, scenedetect, bare decode")
        ratios = [_compare(path, arguments.rounds) for path in files]
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(f"{'median of files':<22} {_columns(medians)}")
    if not arguments.hd_only:
        _folder(_videos(folder), arguments.rounds)


def _videos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".mp4", ".mkv", ".webm"))


def _folder(files: Sequence[Path], rounds: int) -> None:
    """Print how long all files take as one command of ours, over one of scenedetect for each."""
    rounds_measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            rows = [{"url": str(path.resolve()), "label": "Any"} for path in files]
            (root / "slateboard.toml").write_text('name = "speed"\n', "utf-8")
            (root / "sources.csv").write_text(csv_text(rows, ("url", "label")), "utf-8")
            words = [sys.executable, "-m", "slateboard", "curate"]
            _time([*words, "fetch", "--allow-local", "-w", name, "--quiet"])
            ours = _time([*words, "analyse", "-w", name, "--quiet"]).wall
        cuts = sum(
            _time([sys.executable, "-m", "scenedetect", "-i", str(path), "detect-adaptive"]).wall for path in files
        )
        rounds_measured.append((ours / cuts, ours, cuts))
    ratio, ours, cuts = (statistics.median(column) for column in zip(*rounds_measured, strict=True))
    print(f"{len(files)} files, one command: {ratio:.2f} ({ours:.1f} s, {cuts:.1f} s)")


def _enlarge(folder: Path, target: Path) -> Path:
    graph = "".join(f"[{number}:v]scale=1280:720,setsar=1,fps=30[p{number}];" for number in range(len(HD)))
    graph += "".join(f"[p{number}]" for number in range(len(HD))) + f"concat=n={len(HD)}:v=1[out]"
    base, *following = (folder / name for name in HD)
    edit(base, target, graph=graph, videos=following)
    return target


def _compare(path: Path, rounds: int) -> list[float]:
    """Return the median ratios over all rounds: to scenedetect, bare decode, its decoding part; two of CPU seconds."""
    rounds_measured = []
    for _ in range(rounds):
        ours = _time([sys.executable, "-c", OURS, str(path)])
        cuts = _time([sys.executable, "-m", "scenedetect", "-i", str(path), "detect-adaptive"])
        bare = _time([sys.executable, "-c", BARE, str(path)])
        # Ratios within a round, then their median: other work on the machine slows what runs next to each other alike,
        # and a ratio of medians would mix rounds.
        walls = ours.wall / cuts.wall, ours.wall / bare.wall, ours.inside / bare.inside
        ran = [seconds for run in (ours, cuts, bare) for seconds in (run.wall, run.cpu)]
        rounds_measured.append((*walls, ours.cpu / cuts.cpu, ours.cpu / bare.cpu, *ran))
    medians = [statistics.median(column) for column in zip(*rounds_measured, strict=True)]
    seconds = ", ".join(f"{wall:.2f} {cpu:.2f}" for wall, cpu in zip(medians[5::2], medians[6::2], strict=True))
    print(f"{path.name:<22} {_columns(medians[:5])}  ({seconds})", flush=True)
    return medians[:5]


def _columns(ratios: Sequence[float]) -> str:
    return " ".join(f"{ratio:5.2f}" for ratio in ratios)


@dataclass(frozen=True)
class _Run:
    """What one process took, in seconds."""

    wall: float
    cpu: float
    """Of all its threads, user and system."""
    inside: float
    """What it printed last: its decoding part by the clock; 0 where that is no number."""


def _time(command: Sequence[str]) -> _Run:
    # RUSAGE_CHILDREN holds what children used that have ended: the difference is this one's, as no other runs.
    before, started = _cpu(), time.perf_counter()
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    wall, cpu = time.perf_counter() - started, _cpu() - before
    try:
        return _Run(wall, cpu, float(printed[-1]))
    except (IndexError, ValueError):
        return _Run(wall, cpu, 0.0)


def _cpu() -> float:
    """Return the CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
