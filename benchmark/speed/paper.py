"""The way of the MEI paper beside ours, from video files to batches of motion embedded images, in one run.

The paper's: OpenCV writes every frame of every video as a JPEG, NumPy sums each batch of 10 of them by the weights of
3.1.2 and writes the sum as a JPEG, and training reads those: scaled by area to a short side of 224, the middle square,
normalised. Ours: a store is built once, and each epoch makes its MEIs from it. Both give the same MEIs, as the PSNR
between them says. With one worker both run in one process with one thread, and CPU seconds are counted; with more ours
has as many processes for the store and threads for the epoch, the paper's is the loop it is, and the clock counts.

Example: python -m benchmark.speed.paper ../shared/realdata/ucf101 --interval 5
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.frames.colour import normalize
from benchmark.frames.mei import weights
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.inputs.clips import Clips, clips_of
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import Sample, epoch_batches, in_batches
from benchmark.speed.feeding import MEAN, STD, motion
from benchmark.speed.footage import draw_footage, frames_in, of_folder
from slateboard.dataset import Dataset
from slateboard.progress import be_quiet

N, SIZE, BATCH = 10, 224, 8
FORMS = (PLANES, VIDEO)
PAPER = "paper"


@dataclass(frozen=True)
class Way:
    """What one way took, in seconds, and on the disk, in bytes."""

    prepared_seconds: float
    epoch_seconds: float
    bytes: int

    def seconds(self, epochs: int) -> float:
        """From the video files to the end of so many epochs."""
        return self.prepared_seconds + epochs * self.epoch_seconds


def frames_to_jpegs(path: Path, folder: Path) -> list[Path]:
    """Write every frame of a video as OpenCV reads it, at its own size and OpenCV's own quality (95)."""
    folder.mkdir(parents=True)
    video, written = cv2.VideoCapture(str(path)), list[Path]()
    while True:
        is_read, picture = video.read()
        if not is_read:
            video.release()
            return written
        written.append(folder / f"{len(written):05}.jpg")
        cv2.imwrite(str(written[-1]), picture)


def embed(frames: Sequence[Path], target: Path) -> None:
    """Read N JPEGs, write their sum weighted by 3.1.2."""
    # M = sum over p = 1 ... N of p / (N (N + 1) / 2) I_p (MEI paper, 3.1.2, gradient division): of 10 frames the last
    # weighs 10 / 55, the first 1 / 55.
    total = np.zeros(_read(frames[0]).shape)
    for weight, path in zip(weights(len(frames), "gradient").tolist(), frames, strict=True):
        total += weight * _read(path)
    cv2.imwrite(str(target), np.rint(total).astype(np.uint8))


