"""Whether memory stays flat over an epoch of 10,000 clips, for each form in which frames are read.

Two sorts of memory are counted every few hundred clips by what Linux says of this process: RSS, all pages that it has
in memory; and anonymous pages, which are its own and no copy of a file's. A line is fitted to what follows the first
`--settle` clips, in which buffers reach their size; printed is its slope in kilobytes a thousand clips with the
interval of 95 % (ordinary least squares; neighbouring counts depend on each other, so it is rather wider in truth).

Example: python -m benchmark.speed.memory --clips 10000
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark.frames.live import LIVE
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.inputs.clips import clips_of
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import epoch_batches
from benchmark.speed.feeding import c3d
from benchmark.speed.footage import draw_footage, frames_in
from slateboard.dataset import Dataset
from slateboard.progress import be_quiet, progress

FORMS = (PLANES, VIDEO, LIVE)
_BATCH = 20
_T_95 = 2.16
"""Student's t for 95 % and 13 degrees of freedom: a line through 15 counts, 7,500 clips counted every 500."""


@dataclass(frozen=True)
class Count:
    """Memory of this process after so many clips, in kilobytes of 1,024 bytes."""

    clips: int
    rss: int
    anonymous: int


def count_memory(clips: int) -> Count:
    """Return the memory of this process now, by /proc (Linux only)."""
    # Lines as `Rss:     687104 kB`; the first line is the range of addresses, without a number of kB.
    kilobytes = {}
    for line in Path("/proc/self/smaps_rollup").read_text("utf-8").splitlines()[1:]:
        name, _, value = line.partition(":")
        kilobytes[name] = int(value.split()[0])
    return Count(clips, kilobytes["Rss"], kilobytes["Anonymous"])


def epoch(dataset: Dataset, form: str, stores: Path, *, views: int, every: int, threads: int) -> Iterator[Count]:
    """Read an epoch of `views` clips as training does; yield a count at the start and every so many clips."""
    stream = c3d(batch=_BATCH)
    frames = frames_in(form, stores, dataset, stream.geometry)
    ids = sorted(dataset.clips["clip_id"])
    clips = clips_of(dataset, [ids[number % len(ids)] for number in range(views)], frames)
    assert stream.recipe is not None
    batches = epoch_batches(stream, clips, stream.recipe, seed=0, epoch=0)
    clips_read = 0
    yield count_memory(clips_read)
    with progress(f"an epoch from {form}", len(clips.ids), unit="clips") as bar:
        for batch in prefetched_batches(stream, clips, batches, device="cpu", threads=threads):
            before, clips_read = clips_read, clips_read + len(batch.samples)
            bar.step(len(batch.samples))
            if before // every != clips_read // every:
                yield count_memory(clips_read)


def slope(counts: Sequence[Count], name: str) -> tuple[float, float]:
    """Return the growth of a sort of memory in kilobytes a thousand clips, and half the width of its interval."""
    # Ordinary least squares of y = a + b x: b = sum dx y / sum dx^2 with dx = x - mean x, and its standard error
    # sqrt(sum r^2 / (n - 2) / sum dx^2) from the residuals r; half the interval is t times that.
    clips = np.array([count.clips for count in counts]) / 1000
    values = np.array([getattr(count, name) for count in counts], float)
    away = clips - clips.mean()
    growth = float(away @ values / (away @ away))
    residuals = values - values.mean() - growth * away
    error = np.sqrt(float(residuals @ residuals) / max(len(counts) - 2, 1) / float(away @ away))
    return growth, float(_T_95 * error)


def main() -> None:
    """Read an epoch from each form, in a process of its own, and print what memory did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=10_000, help="In the epoch.")
    parser.add_argument("--distinct", type=int, default=60, help="Videos to draw; an epoch has each of them often.")
    parser.add_argument("--frames", type=int, default=60, help="Of each clip.")
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=FORMS)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--settle", type=int, default=2500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    be_quiet(True)
    if arguments.one:
        torch.set_num_threads(1)
        _measure(arguments, arguments.forms[0], arguments.one)
        return
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        dataset = _footage(arguments, root)
        print(f"{arguments.clips} clips, {arguments.distinct} of them distinct; MB of RSS, anonymous", flush=True)
        for form in arguments.forms:
            # Built here, so that memory that building takes is not counted.
            frames_in(form, root, dataset, c3d(batch=_BATCH).geometry)
            command = [sys.executable, "-m", "benchmark.speed.memory", *sys.argv[1:], "--forms", form, "--one", scratch]
            subprocess.run(command, check=True)


def _footage(arguments: argparse.Namespace, root: Path) -> Dataset:
    return draw_footage(root / "videos", clips=arguments.distinct, frames=arguments.frames)


def _measure(arguments: argparse.Namespace, form: str, root: Path) -> None:
    dataset, views, threads = _footage(arguments, root), arguments.clips, arguments.threads
    counts = list(epoch(dataset, form, root, views=views, every=arguments.every, threads=threads))
    print(
        f"{form}: "
        + "  ".join(f"{count.clips}: {count.rss / 1024:.0f} {count.anonymous / 1024:.0f}" for count in counts)
    )
    # Buffers reach their size in the first clips; an epoch ten times as long would not repeat that growth.
    later = [count for count in counts if count.clips >= arguments.settle]
    for name in ("rss", "anonymous"):
        growth, half = slope(later, name)
        print(f"  {name} from {later[0].clips} clips on: {growth:+.1f} +- {half:.1f} kB a thousand clips", flush=True)


if __name__ == "__main__":
    main()
