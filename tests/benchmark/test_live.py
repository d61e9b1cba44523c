"""Frames decoded on the fly are those of the store, and a clip that cannot be read is never another clip."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planes import build

from benchmark.frames import live as living
from benchmark.frames.geometry import Box, Geometry
from benchmark.frames.live import LiveFrames, live, size_of
from slateboard.dataset import Dataset, dataset_of_table, read_release
from slateboard.errors import SlateboardError
from slateboard.files import sha256_of
from slateboard.media import seek
from slateboard.media.frames import decode
from slateboard.media.seek import frames_at, survey

WHOLE = Geometry(32, "whole")


def test_odd_and_lying_files_give_what_the_store_gives(realdata: Path, tmp_path: Path) -> None:
    dataset = odd(realdata)
    store, frames = build(tmp_path, dataset, WHOLE), live(tmp_path, dataset, WHOLE)
    readable = 0
    for clip_id in dataset.clips["clip_id"]:
        facts = store.facts(clip_id)
        assert bool(frames.facts(clip_id).failed) == bool(facts.failed), clip_id
        if facts.failed:
            continue
        assert frames.facts(clip_id) == facts
        readable += 1
        box, chance = Box(0, 0, facts.height, facts.width), np.random.default_rng(1)
        for wanted in (chance.integers(0, facts.frames, 3), np.arange(facts.frames)[-16:]):
            np.testing.assert_array_equal(
                frames.planes(clip_id, wanted, box), store.planes(clip_id, wanted, box), err_msg=clip_id
            )
    assert readable > 20


def test_decoding_from_a_key_frame_gives_the_frames_of_a_full_decode(realdata: Path) -> None:
    paths = [*sorted(realdata.glob("jhmdb8/golf/*.avi"))[:2], *sorted(realdata.glob("ucf101/PushUps/*.avi"))[-2:]]
    starts = 0
    for path in paths:
        found = survey(path)
        full = list(decode(path, short_side=32))
        assert found.frames == len(full)
        starts += len(found.starts)
        for start in found.starts:
            wanted = range(start.index, min(start.index + 3, len(full)))
            for frame in frames_at(path, wanted, short_side=32, starts=found.starts):
                np.testing.assert_array_equal(frame.y, full[frame.index].y)
    assert starts > 0


def test_a_key_frame_from_which_other_pictures_come_is_no_place_to_begin(
    realdata: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sorted(realdata.glob("jhmdb8/golf/*.avi"))[0]
    assert survey(path).starts
    original = seek._seek_to

    def late(*given):  # type: ignore[no-untyped-def]
        pictures = original(*given)
        next(pictures)
        yield from pictures

    monkeypatch.setattr(seek, "_seek_to", late)
    assert survey(path).starts == ()


def test_a_clip_that_cannot_be_read_is_a_row_with_its_reason(squares: Dataset, tmp_path: Path) -> None:
    copy = released_copy(squares, tmp_path / "copy")
    file = copy.root / copy.clips["path"][1]
    file.write_bytes(b"no video")
    copy.clips.loc[1, "sha256"] = sha256_of(file)
    frames = live(tmp_path / "stores", copy, WHOLE)
    first, second = (frames.facts(clip_id) for clip_id in copy.clips["clip_id"][:2])
    assert (first.frames, second.frames) == (20, 0)
    assert file.name in second.failed


def test_a_file_that_changed_after_it_was_counted_is_an_error(squares: Dataset, tmp_path: Path) -> None:
    copy = released_copy(squares, tmp_path / "copy")
    frames = live(tmp_path / "stores", copy, WHOLE)
    clip_id, path = copy.clips["clip_id"][0], copy.root / copy.clips["path"][0]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(SlateboardError, match=path.name):
        frames.planes(clip_id, np.array([19]), Box(0, 0, 32, 32))


def test_files_are_counted_once_by_their_content_and_a_killed_count_goes_on(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(living, "survey", lambda path: seen.append(path) or survey(path))
    frames = live(tmp_path, squares, WHOLE)
    assert len(seen) == 16
    journal = next(tmp_path.glob("*/live-*.jsonl"))
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:13]) + lines[13][:40], "utf-8")
    again = live(tmp_path, squares, WHOLE)
    assert len(seen) == 16 + 3
    assert again.surveys == frames.surveys
    assert [json.loads(line)["sha256"] for line in journal.read_text("utf-8").splitlines()] == [
        json.loads(line)["sha256"] for line in lines
    ]
    other = replace(squares, name="others", clips=squares.clips.iloc[:4])
    live(tmp_path, other, Geometry(48))
    assert len(seen) == 16 + 3


def test_a_clip_that_is_read_again_is_not_decoded_again(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = live(tmp_path, squares, WHOLE)
    asked: list[set[int]] = []
    original = living.frames_at
    monkeypatch.setattr(
        living, "frames_at", lambda path, wanted, **more: asked.append(set(wanted)) or original(path, wanted, **more)
    )
    clip_id, box = squares.clips["clip_id"][0], Box(0, 0, 32, 32)
    for wanted in ([1, 2], [2, 3], [1, 3]):
        frames.planes(clip_id, np.array(wanted), box)
    frames.planes(squares.clips["clip_id"][1], np.array([1]), box)
    frames.planes(clip_id, np.array([1]), box)
    assert asked == [{1, 2}, {3}, {1}, {1}]


def test_threads_that_read_at_once_get_what_one_reads(squares: Dataset, tmp_path: Path) -> None:
    frames: LiveFrames = live(tmp_path, squares, WHOLE)
    box = Box(2, 4, 16, 20)
    wanted = [(clip_id, np.array([start, start + 2])) for clip_id in squares.clips["clip_id"] for start in (0, 9)]
    alone = [frames.planes(clip_id, indices, box) for clip_id, indices in wanted]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: frames.planes(one[0], one[1], box), wanted))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))


def test_a_geometry_that_keeps_the_middle_gives_what_the_store_gives(squares: Dataset, tmp_path: Path) -> None:
    geometry = Geometry(24)
    store, frames = build(tmp_path, squares, geometry), live(tmp_path, squares, geometry)
    for clip_id in squares.clips["clip_id"][:2]:
        assert frames.facts(clip_id) == store.facts(clip_id)
        wanted, box = np.array([4, 5, 17]), Box(2, 4, 16, 12)
        np.testing.assert_array_equal(frames.planes(clip_id, wanted, box), store.planes(clip_id, wanted, box))


def test_a_picture_that_is_turned_has_its_sides_exchanged(realdata: Path) -> None:
    found = survey(realdata / "odd" / "rotated_90.mov")
    height, width = size_of(found, WHOLE)
    assert next(decode(realdata / "odd" / "rotated_90.mov", short_side=32)).y.shape == (height, width)
    assert height > width


def odd(realdata: Path) -> Dataset:
    """The odd files, and some with holes in their time stamps, as one class."""
    files = [path for path in sorted((realdata / "odd").iterdir()) if path.suffix not in (".md", ".csv")]
    files += sorted(realdata.glob("jhmdb8/golf/*.avi"))[:2]
    table = pd.DataFrame(
        {
            "clip_id": [path.stem for path in files],
            "path": [str(path.relative_to(realdata)) for path in files],
            "label": "odd",
            "class_index": 1,
            "group": "",
            "sha256": [sha256_of(path) for path in files],
        }
    )
    return dataset_of_table(table, classes=["odd"], root=realdata, name="odd", version="v1")


def released_copy(dataset: Dataset, folder: Path) -> Dataset:
    shutil.copytree(dataset.root, folder)
    return read_release(folder)
