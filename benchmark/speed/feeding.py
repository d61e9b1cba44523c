"""How fast networks are fed, beside plain torch DataLoaders over OpenCV, PyAV, decord and TorchCodec, in one run.

All sides give the same views of the same files: the same frames of the same clips in the same batches, scaled to the
same size, cut at the same place, normalised, float32 in one tensor a batch. That is checked before anything is timed; a
reader that gives other frames of more than half of the clips is left out, and then for all sides the clips of which a
side gives other frames; both are told. `c3d`: 16 consecutive frames at a random start, short side 128, a random square
of 112. `mei`: the weighted sum of 10 frames, the middle square of 224.

Each round goes through the same batches with each side in turn; ratios are taken within a round, and their median is
printed. `alone`: everything in one thread of one process. 2: two processes for a DataLoader; two threads for
ours, on as many cores. With `alone` CPU seconds are counted, which other work on the machine
touches less than the clock.

Example: python -m benchmark.speed.feeding ../shared/realdata/ucf101 --rounds 5
         python -m benchmark.speed.feeding --drawn 120
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count, islice
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmark.baseline import Stream
from benchmark.frames.colour import normalize
from benchmark.frames.live import LIVE
from benchmark.frames.mei import mei
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.frames.video_store import VideoStore
from benchmark.inputs.clips import Clips, clips_of
from benchmark.inputs.loader import gather, prefetched_batches
from benchmark.inputs.samples import Sample, epoch_batches, in_batches
from benchmark.recipe import Recipe
from benchmark.speed.footage import draw_footage, frames_in, of_folder
from benchmark.speed.readers import Reader, readers
from slateboard.dataset import Dataset
from slateboard.media.probe import open_container
from slateboard.media.scale import scaled_size
from slateboard.progress import be_quiet

FORMS = (PLANES, VIDEO, LIVE)
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
TOLERANCE = 5.0
"""Grey levels of 255, mean over a view: sides scale and interpolate colour in ways of their own. Neighbouring frames
must lie farther apart than the two sides of one frame, where they differ at all."""


def c3d(*, batch: int) -> Stream:
    """Return what C3D sees, without its network: [B, 3, 16, 112, 112]."""

    def preprocess(views: torch.Tensor) -> torch.Tensor:
        return normalize(views, MEAN, STD).transpose(1, 2)

    recipe = Recipe(batch=batch, flip=False)
    return Stream("c3d", "dense_clip", 112, preprocess, nn.Identity(), recipe, short_side=128, keep="whole")


def motion(*, batch: int, interval: int = 5) -> Stream:
    """Return what the motion stream sees, without its network: MEIs of 10 frames, [B, 3, 224, 224]."""

    def preprocess(views: torch.Tensor) -> torch.Tensor:
        return normalize(mei(views, "gradient"), MEAN, STD)

    recipe = Recipe(batch=batch, flip=False)
    return Stream("mei", "mei_batches", 224, preprocess, nn.Identity(), recipe, {"interval": interval})


STREAMS = {"c3d": c3d, "mei": motion}


class Views(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """The same views as a plain torch data set: a reader of whole pictures, and then what a network wants."""

    def __init__(self, stream: Stream, clips: Clips, sources: Mapping[str, "Source"], reader: Reader) -> None:
        self.stream, self.clips, self.sources, self.reader = stream, clips, sources, reader

    def __getitem__(self, item: Sample) -> tuple[torch.Tensor, int]:
        """Return a network's input of one view, and its class."""
        view = pixels(self.clips, self.sources[item.clip_id], item, self.reader)
        return self.stream.preprocess(view[None])[0], int(self.clips.labels[item.clip])


@dataclass(frozen=True)
class Source:
    """A file, and the size to which all of its picture is scaled."""

    path: Path
    height: int
    width: int


def sources_of(dataset: Dataset, *, short_side: int) -> dict[str, Source]:
    """Return the files of a dataset by clip_id, with the sizes that their headers lead to."""
    sources = {}
    for clip_id, path in zip(dataset.clips["clip_id"], dataset.clips["path"], strict=True):
        with open_container(dataset.root / path) as (_, stream):
            aspect = float(stream.sample_aspect_ratio or 1)
            width, height = scaled_size(stream.width * aspect, stream.height, short_side=short_side)
        sources[clip_id] = Source(dataset.root / path, height, width)
    return sources


