"""Where frames come from follows the memory and the disk there is, or the settings, and is said."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from planes import build

from benchmark.frames import open_frames as opening
from benchmark.frames.geometry import Geometry
from benchmark.frames.live import LiveFrames
from benchmark.frames.open_frames import FreeSpace, choose_form, form_of, free_space, open_frames, planes_bytes
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.resident import ResidentFrames
from benchmark.frames.video_store import VideoStore
from slateboard.dataset import Dataset
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.workspace import Workspace

Lab = Callable[[str], Workspace]
GEOMETRY = Geometry(32, "whole")


@pytest.mark.parametrize(
    ("planes", "has_video", "form"),
    [
        (50, False, "planes"),
        (51, False, "video"),
        (9_000, False, "video"),
        (9_001, False, "live"),
        (9_001, True, "video"),
        (50, True, "planes"),
    ],
)
def test_planes_where_they_fit_else_video_else_live(planes: int, has_video: bool, form: str) -> None:
    assert choose_form(planes, FreeSpace(memory=100, disk=1000), has_video=has_video)[0] == form


def test_planes_that_fit_into_memory_but_not_on_the_disk_are_not_chosen() -> None:
    assert choose_form(50, FreeSpace(memory=100, disk=40), has_video=False)[0] == "video"


def test_planes_that_are_there_are_taken_however_little_room_there_is(
    lab: Lab, squares: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = lab("")
    monkeypatch.setattr(opening, "free_space", lambda folder: FreeSpace(memory=1, disk=10**9))
    assert form_of(open_frames(workspace, squares, GEOMETRY, device="cpu")) == "video"
    build(workspace.stores, squares, GEOMETRY)
    assert form_of(open_frames(workspace, squares, GEOMETRY, device="cpu")) == "planes"


def test_the_estimate_is_what_the_store_takes(squares: Dataset, tmp_path: Path) -> None:
    for geometry in (GEOMETRY, Geometry(24)):
        assert planes_bytes(squares, geometry) == build(tmp_path, squares, geometry).shards.size


def test_clips_of_unknown_length_are_asked_for_it(squares: Dataset) -> None:
    unknown = squares.clips.drop(columns=["frames"])
    assert planes_bytes(replace(squares, clips=unknown), GEOMETRY) == planes_bytes(squares, GEOMETRY)


@pytest.mark.parametrize(
    ("settings", "kind", "form"),
    [
        ("", PlaneStore, "planes"),
        ('[frames]\nform = "video"', VideoStore, "video"),
        ('[frames]\nform = "live"', LiveFrames, "live"),
    ],
)
def test_the_settings_say_where_frames_come_from_and_it_is_said(
    lab: Lab, squares: Dataset, capsys: pytest.CaptureFixture[str], settings: str, kind: type, form: str
) -> None:
    frames = open_frames(lab(settings), squares, GEOMETRY, device="cpu")
    assert isinstance(frames, kind)
    assert form_of(frames) == form
    assert frames.geometry == GEOMETRY
    assert f"frames of squares-v1 at 32-whole: {form}, " in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_said_before_anything_is_built(lab: Lab, squares: Dataset) -> None:
    workspace = lab('[frames]\nresident = "gpu"')
    with pytest.raises(MissingRequirement, match="computes on the CPU"):
        open_frames(workspace, squares, GEOMETRY, device="cpu")
    assert not workspace.stores.exists()


def test_what_a_gpu_holds_is_planes(lab: Lab, squares: Dataset) -> None:
    with pytest.raises(SlateboardError, match='set it to "planes"'):
        open_frames(lab('[frames]\nresident = "gpu"\nform = "video"'), squares, GEOMETRY, device="cuda")


@pytest.mark.parametrize(("free", "wanted", "kind"), [(1e9, "auto", ResidentFrames), (1e5, "auto", PlaneStore)])
def test_planes_lie_in_a_gpu_where_they_take_half_of_it_at_most(
    lab: Lab, squares: Dataset, monkeypatch: pytest.MonkeyPatch, free: float, wanted: str, kind: type
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free), 10**9))
    monkeypatch.setattr(opening, "ResidentFrames", lambda store, device: ResidentFrames(store, "cpu"))
    workspace = lab(f'[frames]\nresident = "{wanted}"')
    frames = open_frames(workspace, squares, GEOMETRY, device="cuda")
    assert isinstance(frames, kind)
    assert form_of(frames) == "planes"
    again = open_frames(workspace, squares, GEOMETRY, device="cuda")
    assert (again is frames) == (kind is ResidentFrames)


def test_a_gpu_that_is_too_small_is_an_error_where_it_was_asked_for(
    lab: Lab, squares: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**5, 10**9))
    with pytest.raises(MissingRequirement, match="over 50%"):
        open_frames(lab('[frames]\nresident = "gpu"'), squares, GEOMETRY, device="cuda")


def test_the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_disk(tmp_path: Path) -> None:
    found = free_space(tmp_path / "not" / "there")
    assert found.memory > 0
    assert abs(found.disk - opening.shutil.disk_usage(tmp_path).free) < 1e9
