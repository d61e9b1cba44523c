"""How long a decode pass takes beside PySceneDetect's command line, which finds cuts alone, and a bare decode.

Each contender is a process of its own, in turn on the same file, round after round; printed are the medians of the
ratios within a round, of whole processes and of the decoding part alone. Effect detectors are left out.

Example: python -m benchmark.speed.analysis ../shared/realdata --rounds 5
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from slateboard.media.edit import edit

HD = "nasa_rocket.mkv", "sports_titles.mp4"
"""Files of realdata/shots that are enlarged to 1280 x 720, 30 frames a second, and put one behind the other."""

# Strings, because the packages benchmark and curate import nothing of each other.
OURS = """
import sys, time
from pathlib import Path
import cv2
from curate.analysis.decode_pass import ANALYSERS, Job, analyse, wanted_of
from slateboard.media.probe import probe
cv2.setNumThreads(1)
path = Path(sys.argv[1])
wanted = {name: one for name, one in wanted_of({}).items() if name in ANALYSERS.names()}
started = time.perf_counter()
done = analyse(Job(path, probe(path, media_id="m" * 64, relative=path.name), wanted))
assert len(done.observations) == len(wanted), done.error
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
    with tempfile.TemporaryDirectory() as made:
        files = [_enlarged(folder, Path(made) / "720p.mp4")]
        if not arguments.hd_only:
            files += sorted(path for path in folder.iterdir() if path.suffix in (".mp4", ".mkv", ".webm"))
        print("ours over scenedetect (whole process), ours over bare decode (whole process; decoding part alone)")
        ratios = [_compared(path, arguments.rounds) for path in files]
    scenedetect, bare, inside = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"{'median of files':<22} {scenedetect:5.2f} {bare:5.2f} {inside:5.2f}")


def _enlarged(folder: Path, target: Path) -> Path:
    graph = "".join(f"[{number}:v]scale=1280:720,setsar=1,fps=30[p{number}];" for number in range(len(HD)))
    graph += "".join(f"[p{number}]" for number in range(len(HD))) + f"concat=n={len(HD)}:v=1[out]"
    first, *others = (folder / name for name in HD)
    edit(first, target, graph=graph, pictures=others)
    return target


def _compared(path: Path, rounds: int) -> tuple[float, float, float]:
    """Return the median ratios over all rounds: to scenedetect, to a bare decode, to its decoding part."""
    found = []
    for _ in range(rounds):
        ours, ours_inside = _timed([sys.executable, "-c", OURS, str(path)])
        cuts, _ = _timed([sys.executable, "-m", "scenedetect", "-i", str(path), "detect-adaptive"])
        bare, bare_inside = _timed([sys.executable, "-c", BARE, str(path)])
        found.append((ours / cuts, ours / bare, ours_inside / bare_inside, ours, cuts, bare))
    medians = [statistics.median(column) for column in zip(*found, strict=True)]
    seconds = f"({medians[3]:.2f} s, {medians[4]:.2f} s, {medians[5]:.2f} s)"
    print(f"{path.name:<22} {medians[0]:5.2f} {medians[1]:5.2f} {medians[2]:5.2f}  {seconds}", flush=True)
    return medians[0], medians[1], medians[2]


def _timed(command: Sequence[str]) -> tuple[float, float]:
    """Return the wall seconds of a process, and those it printed last; 0 where that is no number."""
    started = time.perf_counter()
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    seconds = time.perf_counter() - started
    try:
        return seconds, float(told[-1])
    except (IndexError, ValueError):
        return seconds, 0.0


if __name__ == "__main__":
    main()