def pixels(clips: Clips, source: Source, item: Sample, reader: Reader) -> torch.Tensor:
    """Return RGB float32 in 0..1 [T, 3, size, size] of a view, as a reader gives it."""
    facts, box = clips.frames.facts(item.clip_id), item.box
    # Boxes lie in what a store keeps, the middle of the picture, from an even pixel on: 170 - 128 = 42 pixels of margin
    # -> 42 // 4 * 2 = 20.
    y, x = (source.height - facts.height) // 4 * 2 + box.top, (source.width - facts.width) // 4 * 2 + box.left
    pictures = torch.from_numpy(reader(source.path, item.indices, source.width, source.height))
    view = pictures[:, y : y + box.height, x : x + box.width]
    return view.permute(0, 3, 1, 2).float().div_(255)


@dataclass(frozen=True)
class Test:
    """One stream on one dataset: what each side is to give."""

    stream: Stream
    clips: Mapping[str, Clips]
    """By form."""
    sources: Mapping[str, Source]
    batches: Sequence[list[Sample]]

    @property
    def views(self) -> int:
        """In a round, over as many epochs as that takes."""
        return sum(map(len, self.batches))


def ours(test: Test, form: str, threads: int) -> Iterator[torch.Tensor]:
    """Yield the batches of a form as training takes them."""
    for batch in prefetched_batches(test.stream, test.clips[form], test.batches, device="cpu", threads=threads):
        yield batch.inputs


def theirs(test: Test, reader: Reader, processes: int) -> "DataLoader[tuple[torch.Tensor, int]]":
    """Return a DataLoader of the same batches; its processes live on from round to round."""
    return DataLoader(
        Views(test.stream, test.clips[PLANES], test.sources, reader),
        batch_sampler=test.batches,
        num_workers=processes,
        persistent_workers=processes > 0,
    )


def other_frames(test: Test, readers: Mapping[str, Reader]) -> dict[str, list[str]]:
    """Return the clips of which some side gives other frames than our planes, and the names of those sides.

    A view of the other side must be like ours of the same place, and not more like the one a frame before or behind.
    """
    differing: dict[str, list[str]] = {}
    for item in (item for batch in test.batches for item in batch if item.clip_id not in differing):
        views = {shift: _our_view(test, PLANES, item, shift) for shift in (-1, 0, 1)}
        sides = [
            form for form in test.clips if form != PLANES and not same_frames(_our_view(test, form, item, 0), views)
        ]
        sides += [name for name, reader in readers.items() if not _reads(test, item, reader, views)]
        if sides:
            differing[item.clip_id] = sides
    return differing


def _reads(test: Test, item: Sample, reader: Reader, views: Mapping[int, torch.Tensor]) -> bool:
    try:
        return same_frames(pixels(test.clips[PLANES], test.sources[item.clip_id], item, reader), views)
    except Exception:  # each library has errors of its own
        return False


def _our_view(test: Test, form: str, item: Sample, shift: int) -> torch.Tensor:
    """Return our RGB [T, 3, H, W] of a view, whole frames earlier or later."""
    clips = test.clips[form]
    # Neighbouring frames of a still are the same: then a shift proves nothing, and none is nearer.
    last = clips.frames.facts(item.clip_id).frames - 1
    moved = replace(item, indices=np.clip(item.indices + shift, 0, last))
    return gather(clips.frames, [moved]).rgb()[0]


def same_frames(picture: torch.Tensor, views: Mapping[int, torch.Tensor]) -> bool:
    """Say whether a view [T, 3, H, W] in 0..1 is within the tolerance of ours, and not nearer to a shifted one."""
    # Frames that are off by one are near ours, too, within the tolerance; so the nearest of the three must be ours.
    distances = {shift: 255 * float((picture - view).abs().mean()) for shift, view in views.items()}
    return distances[0] <= TOLERANCE and distances[0] <= min(distances.values()) + 1e-6


