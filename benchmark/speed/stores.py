"""What frame stores cost and give: bytes a frame, nearness to the decoded pictures, and random reads, in one run.

A read is 16 consecutive frames at a random place of a random clip, whole pictures with the shorter side at 128 pixels,
by one thread; the same reads for each form and for readers of the source files, in rounds, each in turn. Seconds are of
CPU, which other work on the machine touches less than the clock; the median of the rounds is printed, with the lowest
and the highest. Readers of the source give RGB pictures, as their users have them; stores give I420 planes, which cost
`Pictures.rgb` besides.

Example: python -m benchmark.speed.stores ../shared/realdata/ucf101 ../shared/realdata/jhmdb8
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Frames, Indices
from benchmark.frames.geometry import Box, Geometry
from benchmark.frames.live import live
from benchmark.frames.open_frames import open_store
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.shard_writer import FORMS
from benchmark.frames.video_store import VideoStore
from benchmark.speed.footage import of_folder
from benchmark.speed.readers import readers
from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.progress import be_quiet

GEOMETRY = Geometry(128, "whole")
LENGTH = 16

Read = tuple[str, Indices]


def main() -> None:
    """Print a block a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="Videos as <folder>/<class>/<file>.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reads", type=int, default=300, help="Reads of a round.")
    arguments = parser.parse_args()
    be_quiet(True)
    torch.set_num_threads(1)
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory() as name:
            _measure(of_folder(folder, name=folder.name), Path(name), rounds=arguments.rounds, count=arguments.reads)


def _measure(dataset: Dataset, stores: Path, *, rounds: int, count: int) -> None:
    sizes = [(dataset.root / path).stat().st_size for path in dataset.clips["path"]]
    forms: dict[str, PlaneStore | VideoStore] = {}
    print(f"{dataset.name}: {len(sizes)} clips")
    for form in FORMS:
        started = time.process_time()
        forms[form] = store = open_store(stores, dataset, GEOMETRY, form=form, place=engine.Place(1))
        seconds = time.process_time() - started
        frames = int(store.shards.index["frames"].sum())
        line = f"{store.shards.size / frames:.0f} bytes a frame, {store.shards.size / sum(sizes):.2f} x the source"
        print(f"  {form}: {line}; built at {frames / seconds:.0f} frames/s of CPU")
    planes, video = forms["planes"], forms["video"]
    print(
        f"  source: {sum(sizes) / frames:.0f} bytes a frame; video against planes: {_psnr(planes, video):.1f} dB luma"
    )
    sides: dict[str, Callable[[Read], object]] = {name: _of(store) for name, store in forms.items()}
    sides["planes, RGB"] = _rgb_of(planes)
    sides["video, RGB"] = _rgb_of(video)
    sides["live"] = _of(live(stores, dataset, GEOMETRY, place=engine.Place(1)))
    paths = {clip_id: dataset.root / path for clip_id, path in dataset.clips[["clip_id", "path"]].to_numpy().tolist()}
    available, absent = readers()
    for name, reader in available.items():
        sides[name] = lambda read, reader=reader: reader(  # type: ignore[misc]
            paths[read[0]], read[1], planes.facts(read[0]).width, planes.facts(read[0]).height
        )
    for line in [*absent, *_rates(sides, _reads(planes, count), rounds=rounds)]:
        print(f"  {line}")


def _reads(frames: PlaneStore | VideoStore, count: int) -> list[Read]:
    """Return clips and stretches by chance, the same each time."""
    chance = np.random.default_rng(0)
    usable = sorted(clip for clip, place in frames.shards.places.items() if place.facts.frames >= LENGTH)
    clips = [usable[number] for number in chance.integers(0, len(usable), count).tolist()]
    # The last start of 16 of 100 frames is 84; integers() leaves its upper end out.
    starts = [int(chance.integers(0, frames.facts(clip).frames - LENGTH + 1)) for clip in clips]
    return [(clip, np.arange(start, start + LENGTH)) for clip, start in zip(clips, starts, strict=True)]


def _of(frames: Frames) -> Callable[[Read], object]:
    def read(request: Read) -> object:
        facts = frames.facts(request[0])
        return frames.planes(request[0], request[1], Box(0, 0, facts.height, facts.width))

    return read


def _rgb_of(frames: Frames) -> Callable[[Read], object]:
    def read(request: Read) -> object:
        facts = frames.facts(request[0])
        planes = frames.planes(request[0], request[1], Box(0, 0, facts.height, facts.width))
        matrices = colours([(facts.matrix, facts.full_range)])
        return Pictures(torch.from_numpy(planes)[None], facts.height, facts.width, matrices).rgb()

    return read


def _rates(sides: Mapping[str, Callable[[Read], object]], reads: Sequence[Read], *, rounds: int) -> list[str]:
    """Return a line a side: frames per second of CPU; a read that a side cannot do is counted and said."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    failed = dict.fromkeys(sides, 0)
    for turn in range(rounds):
        for name, side in sides.items():
            bad = 0
            started = time.process_time()
            for read in reads:
                try:
                    side(read)
                except (ValueError, KeyError, RuntimeError):
                    bad += 1
            # Reads that failed give no frames, so that failing fast is not a high rate.
            rates[name].append(LENGTH * (len(reads) - bad) / (time.process_time() - started))
            failed[name] = bad if turn == 0 else failed[name]
    return [
        f"{name:<34}{statistics.median(those):>9.0f} frames/s ({min(those):.0f}-{max(those):.0f})"
        + (f", {failed[name]} of {len(reads)} reads failed" if failed[name] else "")
        for name, those in rates.items()
    ]


def _psnr(planes: PlaneStore | VideoStore, video: PlaneStore | VideoStore) -> float:
    """Return the PSNR of the video form's luma in dB, over all pixels of all frames."""
    error = pixels = 0.0
    for clip_id, place in planes.shards.places.items():
        facts = place.facts
        if not facts.frames:
            continue
        every, box = np.arange(facts.frames), Box(0, 0, facts.height, facts.width)
        luma = slice(0, facts.height * facts.width)
        luma_planes, luma_video = (
            frames.planes(clip_id, every, box)[:, luma].astype(np.int32) for frames in (planes, video)
        )
        error, pixels = error + float(((luma_planes - luma_video) ** 2).sum()), pixels + luma_planes.size
    # PSNR = 10 log10(255^2 / MSE), the mean over all pixels of all frames rather than of each frame's PSNR: frames that
    # are equal would be infinite.
    return float(10 * np.log10(255**2 / (error / pixels)))


if __name__ == "__main__":
    main()
