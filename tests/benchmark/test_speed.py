"""The scripts that measure how networks are fed run on tiny clips, and all sides of a comparison give the same."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.frames.live import LIVE
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.speed import feeding, gpu, memory, paper
from benchmark.speed.footage import draw_footage, of_folder
from benchmark.speed.readers import opencv, pyav
from slateboard.dataset import Dataset

READERS = {"opencv": opencv, "pyav": pyav}


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three drawn clips of 24 frames and a link to one of them."""
    return draw_footage(tmp_path_factory.mktemp("footage"), clips=4, frames=24, distinct=3, workers=1)


def test_drawn_clips_are_of_ucf101s_size_and_a_link_is_a_clip_of_its_own(footage: Dataset) -> None:
    sources = feeding.sources_of(footage, short_side=128)
    assert {(one.height, one.width) for one in sources.values()} == {(128, 170)}
    assert len(footage.clips) == 4
    assert footage.clips["sha256"].nunique() == 3


@pytest.mark.parametrize("name", list(feeding.STREAMS))
def test_stores_decoding_and_other_readers_give_the_same_inputs(footage: Dataset, tmp_path: Path, name: str) -> None:
    stream = feeding.STREAMS[name](batch=2)
    test, kept = feeding.prepare_test(footage, stream, tmp_path, READERS, views=4)
    assert kept == READERS
    assert test.views == 4
    inputs = {form: torch.cat(list(feeding.ours(test, form, 0))) for form in feeding.FORMS}
    inputs |= {key: torch.cat([batch for batch, _ in feeding.theirs(test, read, 0)]) for key, read in READERS.items()}
    assert {tuple(found.shape) for found in inputs.values()} == {inputs[PLANES].shape}
    for found in inputs.values():
        # One grey level of 255 is 4 / 255 here: the deviation that inputs are divided by is a quarter.
        assert float((found - inputs[PLANES]).abs().mean()) < feeding.TOLERANCE * 4 / 255
    assert torch.equal(inputs[LIVE], inputs[PLANES])


def test_a_reader_that_is_a_frame_late_is_found_out(footage: Dataset, tmp_path: Path) -> None:
    def late(path: Path, indices: np.ndarray, width: int, height: int) -> np.ndarray:
        return opencv(path, np.minimum(indices + 1, 23), width, height)

    stream = feeding.c3d(batch=2)
    test, _ = feeding.prepare_test(footage, stream, tmp_path, {}, views=4)
    assert not feeding.other_frames(test, READERS)
    found = feeding.other_frames(test, {"late": late, "opencv": opencv})
    assert found == {item.clip_id: ["late"] for batch in test.batches for item in batch}
    _, kept = feeding.prepare_test(footage, stream, tmp_path, {"late": late, "opencv": opencv}, views=4)
    assert list(kept) == ["opencv"]


def test_the_papers_way_gives_our_meis(footage: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = paper.compare(footage, tmp_path, interval=10, workers=1)
    assert set(found) == {PLANES, VIDEO, paper.PAPER}
    assert len(list((tmp_path / paper.PAPER / "frames").rglob("*.jpg"))) == 4 * 24
    decibels = [float(line.split(": ")[1].split()[0]) for line in capsys.readouterr().out.splitlines() if " dB" in line]
    assert len(decibels) == 2
    assert min(decibels) > 35
    assert found[VIDEO].bytes < found[paper.PAPER].bytes < found[PLANES].bytes


@pytest.mark.parametrize("form", memory.FORMS)
def test_memory_is_counted_at_the_start_and_every_so_many_clips(footage: Dataset, tmp_path: Path, form: str) -> None:
    counts = list(memory.epoch(footage, form, tmp_path, views=60, every=20, threads=1))
    assert [count.clips for count in counts] == [0, 20, 40, 60]
    assert all(0 < count.anonymous <= count.rss for count in counts)


def test_a_slope_is_that_of_the_line_and_its_interval_holds_it() -> None:
    noise = np.random.default_rng(0).integers(-50, 50, 20)
    counts = [memory.Count(500 * n, 10_000 + 40 * n + int(noise[n]), 0) for n in range(20)]
    growth, half = memory.slope(counts, "rss")
    assert abs(growth - 80) <= half
    assert 0 < half < 40


def test_the_gpu_script_measures_every_side_on_a_cpu(footage: Dataset, tmp_path: Path) -> None:
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "videos").symlink_to(footage.root)
    once = [word for name in ("batch", "steps", "rounds") for word in (f"--{name}", "1")]
    small = ["--device", "cpu", "--clips", "3", "--frames", "24", "--threads", "0"]
    folders = ["--out", str(tmp_path), "--footage", str(tmp_path / "footage")]
    gpu.main([*once, *small, *folders, "--streams", "c3d", "two-stream motion"])
    rows = json.loads((tmp_path / "gpu.json").read_text("utf-8"))["rows"]
    assert [row["stream"] for row in rows] == ["c3d", "two-stream motion"]
    for row in rows:
        assert set(row["rates"]) == {"limit", PLANES, VIDEO, "loader"}
        assert row["flops_of_a_clip"] > 0


def test_clips_of_a_folder_have_classes_in_order_and_hashes_of_their_own(realdata: Path) -> None:
    dataset = of_folder(realdata / "ucf101", name="ucf101")
    assert list(dataset.classes) == sorted(dataset.classes)
    assert dataset.clips["sha256"].is_unique
