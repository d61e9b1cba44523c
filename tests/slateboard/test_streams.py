"""The video of a file is the stream that a player would show, or the one that is asked for."""

from pathlib import Path

import pytest
from odd import run_ffmpeg, several_streams, source

from slateboard.media.errors import Unreadable
from slateboard.media.frames import decode
from slateboard.media.frames_hash import frames_sha256
from slateboard.media.luma import luma_by_counting, luma_by_seeking
from slateboard.media.probe import probe
from slateboard.records.media import Media
from slateboard.records.source import State


def _probe(path: Path, stream: int | None = None) -> Media:
    return probe(path, media_id="m", relative="m", stream=stream)


def test_a_cover_without_its_flag_is_not_the_video(cases: Path) -> None:
    """opencast/opencast#3694, bytedeco/javacv#1876: a JPEG cover as first stream."""
    media = _probe(cases / "case-16" / "m23_cover_first_undisposed.mp4")
    assert (media.stream, media.video_streams, media.codec, media.width) == (1, 1, "h264", 320)


def test_a_cover_without_its_flag_is_not_the_video_where_the_header_counts_nothing(tmp_path: Path) -> None:
    """UltraStar-Deluxe/USDX#948. Matroska states no number of pictures, so packets are counted."""
    cover, moving, path = tmp_path / "cover.jpg", tmp_path / "moving.mp4", tmp_path / "both.mkv"
    run_ffmpeg(*source("128x96"), "-frames:v", "1", cover)
    run_ffmpeg(*source("64x48"), "-pix_fmt", "yuv420p", moving)
    run_ffmpeg("-i", cover, "-i", moving, "-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v:0", "0", path)
    media = _probe(path)
    assert (media.stream, media.video_streams, media.codec) == (1, 1, "h264")
    assert sum(1 for _ in decode(path)) == 10


def test_covers_with_their_flag_and_files_of_one_picture_stay_what_they_were(realdata: Path) -> None:
    for name, stream in (("cover_art_mjpeg.mkv", 0), ("cover_art_png.mp4", 0), ("one_frame_full_range.mp4", 0)):
        media = _probe(realdata / "odd" / name)
        assert (media.stream, media.video_streams) == (stream, 1)


def test_of_two_default_streams_the_larger_is_taken(realdata: Path) -> None:
    """photoprism/photoprism#3242: phones write a second video stream."""
    media = _probe(realdata / "odd" / "two_video_streams.mp4")
    assert (media.stream, media.video_streams, media.width, media.height) == (1, 2, 480, 270)


def test_the_default_flag_comes_before_the_size(tmp_path: Path) -> None:
    path = several_streams(tmp_path / "two.mkv", "64x48", "128x96", default=0)
    assert (_probe(path).stream, _probe(path).width) == (0, 64)
    assert (_probe(path, 1).stream, _probe(path, 1).width) == (1, 128)


def test_every_decode_takes_the_stream_that_is_asked_for(tmp_path: Path) -> None:
    path = several_streams(tmp_path / "two.mp4", "64x48", "128x96", default=1)
    for stream, width in ((0, 64), (1, 128)):
        frames = list(decode(path, stream=stream))
        assert {frame.y.shape[1] for frame in frames} == {width}
        pts = [frame.pts for frame in frames]
        for planes in (luma_by_counting(path, {3}, stream=stream), luma_by_seeking(path, {3}, pts, stream=stream)):
            assert (planes[3] == frames[3].y).all()
    assert frames_sha256(path, stream=1) == frames_sha256(path) != frames_sha256(path, stream=0)


def test_a_stream_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = several_streams(tmp_path / "two.mp4", "64x48", "128x96", default=1)
    with pytest.raises(
        Unreadable, match=r"no video stream 7; its video streams are 0 \(64 x 48\), 1 \(128 x 96\)"
    ) as e:
        _probe(path, 7)
    assert e.value.state == State.UNSUPPORTED


def test_a_video_that_begins_after_its_sound_says_so(cases: Path, realdata: Path) -> None:
    assert _probe(cases / "case-13" / "m03_video_late_2s.mp4").start_s == 2.0
    assert _probe(realdata / "odd" / "webvtt_subs.mkv").start_s == 0.023
    assert _probe(realdata / "odd" / "delayed_start.mp4").start_s == 0.0


def test_what_a_stream_states_of_its_pictures_is_kept(cases: Path, realdata: Path) -> None:
    kept = {
        cases / "case-14" / "m30_pq.mp4": ("progressive", "smpte2084", "bt2020"),
        cases / "case-14" / "m31_hlg.mp4": ("progressive", "arib-std-b67", "bt2020"),
        realdata / "odd" / "made_interlaced_tff.mp4": ("top_first", "bt709", "bt709"),
        realdata / "odd" / "tiny_4x4.avi": ("unknown", "unknown", "unknown"),
    }
    found = {path: _probe(path) for path in kept}
    assert {path: (media.field_order, media.transfer, media.primaries) for path, media in found.items()} == kept
