"""The frame store holds what decoding gives, says what failed, and ends the same however often it is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planes import build
from work_here import run_but

from benchmark.frames import build as building
from benchmark.frames import shard_reader
from benchmark.frames.build import build_store
from benchmark.frames.geometry import Box, Geometry, middle, picture_bytes
from benchmark.frames.plane_store import PlaneStore, cut, runs
from benchmark.frames.shard_reader import INDEX, Shards, folder_of
from benchmark.frames.shard_writer import FORMS, ShardJob, shard_name, write_shard
from slateboard import engine
from slateboard.dataset import Dataset, read_release
from slateboard.engine import Place
from slateboard.errors import SlateboardError
from slateboard.media.encode import write_video
from slateboard.media.frames import decode

GEOMETRY = Geometry(32)
WHOLE = Box(0, 0, 32, 32)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four shards of four clips."""
    monkeypatch.setattr(shard_reader, "_LEAST_CLIPS", 4)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def frames(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def test_stored_pictures_are_the_decoded_ones(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, Geometry(48))
    clip = squares.clips.iloc[3]
    decoded = list(decode(squares.root / clip["path"], short_side=48))
    assert store.facts(clip["clip_id"]).frames == len(decoded)
    planes = store.planes(clip["clip_id"], np.arange(len(decoded)), Box(0, 0, 48, 48))
    expected = [np.concatenate([plane.ravel() for plane in (frame.y, frame.u, frame.v)]) for frame in decoded]
    np.testing.assert_array_equal(planes, np.stack(expected))


def test_frames_come_in_the_order_asked_for_and_none_that_is_not_there(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, GEOMETRY)
    clip_id = squares.clips["clip_id"][0]
    backward = store.planes(clip_id, frames(7, 3, 3), WHOLE)
    np.testing.assert_array_equal(backward[0], store.planes(clip_id, frames(7), WHOLE)[0])
    np.testing.assert_array_equal(backward[1], backward[2])
    assert store.planes(clip_id, frames(), WHOLE).shape == (0, picture_bytes(32, 32))
    for wrong in (20, -1):
        with pytest.raises(IndexError, match="has 20 frames"):
            store.planes(clip_id, frames(wrong), WHOLE)


def test_a_box_is_that_part_of_the_picture() -> None:
    picture = np.arange(picture_bytes(8, 12), dtype=np.uint8)
    found = cut(picture[None], Box(2, 4, 4, 6), height=8, width=12)[0]
    luma, chroma = picture[:96].reshape(8, 12), picture[96:].reshape(2, 4, 6)
    expected = [luma[2:6, 4:10], chroma[0, 1:3, 2:5], chroma[1, 1:3, 2:5]]
    np.testing.assert_array_equal(found, np.concatenate([part.ravel() for part in expected]))


def test_a_stretch_of_frames_is_read_at_once() -> None:
    assert runs(frames(4, 5, 6, 6, 9, 8)) == [(4, 0, 3), (6, 3, 4), (9, 4, 5), (8, 5, 6)]
    assert runs(frames()) == []


def test_a_landscape_clip_gives_its_centre_square(squares: Dataset, tmp_path: Path) -> None:
    picture = np.zeros((48, 96, 3), np.uint8)
    picture[:, 24:72] = 200
    broad = released_copy(squares, tmp_path / "copy")
    write_video(broad.root / broad.clips["path"][0], [picture] * 3, frame_rate_hz=10)
    store = build(tmp_path / "stores", broad, Geometry(24))
    assert store.planes(broad.clips["clip_id"][0], frames(0), Box(0, 2, 24, 20))[0, : 24 * 20].min() > 150


def test_a_clip_that_cannot_be_read_is_a_row_with_its_reason(squares: Dataset, tmp_path: Path) -> None:
    broken = released_copy(squares, tmp_path / "copy")
    (broken.root / broken.clips["path"][1]).write_bytes(b"no video")
    for form in FORMS:
        store = shards_of(tmp_path / "stores", broken, form=form)
        first, second, third = (store.places[clip_id] for clip_id in broken.clips["clip_id"][:3])
        assert (first.facts.frames, second.facts.frames, third.facts.frames) == (20, 0, 20)
        assert first.facts.failed == ""
        assert Path(broken.clips["path"][1]).name in second.facts.failed
        assert (second.bytes, third.offset) == (0, first.offset + first.bytes)
        assert int((store.index["failed"] != "").sum()) == 1


def test_a_clip_that_breaks_in_the_middle_leaves_no_picture_of_it(
    realdata: Path, squares: Dataset, tmp_path: Path
) -> None:
    broken = released_copy(squares, tmp_path / "copy")
    # The last of its shard: what was written of it would lie at the end of the file.
    shutil.copy(realdata / "odd" / "corrupted.mp4", broken.root / broken.clips["path"][3])
    for form in FORMS:
        store = shards_of(tmp_path / "stores", broken, form=form)
        place = store.places[broken.clips["clip_id"][3]]
        assert "a frame does not decode" in place.facts.failed
        assert (place.facts.frames, place.bytes) == (0, 0)
        assert (store.folder / shard_name(0, form)).stat().st_size == place.offset > 0


def test_what_the_container_claims_stands_beside_what_decodes_and_is_said(
    realdata: Path, tmp_path: Path, squares: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = released_copy(squares, tmp_path / "copy")
    lying = sorted(realdata.glob("jhmdb8/golf/*.avi"))[0]
    shutil.copy(lying, copy.root / copy.clips["path"][2])
    store = build(tmp_path / "stores", copy, GEOMETRY)
    row = store.shards.index.loc[copy.clips["clip_id"][2]]
    assert (row["claimed"], row["frames"]) == (48, 40)
    assert "1 of 16 containers claim another number of frames than decodes" in capsys.readouterr().err


def test_two_processes_write_what_one_writes(squares: Dataset, tmp_path: Path) -> None:
    one = build_store(tmp_path / "one", squares, GEOMETRY, form="video", place=Place(1))
    two = build_store(tmp_path / "two", squares, GEOMETRY, form="video", place=Place(2))
    assert content(one) == content(two)


def test_the_order_of_the_table_decides_nothing(squares: Dataset, tmp_path: Path) -> None:
    turned = replace(squares, clips=squares.clips.iloc[::-1].reset_index(drop=True))
    one = build(tmp_path / "one", squares, GEOMETRY)
    two = build(tmp_path / "two", turned, GEOMETRY)
    assert content(one.folder) == content(two.folder)


def test_a_build_that_was_killed_goes_on_and_ends_the_same(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(tmp_path / "whole", squares, GEOMETRY)
    written: list[int] = []

    def dies(job: ShardJob) -> int:
        if len(written) == 2:
            (job.folder / ".00002.planes.x.part").write_bytes(b"half")
            raise KeyboardInterrupt
        written.append(job.number)
        return write_shard(job)

    monkeypatch.setattr(building, "write_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "killed", squares, GEOMETRY)
    folder = folder_of(tmp_path / "killed", squares, GEOMETRY)
    assert not (folder / INDEX).exists()
    written.clear()
    monkeypatch.setattr(building, "write_shard", lambda job: written.append(job.number) or write_shard(job))
    killed = build(tmp_path / "killed", squares, GEOMETRY)
    assert written == [2, 3]
    assert content(killed.folder) == content(whole.folder)


def test_a_build_ended_by_signal_9_goes_on_and_ends_the_same(squares: Dataset, tmp_path: Path) -> None:
    whole = build_store(tmp_path / "whole", squares, Geometry(48), form="video")
    program = (
        "from pathlib import Path; from benchmark.frames import shard_reader\n"
        "from benchmark.frames.build import build_store\n"
        "from benchmark.frames.geometry import Geometry; from slateboard.dataset import read_release\n"
        "from slateboard.engine import Place\n"
        "shard_reader._LEAST_CLIPS = 4\n"
        f"build_store(Path({str(tmp_path / 'killed')!r}), read_release(Path({str(squares.root)!r})), Geometry(48),"
        "  form='video', place=Place(1))"
    )
    folder = folder_of(tmp_path / "killed", squares, Geometry(48), form="video")
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL, env=os.environ)
    while process.poll() is None and not list(folder.glob("0*.json")):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert content(build_store(tmp_path / "killed", squares, Geometry(48), form="video")) == content(whole)


def test_a_clip_on_which_processes_die_is_a_row_and_the_others_are_stored(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = squares.clips["clip_id"][5]

    def dies(job: ShardJob) -> bool:
        return victim not in job.crashing_clips and any(clip_id == victim for clip_id, _ in job.clips)

    monkeypatch.setattr(engine, "run", run_but(dies, "its process was killed by SIGSEGV"))
    store = build(tmp_path, squares, GEOMETRY)
    assert "not decoded: its process was killed by SIGSEGV" in store.facts(victim).failed
    assert int((store.shards.index["failed"] != "").sum()) == 1


def test_a_file_that_was_cut_or_is_gone_is_an_error_and_not_other_pictures(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, GEOMETRY)
    first, last = sorted(squares.clips["clip_id"])[:2]
    file = store.folder / shard_name(0, "planes")
    os.truncate(file, picture_bytes(32, 32) * 30)
    assert len(store.planes(first, np.arange(20), WHOLE)) == 20
    with pytest.raises(SlateboardError, match="ends at byte 46080"):
        store.planes(last, np.arange(20), WHOLE)
    file.unlink()
    with pytest.raises(SlateboardError, match="cannot be read"):
        build(tmp_path, squares, GEOMETRY).planes(first, np.arange(20), WHOLE)


def test_a_store_that_is_there_is_not_built_again(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(tmp_path, squares, GEOMETRY)
    monkeypatch.setattr(building, "write_shard", None)
    assert build(tmp_path, squares, GEOMETRY).folder == first.folder


def test_other_data_size_part_form_or_decoder_is_another_store(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {
        folder_of(tmp_path, squares, GEOMETRY),
        folder_of(tmp_path, squares, Geometry(34)),
        folder_of(tmp_path, squares, Geometry(32, "whole")),
        folder_of(tmp_path, squares, GEOMETRY, form="video"),
        folder_of(tmp_path, squares, GEOMETRY, decoded_by="opencv"),
        folder_of(tmp_path, replace(squares, sha256="0" * 64), GEOMETRY),
    }
    monkeypatch.setattr(shard_reader, "decoder", lambda name="pyav": "av 0")
    folders.add(folder_of(tmp_path, squares, GEOMETRY))
    assert len(folders) == 7


def test_a_dataset_without_clips_is_refused(squares: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="squares-v1 has no clips"):
        build(tmp_path, replace(squares, clips=squares.clips.iloc[:0], sha256="0" * 64), GEOMETRY)


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(SlateboardError, match="is 63; give an even number"):
        Geometry(63)


def test_reading_an_epoch_again_and_again_takes_no_more_memory(squares: Dataset, tmp_path: Path) -> None:
    store = build(tmp_path, squares, Geometry(192, "whole"))
    ids, box = list(squares.clips["clip_id"]), middle(192, 192, size=160)

    def epoch() -> None:
        for clip_id in ids:
            store.planes(clip_id, np.arange(16), box)

    epoch()
    before = resident_bytes()
    for _ in range(20):
        epoch()
    # The store has 18 MB, which a mapping would add; an epoch makes 9 MB of pictures, which must be given back.
    assert resident_bytes() - before < 6e6


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def shards_of(stores: Path, dataset: Dataset, *, form: str) -> Shards:
    return Shards(build_store(stores, dataset, GEOMETRY, form=form), GEOMETRY, form)


def released_copy(dataset: Dataset, folder: Path) -> Dataset:
    shutil.copytree(dataset.root, folder)
    return read_release(folder)


def test_threads_that_read_at_once_get_what_one_reads(squares: Dataset, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    store: PlaneStore = build(tmp_path, squares, GEOMETRY)
    wanted = [
        (clip_id, np.arange(start, start + 8)) for clip_id in squares.clips["clip_id"] for start in range(0, 12, 3)
    ]
    alone = [store.planes(clip_id, indices, WHOLE) for clip_id, indices in wanted]
    fresh = PlaneStore(Shards(store.folder, GEOMETRY))
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: fresh.planes(one[0], one[1], WHOLE), wanted))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))
