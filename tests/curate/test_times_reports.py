"""Public reports on times: the smallest input of each, and the pictures and seconds that are right."""

from fractions import Fraction
from pathlib import Path

import pytest
import timed

TICK = Fraction(1, 1000)
SECOND = list(range(25, 50))
"""Pictures of the second second at 25 Hz."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return timed.steady(tmp_path_factory.mktemp("base") / "base.mp4")


def test_a_cut_by_stream_copy_begins_with_the_first_picture_that_its_edit_list_shows(
    base: Path, tmp_path: Path
) -> None:
    """voxel51/fiftyone#8410, vllm-project/vllm#48608: pictures before the edit list's start are in the file, unseen."""
    cut = tmp_path / "cut.mp4"
    timed.run("-ss", "1.52", "-i", base, "-c", "copy", cut)
    found = timed.brought(cut, tmp_path, (0, 1), (1, 2))
    assert found.media.start_s == pytest.approx(0.0, abs=0.04)
    assert found.numbers == [list(range(38, 63)), list(range(63, 88))]
    assert found.clips[0].fps == 25.0


def test_a_fragment_that_begins_at_ten_seconds_begins_at_none(base: Path, tmp_path: Path) -> None:
    """video-dev/hls.js#1177: the first `tfdt` says 10 s."""
    late = tmp_path / "late.mp4"
    timed.run("-i", base, "-c", "copy", "-output_ts_offset", "10", "-movflags", "frag_keyframe+empty_moov", late)
    assert timed.brought(late, tmp_path, (1, 2)).numbers == [SECOND]


@pytest.mark.parametrize("offset", [36_000, 95_442.3])
def test_a_broadcast_that_begins_after_hours_or_just_before_its_clock_wraps_begins_at_0(
    base: Path, tmp_path: Path, offset: float
) -> None:
    """pytorch/audio#3824, meta-pytorch/torchcodec#1209: the start of the stream was taken for 0. 33 bits: 95443.7 s."""
    path = tmp_path / "late.ts"
    timed.run("-i", base, "-c", "copy", "-output_ts_offset", offset, path)
    found = timed.brought(path, tmp_path, (1, 2), (3, None))
    assert (found.media.start_s, found.media.duration_s) == (0.0, pytest.approx(4.0))
    assert found.numbers == [SECOND, list(range(75, 100))]


def test_a_section_with_sound_alone_before_it_keeps_its_seconds(base: Path, tmp_path: Path) -> None:
    """yt-dlp/yt-dlp#14380, yt-dlp/yt-dlp#14211: ten seconds without a picture before the wanted section."""
    path = tmp_path / "section.mkv"
    sound = ["-f", "lavfi", "-t", "14", "-i", "sine=r=8000"]
    timed.run(
        *sound, "-itsoffset", "10", "-i", base, "-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "flac", path
    )
    found = timed.brought(path, tmp_path, (11, 12))
    assert (found.media.start_s, found.media.duration_s) == (10.0, pytest.approx(4.0))
    assert found.media.header_duration_s == pytest.approx(4.0, abs=0.1)
    assert found.numbers == [SECOND]


def test_a_broadcast_with_a_hole_plays_on(base: Path, tmp_path: Path) -> None:
    """hwangsaeul/hwangsae#9, stackia/rtp2httpd#676: the camera was away for a minute."""
    for name, offset in (("a", 0), ("b", 64)):
        timed.run("-i", base, "-c", "copy", "-output_ts_offset", offset, tmp_path / f"{name}.ts")
    path = tmp_path / "hole.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    found = timed.brought(path, tmp_path, (3.5, 4.5), (5, 6))
    assert found.media.duration_s == pytest.approx(8.0)
    assert found.numbers == [[*range(88, 100), *range(13)], SECOND]


def test_the_last_frame_of_a_gif_is_shown_for_its_own_delay(tmp_path: Path) -> None:
    """mpv-player/mpv#3924: frames of 1, 2 and 3 s; the third was not shown."""
    path = timed.gif(tmp_path / "slow.gif", [100, 200, 300])
    found = timed.brought(path, tmp_path, (None, None))
    assert found.media.duration_s == pytest.approx(6.0)
    assert found.clips[0].duration_s == pytest.approx(6.0)
    shown = found.numbers[0]
    assert [shown.count(number) / len(shown) for number in range(3)] == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.2)
    assert shown == sorted(shown)


