"""How near training comes to what the device can do when it never waits for frames, in one run on one GPU.

For each network, clips a second of whole training steps (forward, backward, SGD; bfloat16 where there is a GPU):
`limit` from random tensors that lie on the device, `planes` and `video` from stores through the same feeding as
`slateboard bench train`, `resident` from a store in the GPU's memory, and `loader` as torchvision's reference trainings
are fed: a DataLoader whose processes decode with PyAV while it trains. Rounds go through all of them in turn; ratios to
the limit are taken within a round. FLOPs are torch's own count of one step, their rate is put over that of a product of
two large bfloat16 matrices, measured in the same run.

Clips are drawn (320 x 240, 180 frames): --clips 13320 is UCF101's number; with --distinct 1000 the others are links to
those, since drawing takes 4 ms of a core a frame. On a CPU the networks are small ones and nothing is to be learned
from the figures but that it runs.

Example: python -m benchmark.speed.gpu --out gpu --clips 2000
         python -m benchmark.speed.gpu --out cpu --clips 12 --steps 3 --rounds 1
"""

import argparse
import itertools
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.devices import device_kind, set_determinism
from benchmark.frames.colour import normalize
from benchmark.frames.frames import Frames
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.resident import ResidentFrames
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.inputs.clips import Clips, clips_of
from benchmark.inputs.loader import prefetched_batches
from benchmark.inputs.samples import Sample, epoch_batches
from benchmark.models import vision
from benchmark.recipe import Recipe
from benchmark.speed.feeding import Source, Views, sources_of
from benchmark.speed.footage import draw_footage, frames_in
from benchmark.speed.readers import pyav
from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.files import write_json
from slateboard.progress import be_quiet

Fed = tuple[torch.Tensor, torch.Tensor]
Feed = Callable[[], Iterator[Fed]]

STREAMS = ("c3d", "r3d_18", "two-stream motion", "two-stream normal")
LIMIT, RESIDENT, LOADER = "limit", "resident", "loader"
_WARM_STEPS = 5
_RESIDENT_SHARE = 0.4
"""Of the GPU's free memory, up to which a store is put there."""
_MEAN, _STD = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
"""Of torchvision's video networks."""


def streams(names: Sequence[str], classes: Sequence[str], *, small: bool, batch: int) -> list[Stream]:
    """Return what is trained: C3D, R3D-18 as torchvision has it, and both streams of EfficientNet-B0."""
    small_c3d = {"width": 4, "fc": 32, "size": 32, "short_side": 36} if small else {"short_side": 128}
    c3d, two = BASELINES.load("c3d"), BASELINES.load("mei_two_stream")
    backbone = {
        "size": 32 if small else 224,
        "weights": "none",
        "backbone": vision.PLAIN if small else "efficientnet_b0",
    }
    (alone,) = c3d.build(classes, c3d.CARD.settle(small_c3d, where="c3d"), weights_dir="")
    two_streams = two.build(classes, two.CARD.settle(backbone, where="mei_two_stream"), weights_dir="")
    by_name = {"c3d": alone, **{f"two-stream {stream.name}": stream for stream in two_streams}}
    if "r3d_18" in names:
        by_name["r3d_18"] = _r3d(len(classes), small=small)
    return [replace(by_name[name], name=name, recipe=Recipe(batch=batch)) for name in names]


def _r3d(classes: int, *, small: bool) -> Stream:
    def preprocess(views: torch.Tensor) -> torch.Tensor:
        return normalize(views, _MEAN, _STD).transpose(1, 2)

    network = vision.load().models.video.r3d_18(num_classes=classes)
    network = network.to(memory_format=torch.channels_last_3d)
    size, short_side = (32, 36) if small else (112, 128)
    return Stream("r3d_18", "dense_clip", size, preprocess, network, short_side=short_side)