def main() -> None:
    """Measure each stream on each dataset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="<folder>/<class>/<video>")
    parser.add_argument("--drawn", type=int, default=0, help="Clips of 320 x 240 and 180 frames to draw, too.")
    parser.add_argument("--streams", nargs="+", default=list(STREAMS), choices=STREAMS)
    parser.add_argument("--processes", type=int, nargs="+", default=[0, 2], help="0: alone.")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--views", type=int, default=64, help="In a round, over as many epochs as that takes.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stores", type=Path, help="Kept between calls; else made anew.")
    arguments = parser.parse_args()
    be_quiet(True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        stores = arguments.stores or Path(scratch)
        datasets = [of_folder(folder, name=folder.name) for folder in arguments.folders]
        if arguments.drawn:
            datasets.append(draw_footage(stores / f"drawn{arguments.drawn}", clips=arguments.drawn, frames=180))
        readers_here, absent = readers()
        for line in absent:
            print(f"left out: {line}")
        for dataset in datasets:
            for name in arguments.streams:
                stream = STREAMS[name](batch=arguments.batch)
                test, agreeing = prepare_test(dataset, stream, stores, readers_here, views=arguments.views)
                for processes in arguments.processes:
                    compare(test, agreeing, processes=processes, rounds=arguments.rounds)


def prepare_test(
    dataset: Dataset, stream: Stream, stores: Path, readers: Mapping[str, Reader], *, views: int
) -> tuple[Test, dict[str, Reader]]:
    """Build the stores and return a comparison in which all sides give the same frames, with the readers that do.

    Left out is a reader that gives other frames of more than half of the clips, and then each clip of which some side
    still gives others.
    """
    print(f"\n{dataset.key}, {len(dataset.clips)} clips, {stream.name}")
    ids, by_form = sorted(dataset.clips["clip_id"]), {}
    for form in FORMS:
        frames = frames_in(form, stores, dataset, stream.geometry)
        by_form[form] = clips_of(dataset, ids, frames)
        if isinstance(frames, PlaneStore | VideoStore):
            print(f"  {form}: {frames.shards.size / sum(by_form[form].lengths):,.0f} bytes a frame")
    clips = by_form[PLANES]
    source = sum((dataset.root / path).stat().st_size for path in dataset.clips["path"])
    print(f"  source: {source / sum(clips.lengths):,.0f} bytes a frame")
    assert stream.recipe is not None
    epochs = (epoch_batches(stream, clips, stream.recipe, seed=0, epoch=epoch) for epoch in count())
    items = list(islice(chain.from_iterable(chain.from_iterable(epochs)), views))
    sources = sources_of(dataset, short_side=stream.geometry.short_side)
    wrong = other_frames(Test(stream, by_form, sources, [items]), readers)
    sampled, by_reader = len({item.clip_id for item in items}), Counter(chain.from_iterable(wrong.values()))
    for name, wrong_clips in by_reader.most_common():
        print(f"  {name} gives other frames of {wrong_clips} of {sampled} clips")
    agreeing = {name: reader for name, reader in readers.items() if by_reader[name] <= sampled / 2}
    excluded = {clip_id for clip_id, names in wrong.items() if any(name in agreeing or name in FORMS for name in names)}
    print(f"  left out: {', '.join(set(readers) - set(agreeing)) or 'no reader'}; {len(excluded)} clips for all sides")
    agreed = [item for item in items if item.clip_id not in excluded]
    return Test(stream, by_form, sources, in_batches(agreed, stream.recipe.batch)), agreeing


def compare(test: Test, readers: Mapping[str, Reader], *, processes: int, rounds: int) -> dict[str, float]:
    """Print the rates of all sides and our ratios to the best of the others; return the medians of the rates."""
    loaders = {name: theirs(test, reader, processes) for name, reader in readers.items()}
    sides: dict[str, Callable[[], Iterator[object]]] = {form: partial(ours, test, form, processes) for form in FORMS}
    sides |= {name: partial(iter, loader) for name, loader in loaders.items()}
    # The CPU clock of this process does not see what a DataLoader's processes use.
    clock = time.perf_counter if processes else time.process_time
    for side in sides.values():  # each once before: processes start, files come into memory
        _time_round(side, clock)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        # Sides A B C run as A B C, B C A, C A B: none is always first, or always after the same one.
        order = list(sides)[number % len(sides) :] + list(sides)[: number % len(sides)]
        for name in order:
            seconds[name].append(_time_round(sides[name], clock))
    rates = {name: test.views / statistics.median(values) for name, values in seconds.items()}
    best = max(readers, key=lambda name: rates[name])
    who = f"{processes} processes or threads, by the clock" if processes else "alone, CPU seconds"
    print(f"  {who}; views/s (medians of {rounds} rounds of {test.views} views), ours over {best}:")
    for name, rate in rates.items():
        ratios = [
            best_seconds / ours_seconds for ours_seconds, best_seconds in zip(seconds[name], seconds[best], strict=True)
        ]
        spread = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f}-{max(ratios):.2f})" if name in FORMS else ""
        print(f"    {name:<20} {rate:8.1f}  {spread}", flush=True)
    return rates


def _time_round(side: Callable[[], Iterator[object]], clock: Callable[[], float]) -> float:
    started = clock()
    for _ in side():
        pass
    return clock() - started


if __name__ == "__main__":
    main()