def _read(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def as_the_paper(paths: dict[str, Path], root: Path, *, interval: int) -> dict[tuple[str, int], Path]:
    """Return the JPEGs of all MEIs, by clip and number; a clip shorter than N frames begins again."""
    paths_of_meis = {}
    for clip_id, path in paths.items():
        frames = frames_to_jpegs(path, root / "frames" / clip_id)
        (root / "meis" / clip_id).mkdir(parents=True)
        for number, start in enumerate(range(0, max(len(frames) - N, 0) + 1, interval)):
            batch = [frames[index % len(frames)] for index in range(start, start + N)]
            paths_of_meis[clip_id, number] = root / "meis" / clip_id / f"{number:05}.jpg"
            embed(batch, paths_of_meis[clip_id, number])
    return paths_of_meis


def read_back(path: Path) -> NDArray[np.uint8]:
    """Return the middle square [224, 224, 3], RGB, of an MEI, scaled by area."""
    picture = _read(path)
    # 240 x 320 -> 224 x 298.67, rounded to even: 224 x 298, whose middle square begins at column (298 - 224) // 4 * 2 =
    # 36.
    scale = SIZE / min(picture.shape[:2])
    size = [round(side * scale / 2) * 2 for side in picture.shape[1::-1]]
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y = ((side - SIZE) // 4 * 2 for side in size)
    return picture[y : y + SIZE, x : x + SIZE, ::-1]


def paper_epoch(meis: dict[tuple[str, int], Path], batches: Sequence[Sequence[Sample]]) -> Iterator[torch.Tensor]:
    """Yield batches [B, 3, 224, 224] of MEIs as a network wants them."""
    for batch in batches:
        pictures = np.stack([read_back(meis[item.clip_id, item.number]) for item in batch])
        yield normalize(torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255), MEAN, STD)


def our_epoch(clips: Clips, batches: Sequence[Sequence[Sample]], *, threads: int = 0) -> Iterator[torch.Tensor]:
    """Yield the same batches out of a store."""
    stream = motion(batch=BATCH)
    for batch in prefetched_batches(stream, clips, batches, device="cpu", threads=threads):
        yield batch.inputs


def psnr_db(ours: torch.Tensor, paper: torch.Tensor) -> float:
    """Return the PSNR between two batches of normalised MEIs, in decibels, for a peak of 1."""
    # -10 log10(mean squared error), in 0..1 again: normalised values are (x - mean) / std, so differences times std.
    error = float(((ours - paper) * STD[0]).pow(2).mean())
    return float(-10 * np.log10(max(error, 1e-12)))


def time_epoch(batches: Iterator[torch.Tensor], clock: Callable[[], float]) -> float:
    """Return the seconds that an epoch of batches takes."""
    started = clock()
    for _ in batches:
        pass
    return clock() - started


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def compare(dataset: Dataset, folder: Path, *, interval: int, workers: int) -> dict[str, Way]:
    """Go both ways in one folder that is empty, print how alike the MEIs are, and return what each way took."""
    ids = sorted(dataset.clips["clip_id"])
    places = dict(zip(dataset.clips["clip_id"], dataset.clips["path"], strict=True))
    stream = motion(batch=BATCH, interval=interval)
    clock = time.process_time if workers == 1 else time.perf_counter
    threads = 0 if workers == 1 else workers
    ways, items, ours = {}, list[Sample](), {}
    for form in FORMS:
        started = clock()
        frames = frames_in(form, folder / form, dataset, stream.geometry, workers=workers)
        seconds = clock() - started
        ours[form] = clips_of(dataset, ids, frames)
        assert stream.recipe is not None
        items = items or [
            item for batch in epoch_batches(stream, ours[form], stream.recipe, seed=0, epoch=0) for item in batch
        ]
        batches = in_batches(items, BATCH)
        ways[form] = Way(
            seconds, time_epoch(our_epoch(ours[form], batches, threads=threads), clock), size_of(folder / form)
        )
    started = clock()
    meis = as_the_paper({clip_id: dataset.root / places[clip_id] for clip_id in ids}, folder / PAPER, interval=interval)
    seconds = clock() - started
    # Before anything is compared: where OpenCV gives fewer frames it makes fewer MEIs, and would be quicker by that.
    counted = {(item.clip_id, item.number) for item in items}
    if counted - set(meis):
        raise SystemExit(f"OpenCV reads fewer frames of {len({clip for clip, _ in counted - set(meis)})} clips")
    ways[PAPER] = Way(seconds, time_epoch(paper_epoch(meis, batches), clock), size_of(folder / PAPER))
    for form, clips in ours.items():
        pairs = zip(our_epoch(clips, batches), paper_epoch(meis, batches), strict=True)
        psnrs = [psnr_db(our_batch, paper_batch) for our_batch, paper_batch in pairs]
        print(f"  MEIs of {form} and the paper's: {statistics.mean(psnrs):.1f} dB, least batch {min(psnrs):.1f} dB")
    return ways


def main() -> None:
    """Go both ways on each folder and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="<folder>/<class>/<video>")
    parser.add_argument("--drawn", type=int, default=0, help="Clips of 320 x 240 and 180 frames to draw, too.")
    parser.add_argument("--interval", type=int, default=5, help="Frames; the paper's 5 for SEAGS, 10 for UCF101.")
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 50], help="The paper's motion stream: 50.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="More than 1: by the clock.")
    arguments = parser.parse_args()
    be_quiet(True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        datasets = [of_folder(folder, name=folder.name) for folder in arguments.folders]
        if arguments.drawn:
            datasets.append(draw_footage(Path(scratch) / "drawn", clips=arguments.drawn, frames=180))
        for dataset in datasets:
            print(f"\n{dataset.key}, {len(dataset.clips)} clips, an MEI every {arguments.interval} frames")
            rounds = []
            for _ in range(arguments.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    rounds.append(
                        compare(dataset, Path(folder), interval=arguments.interval, workers=arguments.workers)
                    )
            table(rounds, arguments.epochs)


def table(rounds: Sequence[dict[str, Way]], epochs: Sequence[int]) -> None:
    """Print medians of seconds and bytes, and how often the paper's way is ours."""
    for name in (*FORMS, PAPER):
        ways = [round_ways[name] for round_ways in rounds]
        before = statistics.median(way.prepared_seconds for way in ways)
        epoch = statistics.median(way.epoch_seconds for way in ways)
        print(f"  {name:<7} {before:7.2f} s before the first epoch, {epoch:6.2f} s each, {ways[0].bytes / 1e6:8.2f} MB")
        if name == PAPER:
            continue
        for count in epochs:
            ratios = [round_ways[PAPER].seconds(count) / round_ways[name].seconds(count) for round_ways in rounds]
            print(f"          {statistics.median(ratios):.2f} x as fast to the end of epoch {count}")
        print(f"          1/{rounds[0][PAPER].bytes / ways[0].bytes:.1f} of the bytes", flush=True)


if __name__ == "__main__":
    main()
