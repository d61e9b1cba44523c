"""Feeding: the same batches whatever the number of threads, errors in their place, nothing read for nobody."""

import gc
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.baseline import Stream
from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.mei import mei
from benchmark.inputs import loader
from benchmark.inputs.clips import Clips
from benchmark.inputs.loader import Batch, BufferPool, gather, prefetched_batches, preprocess_batch
from benchmark.inputs.malloc import keep_freed_memory
from benchmark.inputs.samples import Sample

SIZE = 8
BOX = Box(0, 0, SIZE, SIZE)
STREAM = Stream("all", "dense_clip", SIZE, lambda frames: mei(frames, "gradient"), torch.nn.Identity())


class Numbered:
    """A clip is grey, as bright as its number; reading the one called `broken` fails."""

    geometry = Geometry(SIZE)

    def __init__(self, broken: str = "", *, slow: str = "", gated: bool = False) -> None:
        self.broken, self.slow, self.gate = broken, slow, threading.Event()
        if not gated:
            self.gate.set()
        self.read: list[str] = []

    def facts(self, clip_id: str) -> ClipFrames:
        return ClipFrames(4, SIZE, SIZE, "bt601", full_range=True)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        self.read.append(clip_id)
        if int(clip_id) > 1:
            self.gate.wait()
        if clip_id == self.slow:
            time.sleep(0.05)
        if clip_id == self.broken:
            raise OSError(f"no clip {clip_id}")
        found = np.full((len(indices), picture_bytes(box.height, box.width)), 128, np.uint8)
        found[:, : box.height * box.width] = int(clip_id)
        return found


def clips(frames: Numbered, count: int = 40) -> Clips:
    return Clips(tuple(map(str, range(count))), np.arange(count) % 2, ("Left", "Right"), frames)


def batches(count: int = 20) -> list[list[Sample]]:
    items = [Sample(number, str(number), 0, np.arange(4), BOX, mirrored=number % 3 == 0) for number in range(2 * count)]
    return [items[2 * number : 2 * number + 2] for number in range(count)]


def numbers(fed: Iterator[Batch]) -> list[list[int]]:
    return [batch.inputs.mean(dim=(1, 2, 3)).mul(255).round().int().tolist() for batch in fed]


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_batches_come_in_order_whatever_the_number_of_threads(threads: int) -> None:
    fed = prefetched_batches(STREAM, clips(Numbered(slow="0")), batches(), device="cpu", threads=threads)
    assert numbers(fed) == [[2 * number, 2 * number + 1] for number in range(20)]


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_an_error_is_raised_in_the_place_of_its_batch(threads: int) -> None:
    seen = []
    with pytest.raises(OSError, match="no clip 11"):
        for batch in prefetched_batches(
            STREAM, clips(Numbered("11", slow="3")), batches(), device="cpu", threads=threads
        ):
            seen.append(batch.samples[0].clip)
    assert seen == [0, 2, 4, 6, 8]
    assert not readers()


@pytest.mark.parametrize("end", ["close", "forget", "raise"])
def test_what_is_not_begun_is_not_read_once_the_consumer_stops(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = Numbered(gated=True)

    class Opening(ThreadPoolExecutor):
        def shutdown(self, *arguments: Any, **named: Any) -> None:
            frames.gate.set()
            super().shutdown(*arguments, **named)

    monkeypatch.setattr(loader, "ThreadPoolExecutor", Opening)
    fed = prefetched_batches(STREAM, clips(frames), batches(), device="cpu", threads=2)
    next(fed)
    # Two batches are at the gate, which opens at the end; two more wait for their turn, which never comes.
    if end == "close":
        fed.close()  # type: ignore[attr-defined]
    elif end == "raise":
        with pytest.raises(RuntimeError):
            fed.throw(RuntimeError())  # type: ignore[attr-defined]
    del fed
    gc.collect()
    assert not readers()
    assert {0, 1} <= set(map(int, frames.read)) <= {0, 1, 2, 3, 4, 5}


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("frames")]


def test_no_batch_is_kept_when_its_turn_is_over() -> None:
    def alive() -> int:
        gc.collect()
        return sum(type(one) in (Batch, Pictures) for one in gc.get_objects())

    many = (batches(1)[0] for _ in range(301))
    fed = prefetched_batches(STREAM, clips(Numbered()), many, device="cpu", threads=2)
    counts = [alive() for number, _ in enumerate(fed) if number % 100 == 99]
    assert max(counts) <= 2 * (2 * 2 + 2)
    assert alive() == 0


