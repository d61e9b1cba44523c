"""The small form of a store: any frames by themselves are those of a full decode, near the pictures, in fewer bytes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmark.frames.geometry import Box, Geometry, middle
from benchmark.frames.open_frames import open_store
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.video_store import VideoStore, stretches
from slateboard.dataset import Dataset
from slateboard.engine import Place
from slateboard.errors import SlateboardError
from slateboard.media.packets import GOP, Decoder, Encoder

BOX = Box(0, 0, 48, 48)


@pytest.fixture(scope="module")
def forms(squares: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[PlaneStore, VideoStore]:
    stores = tmp_path_factory.mktemp("stores")
    planes, video = (
        open_store(stores, squares, Geometry(48), form=form, place=Place(1)) for form in ("planes", "video")
    )
    assert isinstance(planes, PlaneStore)
    assert isinstance(video, VideoStore)
    return planes, video


def test_both_forms_know_the_same_of_every_clip(squares: Dataset, forms: tuple[PlaneStore, VideoStore]) -> None:
    planes, video = forms
    assert [planes.facts(one) for one in squares.clips["clip_id"]] == [
        video.facts(one) for one in squares.clips["clip_id"]
    ]


def test_any_frames_in_any_order_are_those_of_a_full_decode(
    squares: Dataset, forms: tuple[PlaneStore, VideoStore]
) -> None:
    video = forms[1]
    chance = np.random.default_rng(0)
    for clip_id in squares.clips["clip_id"]:
        count = video.facts(clip_id).frames
        full = video.planes(clip_id, np.arange(count), BOX)
        for length in (1, 2, 5, 16):
            wanted = chance.integers(0, count, length)
            np.testing.assert_array_equal(video.planes(clip_id, wanted, BOX), full[wanted])
        last = np.arange(count - 3, count)
        np.testing.assert_array_equal(video.planes(clip_id, last, BOX), full[last])
    with pytest.raises(IndexError, match="has 20 frames"):
        video.planes(clip_id, np.array([count]), BOX)


def test_a_box_is_that_part_of_the_picture(squares: Dataset, forms: tuple[PlaneStore, VideoStore]) -> None:
    from benchmark.frames.plane_store import cut

    clip_id, wanted, box = squares.clips["clip_id"][2], np.array([3, 9, 9]), Box(6, 10, 20, 24)
    whole = forms[1].planes(clip_id, wanted, BOX)
    np.testing.assert_array_equal(forms[1].planes(clip_id, wanted, box), cut(whole, box, height=48, width=48))


def test_real_clips_are_near_their_planes_and_smaller_than_their_source(realdata: Path, tmp_path: Path) -> None:
    from benchmark.frames.shard_writer import write_clip

    paths = sorted(realdata.glob("ucf101/PushUps/*.avi"))[::9]
    assert paths
    source = size = 0
    error = pixels = 0.0
    for number, path in enumerate(paths):
        coded = tmp_path / f"{number}.video"
        with coded.open("wb") as file:
            facts = write_clip(path, file, geometry=Geometry(128, "whole"), form="video")
        with (tmp_path / "planes").open("wb") as file:
            write_clip(path, file, geometry=Geometry(128, "whole"), form="planes")
        data = coded.read_bytes()
        ends = np.frombuffer(data, "<u4", facts.frames)
        assert ends[-1] + 4 * facts.frames == len(data)
        packets = [data[4 * facts.frames :][a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        raw = np.fromfile(tmp_path / "planes", np.uint8).reshape(facts.frames, facts.height, -1)
        for frame, picture in zip(Decoder().pictures(packets), raw, strict=True):
            luma = frame.to_ndarray()[: facts.height, : facts.width].astype(float)
            error += float(((luma - picture.reshape(-1)[: luma.size].reshape(luma.shape)) ** 2).sum())
            pixels += luma.size
        source, size = source + path.stat().st_size, size + len(data)
    assert size < source
    assert 10 * np.log10(255**2 / (error / pixels)) > 38


def test_what_is_decoded_begins_at_key_frames_and_joins_where_they_follow() -> None:
    wanted = np.array([1, 6, GOP, 3 * GOP + 2])
    assert stretches(wanted) == [(0, 6), (GOP, GOP), (3 * GOP, 3 * GOP + 2)]
    assert stretches(np.arange(5, 5 + 16)) == [(0, 20)]


def test_clips_of_several_sizes_go_through_one_decoder() -> None:
    decoder = Decoder()
    for height, width in ((32, 48), (64, 34), (32, 48)):
        pictures = np.random.default_rng(height).integers(0, 255, (9, height * width * 3 // 2), dtype=np.uint8)
        encoder = Encoder(height=height, width=width)
        packets = [packet for picture in pictures for packet in encoder.see(picture)] + encoder.end()
        assert [(frame.height, frame.width) for frame in decoder.pictures(packets)] == [(height, width)] * 9


def test_damaged_packets_are_an_error_and_not_another_picture() -> None:
    encoder = Encoder(height=32, width=32)
    pictures = np.zeros((4, 32 * 48), np.uint8)
    packets = [packet for picture in pictures for packet in encoder.see(picture)] + encoder.end()
    decoder = Decoder()
    with pytest.raises(SlateboardError, match="stored packets"):
        list(decoder.pictures([b"damaged" * 9, *packets[1:]]))
    assert len(list(decoder.pictures(packets))) == 4


def test_threads_that_read_at_once_get_what_one_reads(squares: Dataset, forms: tuple[PlaneStore, VideoStore]) -> None:
    video = forms[1]
    box = middle(48, 48, size=32)
    wanted = [(clip_id, np.arange(start, start + 6)) for clip_id in squares.clips["clip_id"] for start in (0, 5, 11)]
    alone = [video.planes(clip_id, indices, box) for clip_id, indices in wanted]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: video.planes(one[0], one[1], box), wanted))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))
