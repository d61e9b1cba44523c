"""The frame store holds what decoding gives, says what failed, and ends the same however often it is killed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.frames import store as stores
from benchmark.frames.pictures import Decoded, Geometry
from benchmark.frames.store import build, folder_of
from slateboard import engine
from slateboard.dataset import Dataset, read_release
from slateboard.errors import SlateboardError
from slateboard.media.colour import rgb
from slateboard.media.frames import decode

GEOMETRY = Geometry(32)


def content(folder: Path) -> tuple[bytes, bytes]:
    return (folder / stores.DATA).read_bytes(), (folder / stores.INDEX).read_bytes()


def test_stored_pictures_are_the_decoded_ones(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, Geometry(48))
    clip = squares.clips.iloc[3]
    frames = list(decode(squares.root / clip["path"], short_side=48))
    assert store.frames(clip["clip_id"]) == len(frames)
    planes = store.planes(clip["clip_id"], range(len(frames)))
    np.testing.assert_array_equal(planes[:, :48], np.stack([frame.y for frame in frames]))
    np.testing.assert_array_equal(planes[:, 48:60].reshape(-1, 24, 24), np.stack([frame.u for frame in frames]))
    np.testing.assert_array_equal(planes[:, 60:].reshape(-1, 24, 24), np.stack([frame.v for frame in frames]))


def test_rgb_is_that_of_the_media_door_to_half_a_grey_level(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, Geometry(48))
    clip = squares.clips.iloc[0]
    expected = np.stack([rgb(frame) for frame in decode(squares.root / clip["path"], short_side=48)])
    found = store.rgb(clip["clip_id"], range(len(expected)))
    assert found.dtype == torch.float32
    assert found.shape == (len(expected), 3, 48, 48)
    distance = (found.permute(0, 2, 3, 1) * 255 - torch.from_numpy(expected).float()).abs().max().item()
    assert distance <= 0.501


def test_frames_come_in_the_order_asked_for_and_none_that_is_not_there(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, GEOMETRY)
    clip_id = squares.clips["clip_id"][0]
    backward = store.planes(clip_id, [7, 3, 3])
    np.testing.assert_array_equal(backward[0], store.planes(clip_id, [7])[0])
    np.testing.assert_array_equal(backward[1], backward[2])
    with pytest.raises(IndexError, match="has 20 frames"):
        store.planes(clip_id, [20])


def test_a_landscape_clip_gives_its_centre_square(squares: Dataset, tmp_path: Path) -> None:
    from slateboard.media.encode import write_video

    picture = np.zeros((48, 96, 3), np.uint8)
    picture[:, 24:72] = 200
    broad = released_copy(squares, tmp_path / "copy")
    write_video(broad.root / broad.clips["path"][0], [picture] * 3, frame_rate_hz=10)
    store = build(tmp_path / "stores", broad, Geometry(24))
    assert store.planes(broad.clips["clip_id"][0], [0])[0, :24, 2:22].min() > 150


def test_a_clip_that_cannot_be_read_is_a_row_with_its_reason(squares: Dataset, tmp_path: Path) -> None:
    broken = released_copy(squares, tmp_path / "copy")
    (broken.root / broken.clips["path"][1]).write_bytes(b"no video")
    store = build(tmp_path / "stores", broken, GEOMETRY)
    first, second, third = broken.clips["clip_id"][:3]
    assert (store.frames(first), store.frames(second), store.frames(third)) == (20, 0, 20)
    assert store.failed(first) == ""
    assert Path(broken.clips["path"][1]).name in store.failed(second)
    assert int((store.index["failed"] != "").sum()) == 1


def test_two_processes_write_what_one_writes(squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "cores", lambda: 2)
    one = build(tmp_path / "one", squares, GEOMETRY, workers=1)
    two = build(tmp_path / "two", squares, GEOMETRY, workers=2)
    assert content(one.folder) == content(two.folder)


def test_a_build_that_was_killed_goes_on_and_ends_the_same(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(tmp_path / "whole", squares, GEOMETRY)
    original, calls = stores.decoded, []

    def dies(path: Path, *, geometry: Geometry) -> Decoded:
        calls.append(path)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return original(path, geometry=geometry)

    monkeypatch.setattr(stores, "decoded", dies)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "killed", squares, GEOMETRY)
    folder = folder_of(tmp_path / "killed", squares, GEOMETRY)
    assert not (folder / stores.INDEX).exists()
    # As if the process had died in the middle of a write: half a picture, half a line.
    with (folder / stores.DATA).open("ab") as data, (folder / stores.JOURNAL).open("a") as journal:
        data.write(b"half")
        journal.write('{"clip_id": "v_')
    killed = build(tmp_path / "killed", squares, GEOMETRY)
    assert len(calls) == 6 + len(squares.clips) - 5
    assert content(killed.folder) == content(whole.folder)
    assert not (folder / stores.JOURNAL).exists()


def test_a_store_that_is_there_is_not_built_again(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(tmp_path, squares, GEOMETRY)
    monkeypatch.setattr(stores, "decoded", None)
    assert build(tmp_path, squares, GEOMETRY).folder == first.folder


def test_other_data_another_size_or_another_decoder_is_another_store(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {folder_of(tmp_path, squares, GEOMETRY), folder_of(tmp_path, squares, Geometry(34))}
    monkeypatch.setattr(stores, "decoder", lambda: "av 0")
    folders.add(folder_of(tmp_path, squares, GEOMETRY))
    assert len(folders) == 3


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(SlateboardError, match="is 63; give an even number"):
        Geometry(63)


def released_copy(dataset: Dataset, folder: Path) -> Dataset:
    shutil.copytree(dataset.root, folder)
    return read_release(folder)
