"""Frames gathered in a device's memory are those that the store reads; run on the CPU, and on a GPU where there is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from planes import build

from benchmark.frames.geometry import Box, Geometry
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.resident import ResidentFrames
from benchmark.inputs.loader import gather
from benchmark.inputs.samples import Sample
from slateboard.dataset import Dataset, dataset_of_table
from slateboard.media.encode import write_video

BOXES = [Box(0, 0, 20, 16), Box(12, 6, 20, 16), Box(4, 2, 20, 16)]


@pytest.fixture
def store(squares: Dataset, tmp_path: Path) -> PlaneStore:
    """Clips of three sizes."""
    rows = []
    for number, (height, width) in enumerate(((48, 48), (48, 80), (72, 48))):
        pictures = np.random.default_rng(number).integers(0, 255, (12, height, width, 3), dtype=np.uint8)
        write_video(tmp_path / f"{number}.mp4", list(pictures), frame_rate_hz=10)
        rows.append(replace_row(squares, clip_id=str(number), path=f"{number}.mp4"))
    dataset = dataset_of_table(pd.DataFrame(rows), classes=squares.classes, root=tmp_path, name="sizes", version="v1")
    return build(tmp_path / "stores", dataset, Geometry(32, "whole"))


def test_views_of_clips_of_several_sizes_are_those_of_the_store(store: PlaneStore) -> None:
    agree(store, torch.device("cpu"))


@pytest.mark.gpu
def test_views_gathered_on_a_gpu_are_those_of_the_store(store: PlaneStore) -> None:
    agree(store, torch.device("cuda"))


def agree(store: PlaneStore, device: torch.device) -> None:
    indices = [np.array([0, 1, 2]), np.array([11, 11, 4]), np.array([5, 3, 1])]
    items = [Sample(one, str(one), 0, indices[one], BOXES[one]) for one in (2, 0, 1, 2)]
    frames = ResidentFrames(store, device)
    expected, found = gather(store, items), gather(frames, items)
    assert found.planes.device.type == device.type
    assert (found.height, found.width) == (expected.height, expected.width)
    torch.testing.assert_close(found.planes.cpu(), expected.planes, rtol=0, atol=0)
    torch.testing.assert_close(found.colours.cpu(), expected.colours, rtol=0, atol=0)


def test_boxes_of_several_sizes_stand_at_the_beginning_of_their_rows(store: PlaneStore) -> None:
    boxes = [Box(0, 0, 32, 32), Box(0, 0, 20, 16), Box(2, 2, 24, 24)]
    items = [Sample(one, str(one), 0, np.array([3, 4]), box) for one, box in enumerate(boxes)]
    found = ResidentFrames(store, "cpu").gather(items).planes
    for row, item in zip(found, items, strict=True):
        expected = torch.from_numpy(store.planes(item.clip_id, item.indices, item.box))
        torch.testing.assert_close(row[:, : expected.shape[1]], expected, rtol=0, atol=0)


def test_a_frame_that_is_not_there_is_an_error_and_not_one_of_the_next_clip(store: PlaneStore) -> None:
    with pytest.raises(IndexError, match="has 12 frames"):
        ResidentFrames(store, "cpu").gather([Sample(0, "0", 0, np.array([12]), BOXES[0])])


def replace_row(dataset: Dataset, **changes: object) -> dict[str, object]:
    return {**replace(dataset).clips.iloc[0].to_dict(), **changes}