def test_every_second_reader_gives_the_batches_of_two_processes_no_less_no_more() -> None:
    """As under torchrun: each process reads its own part and shares nothing with the others."""
    parts = [
        numbers(prefetched_batches(STREAM, clips(Numbered()), batches()[rank::2], device="cpu", threads=2))
        for rank in (0, 1)
    ]
    assert sorted(parts[0] + parts[1]) == [[2 * number, 2 * number + 1] for number in range(20)]


def test_a_batch_is_prepared_as_each_of_its_views_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (5, 4, picture_bytes(SIZE, SIZE)), dtype=np.uint8)
    items = [Sample(number, str(number), 0, np.arange(4), BOX, mirrored=number % 2 == 0) for number in range(5)]
    matrices = colours([("bt601", False)] * 5)
    found = preprocess_batch(STREAM, Pictures(torch.from_numpy(noise), SIZE, SIZE, matrices), items)
    rgb = Pictures(torch.from_numpy(noise), SIZE, SIZE, matrices).rgb()
    expected = torch.stack([view.flip(-1) if number % 2 == 0 else view for number, view in enumerate(rgb)])
    torch.testing.assert_close(found, mei(expected, "gradient"), rtol=0, atol=1e-6)


def test_what_is_gathered_are_the_planes_of_each_item_in_order() -> None:
    class Noise(Numbered):
        def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
            noise = np.random.default_rng(int(clip_id)).integers(0, 256, (4, picture_bytes(SIZE, SIZE)), np.uint8)
            return noise[indices, : picture_bytes(box.height, box.width)]

    frames = Noise()
    backward = replace(batches()[0][1], indices=np.arange(4)[::-1])
    items = [batches()[0][0], backward, replace(backward, box=Box(0, 0, 4, 6))]
    found = gather(frames, items)
    assert (found.height, found.width) == (SIZE, SIZE)
    for row, item in zip(found.planes.numpy(), items, strict=True):
        expected = frames.planes(item.clip_id, item.indices, item.box)
        np.testing.assert_array_equal(row[:, : expected.shape[1]], expected)


@pytest.mark.gpu
def test_a_gpu_prepares_what_a_cpu_prepares() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    fed = [
        list(prefetched_batches(STREAM, clips(Numbered()), batches(), device=device, threads=2))
        for device in ("cpu", "cuda")
    ]
    for here, there in zip(*fed, strict=True):
        torch.testing.assert_close(there.inputs.cpu(), here.inputs, rtol=0, atol=1e-5)


def test_frames_that_lie_on_a_device_are_gathered_there() -> None:
    class Resident(Numbered):
        def gather(self, items: Sequence[Sample]) -> Pictures:
            return Pictures(torch.ones(len(items), 1, 1, dtype=torch.uint8), 2, 2, torch.zeros(len(items), 3, 4))

    frames = Resident()
    assert gather(frames, batches()[0]).planes.tolist() == [[[1]], [[1]]]
    assert frames.read == []


def test_memory_that_was_freed_is_used_again_without_a_page_fault() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not keep_freed_memory()
        return
    faults = [int(subprocess.run([sys.executable, "-c", _FAULTS, keep], check=True, capture_output=True).stdout)
              for keep in ("keep", "")]  # fmt: skip
    kept, given_back = faults
    assert kept < given_back / 20


def test_memory_is_lent_again_once_nothing_refers_to_it_and_not_before() -> None:
    blocks = BufferPool()
    first = blocks.empty((3, 5), torch.float32).fill_(1)
    part, place = first[1:, 2], first.data_ptr()
    del first
    assert blocks.empty((3, 5), torch.float32).fill_(2).data_ptr() != place
    assert part.tolist() == [1, 1]
    array = part.numpy()
    del part
    assert blocks.empty((5, 3), torch.float32).fill_(2).data_ptr() != place
    assert array.tolist() == [1, 1]
    del array
    assert {blocks.empty((15,), torch.int32).data_ptr(), blocks.empty((60,), torch.uint8).data_ptr()} >= {place}


_FAULTS = """
import resource, sys
import numpy as np
from benchmark.inputs.malloc import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1]:
    assert keep_freed_memory()
np.ones(1 << 23)
before = faults()
for _ in range(4):
    np.ones(1 << 23)
print(faults() - before)
"""


def test_labels_are_those_of_the_items_clips() -> None:
    labels = [
        batch.labels.tolist()
        for batch in prefetched_batches(STREAM, clips(Numbered()), batches(), device="cpu", threads=1)
    ]
    assert labels == [[0, 1]] * 20