@dataclass(frozen=True)
class Bench:
    """One stream on one device."""

    stream: Stream
    device: torch.device
    threads: int

    @property
    def network(self) -> nn.Module:
        """The stream's."""
        assert isinstance(self.stream.model, nn.Module)
        return self.stream.model

    @property
    def recipe(self) -> Recipe:
        """The stream's."""
        assert self.stream.recipe is not None
        return self.stream.recipe

    def trainer(self) -> Callable[[torch.Tensor, torch.Tensor], None]:
        """Return a function that takes one step of training."""
        network = self.network.to(self.device).train()
        optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)

        def step(inputs: torch.Tensor, labels: torch.Tensor) -> None:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                scores = network(inputs)
            loss = nn.functional.cross_entropy(scores.float(), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        return step

    def batches(self, clips: Clips) -> Iterator[list[Sample]]:
        """Yield batches of one size, epoch after epoch: for another size cuDNN would choose its algorithm anew."""
        for epoch in itertools.count():
            planned = epoch_batches(self.stream, clips, self.recipe, seed=0, epoch=epoch)
            yield from (batch for batch in planned if len(batch) == len(planned[0]))

    def ours(self, clips: Clips) -> Iterator[Fed]:
        """Yield what `slateboard bench train` gives its networks, for ever."""
        for batch in prefetched_batches(
            self.stream, clips, self.batches(clips), device=self.device, threads=self.threads
        ):
            yield batch.inputs, batch.labels

    def loader(self, clips: Clips, sources: Mapping[str, Source]) -> Iterator[Fed]:
        """Yield the same from a DataLoader that decodes with PyAV in processes, for ever."""
        # The stream without its network, which is on the device and would be copied to every process.
        views = Views(replace(self.stream, model=nn.Identity()), clips, sources, pyav)
        loaded = DataLoader(
            views,
            batch_sampler=self.batches(clips),
            num_workers=self.threads,
            pin_memory=self.device.type == "cuda",
            multiprocessing_context="fork" if self.threads else None,
        )
        for inputs, labels in loaded:
            yield inputs.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)

    def limit(self, clips: Clips) -> Iterator[Fed]:
        """Yield one batch of noise that lies on the device, for ever."""
        inputs, labels = next(self.ours(clips))
        # One batch over and over: no reading, no copying, no generator at work while steps are timed.
        yield from itertools.repeat((torch.randn_like(inputs), labels))


def clips_a_second(step: Callable[[torch.Tensor, torch.Tensor], None], feed: Iterator[Fed], *, steps: int) -> float:
    """Return the rate of so many steps, by the clock, from when the device is idle until it is idle again."""
    # First steps choose algorithms and allocate memory; they are not timed.
    for inputs, labels in itertools.islice(feed, min(_WARM_STEPS, steps)):
        step(inputs, labels)
    _wait()
    started, clips = time.perf_counter(), 0
    for inputs, labels in itertools.islice(feed, steps):
        step(inputs, labels)
        clips += len(labels)
    _wait()
    return clips / (time.perf_counter() - started)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def flops_of_a_clip(bench: Bench, clips: Clips) -> float:
    """Return the floating point operations of a training step, forward and backward, over its clips."""
    inputs, labels = next(bench.ours(clips))
    step = bench.trainer()
    with FlopCounterMode(display=False) as counter:
        step(inputs, labels)
    return counter.get_total_flops() / len(labels)