def test_windows_of_a_recording_whose_rate_varies_are_seconds(tmp_path: Path) -> None:
    """Breakthrough/PySceneDetect#168, Breakthrough/DVR-Scan#20: 25 frames a second, then 5 in the dark."""
    ticks = [*range(0, 2000, 40), *range(2000, 6000, 200)]
    path = timed.stamped(tmp_path / "dark.mkv", ticks, time_base=TICK)
    found = timed.brought(path, tmp_path, (1, 2), (3, 5))
    assert found.numbers[0] == SECOND
    assert sorted(set(found.numbers[1])) == list(range(55, 65))
    assert [clip.duration_s for clip in found.clips] == [1.0, 2.0]


@pytest.mark.parametrize(("rate", "fps"), [("60000/1001", 60000 / 1001), ("120000/1001", 120000 / 1001)])
def test_milliseconds_of_matroska_keep_the_rate_and_every_picture(tmp_path: Path, rate: str, fps: float) -> None:
    """FFMS/ffms2#100, mbunkus/mkvtoolnix#1600: 59.94 became 60001/1001 and 59.651; steps are 16 and 17, 8 and 9 ms."""
    path = timed.steady(tmp_path / "fast.mkv", 120, rate=rate)
    found = timed.brought(path, tmp_path, (None, None))
    assert found.numbers == [list(range(120))]
    assert found.clips[0].fps == pytest.approx(fps, rel=1e-3)


def test_two_pictures_of_one_time_are_one_to_a_player(tmp_path: Path) -> None:
    """nixxquality/WebMConverter#117, FFMS/ffms2#192: four pictures had the time stamps of others."""
    ticks = [0, 40, 80, 80, 120, 160, 200, 240, 240, 280, 320, 360]
    path = timed.stamped(tmp_path / "double.mkv", ticks, time_base=TICK)
    found = timed.brought(path, tmp_path, (None, None))
    assert found.media.duration_s == pytest.approx(0.4)
    assert found.clips[0].duration_s == pytest.approx(0.4)
    assert found.numbers == [[0, 1, 3, 4, 5, 6, 8, 9, 10, 11]]


def test_a_stray_time_stamp_holds_no_picture_for_hours(tmp_path: Path) -> None:
    """Zibbp/ganymede#1330: two composition offsets of a live recording lay hours ahead."""
    ticks = [*range(0, 1000, 40), 10_800_000, *range(1040, 2000, 40)]
    path = timed.stamped(tmp_path / "stray.mp4", ticks, time_base=TICK, decoding=list(range(0, 2000, 40)))
    found = timed.brought(path, tmp_path, (0, 1), (1, 2))
    assert found.media.duration_s == pytest.approx(2.0)
    assert found.numbers == [list(range(25)), SECOND]


def test_a_live_webm_without_a_duration_lasts_as_long_as_its_pictures(base: Path, tmp_path: Path) -> None:
    """collab-project/videojs-record#31: a browser's MediaRecorder writes no duration."""
    path = tmp_path / "live.mkv"
    timed.run("-i", base, "-c", "copy", "-f", "matroska", "-live", "1", path)
    found = timed.brought(path, tmp_path, (1, 2))
    assert found.media.header_duration_s is None
    assert found.media.duration_s == pytest.approx(4.0)
    assert found.numbers == [SECOND]


def test_an_avi_with_b_frames_and_no_presentation_times_keeps_every_picture(tmp_path: Path) -> None:
    """xbmc/xbmc#2057, meta-pytorch/torchcodec#683: packets have decoding times alone."""
    path = tmp_path / "b.avi"
    timed.run("-i", timed.steady(tmp_path / "a.mp4", 60), "-c:v", "mpeg4", "-bf", "2", "-q:v", "3", path)
    found = timed.brought(path, tmp_path, (1, 2), (None, None))
    assert found.numbers[1] == list(range(60))
    assert [clip.duration_s for clip in found.clips] == [1.0, 2.4]