def matrix_rate(device: torch.device, *, size: int, seconds: float = 1.0) -> float:
    """Return the operations a second of products of two square bfloat16 matrices, 2 n^3 each."""
    left_matrix, right_matrix = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    left_matrix @ right_matrix
    _wait()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        # Four products between waits, of 2 * 8,192^3 = 1.1 TFLOP on a GPU: after each wait it is idle until the next
        # one is launched.
        for _ in range(4):
            left_matrix @ right_matrix
        _wait()
        count += 4
    return count * 2 * size**3 / (time.perf_counter() - started)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="Folder for gpu.json.")
    parser.add_argument("--footage", type=Path, help="Where videos and stores are kept; else made anew.")
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--distinct", type=int, help="Videos to draw; the other clips are copies of them.")
    parser.add_argument("--frames", type=int, default=180, help="Of each clip.")
    parser.add_argument("--streams", nargs="+", default=list(STREAMS), choices=STREAMS)
    parser.add_argument("--forms", nargs="+", default=[PLANES, VIDEO], choices=[PLANES, VIDEO])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=0, help="0: 32 on a GPU, 4 else.")
    parser.add_argument("--steps", type=int, default=150, help="Many more than are read ahead: 2 a thread.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=engine.cores())
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print a table and write it as JSON."""
    arguments = _parser().parse_args(words)
    be_quiet(True)
    device = torch.device(device_kind(arguments.device))
    on_gpu = device.type == "cuda"
    set_determinism(False)
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.footage or Path(scratch)
        started = time.perf_counter()
        dataset = draw_footage(
            root / "videos", clips=arguments.clips, frames=arguments.frames, distinct=arguments.distinct
        )
        print(f"{len(dataset.clips)} clips drawn in {time.perf_counter() - started:.0f} s", flush=True)
        peak = matrix_rate(device, size=8192 if on_gpu else 512)
        name = torch.cuda.get_device_name() if on_gpu else platform.processor() or "CPU"
        print(f"{name}: {peak / 1e12:.2f} TFLOP/s of bfloat16 products; torch {torch.__version__}", flush=True)
        rows = []
        batch = arguments.batch or (32 if on_gpu else 4)
        for stream in streams(arguments.streams, dataset.classes, small=not on_gpu, batch=batch):
            bench = Bench(stream, device, arguments.threads)
            rows.append({"stream": stream.name, **measure(bench, dataset, root, arguments), "matrix_flops": peak})
            print_rates(rows[-1])
            bench.network.cpu()
            facts = {"device": name, "torch": torch.__version__, "clips": len(dataset.clips), "rows": rows}
            write_json(arguments.out / "gpu.json", facts)


def measure(bench: Bench, dataset: Dataset, root: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Return the rates of one stream, round by round, its FLOPs and the seconds that stores took."""
    ids, built, feeds = sorted(dataset.clips["clip_id"]), {}, dict[str, Feed]()
    for form in arguments.forms:
        started = time.perf_counter()
        frames: Frames = frames_in(form, root, dataset, bench.stream.geometry)
        built[form] = time.perf_counter() - started
        clips = clips_of(dataset, ids, frames)
        feeds[form] = partial(bench.ours, clips)
        if isinstance(frames, PlaneStore) and _fits(frames, bench.device):
            feeds[RESIDENT] = partial(bench.ours, clips_of(dataset, ids, ResidentFrames(frames, bench.device)))
    sources = sources_of(dataset, short_side=bench.stream.geometry.short_side)
    feeds = {LIMIT: partial(bench.limit, clips), **feeds, LOADER: partial(bench.loader, clips, sources)}
    flops, step = flops_of_a_clip(bench, clips), bench.trainer()
    rates: dict[str, list[float]] = {name: [] for name in feeds}
    for _ in range(arguments.rounds):
        for name, feed in feeds.items():
            rates[name].append(clips_a_second(step, feed(), steps=arguments.steps))
    return {"rates": rates, "flops_of_a_clip": flops, "built_seconds": built}


def _fits(store: PlaneStore, device: torch.device) -> bool:
    return device.type == "cuda" and store.shards.size < _RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]


def print_rates(row: dict[str, object]) -> None:
    """Print the median rates of a stream, and the ratios to the limit."""
    rates, flops, peak = row["rates"], row["flops_of_a_clip"], row["matrix_flops"]
    assert isinstance(rates, dict) and isinstance(flops, float) and isinstance(peak, float)
    print(f"{row['stream']}: {flops / 1e9:.2f} GFLOP a clip; stores {json.dumps(row['built_seconds'])} s")
    for name, clip_rates in rates.items():
        # Within a round, as a GPU that gets warm slows down all feeds of a round alike.
        share = statistics.median(
            clips_rate / limit for clips_rate, limit in zip(clip_rates, rates[LIMIT], strict=True)
        )
        rate = statistics.median(clip_rates)
        print(
            f"  {name:<9} {rate:9.1f} clips/s  {share:.3f} of the limit  {rate * flops / peak:.3f} of the matrix rate",
            flush=True,
        )


if __name__ == "__main__":
    main()
