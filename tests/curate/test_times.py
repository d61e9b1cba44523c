"""Windows are seconds of the player's clock, and a clip of one shows what a player shows in it."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import timed
from drawing import moving

from curate.clips.shortened_windows import shortened_windows, window_lines
from slateboard.catalog.sources import VideoWindow
from slateboard.cli import main
from slateboard.media.probe import probe
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

TICK = Fraction(1, 1000)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of numbered pictures at 25 Hz."""
    return timed.steady(tmp_path_factory.mktemp("base") / "base.mp4")


def test_a_broadcast_put_behind_itself_plays_on(base: Path, tmp_path: Path) -> None:
    """streamlink/streamlink#4535, yt-dlp/yt-dlp#5478: time stamps 0-4 s twice gave 125 frames for a window of 1 s."""
    timed.run("-i", base, "-c", "copy", tmp_path / "once.ts")
    twice = tmp_path / "twice.ts"
    twice.write_bytes((tmp_path / "once.ts").read_bytes() * 2)
    found = timed.brought(twice, tmp_path, (1, 2), (2.5, 3.5), (3.5, 4.5), (6, 7), (None, None))
    assert (found.media.frames, found.media.duration_s, found.media.start_s) == (200, pytest.approx(8.0), 0.0)
    assert found.numbers[:4] == [
        list(range(25, 50)), list(range(63, 88)), [*range(88, 100), *range(13)], list(range(50, 75)),
    ]  # fmt: skip
    assert [clip.duration_s for clip in found.clips] == [1.0, 1.0, 1.0, 1.0, 8.0]
    assert [clip.proof["source_seconds"] for clip in found.clips if clip.proof] == [1.0, 1.0, 1.0, 1.0, 8.0]


def test_a_picture_that_begins_after_its_sound_is_where_a_player_shows_it(cases: Path, tmp_path: Path) -> None:
    """SubtitleEdit/subtitleedit#9828, HandBrake/HandBrake#7994: 2.0-3.0 s of a video that begins at 2 s."""
    path = cases / "case-13" / "m03_video_late_2s.mp4"
    media = probe(path, media_id="m", relative="m")
    assert (media.start_s, media.header_duration_s) == (2.0, 4.0)
    found = timed.brought(path, tmp_path, (2, 3), (None, 3), (5, None))
    assert [(clip.first_frame, clip.last_frame) for clip in found.clips] == [(0, 24), (0, 24), (75, 99)]
    assert [(clip.start_s, clip.end_s) for clip in found.clips] == [(2.0, 3.0), (2.0, 3.0), (5.0, 6.0)]
    assert (found.media.start_s, found.media.duration_s) == (2.0, 4.0)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_the_clock_begins_at_the_start_of_the_container_in_every_container(
    base: Path, tmp_path: Path, suffix: str
) -> None:
    late = tmp_path / f"late.{suffix}"
    sound = ["-f", "lavfi", "-t", "5", "-i", "sine=r=48000"]
    timed.run(*sound, "-itsoffset", "1", "-i", base, "-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac", late)
    found = timed.brought(late, tmp_path, (2, 3))
    # An encoder of sound may begin a block before 0.
    assert found.media.start_s == pytest.approx(1.0, abs=0.03)
    assert found.numbers in ([list(range(25, 50))], [list(range(24, 49))])
    assert found.clips[0].start_s == pytest.approx(2.0, abs=0.04)
    assert found.media.header_duration_s is None or found.media.header_duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(("suffix", "codec"), [("flv", "copy"), ("mpg", "mpeg2video"), ("nut", "copy")])
def test_containers_that_name_their_streams_as_they_come_are_read_with_their_times(
    base: Path, tmp_path: Path, suffix: str, codec: str
) -> None:
    """FLV and MPEG program streams were refused: options for streams that are not known yet."""
    path = tmp_path / f"a.{suffix}"
    timed.run("-i", base, "-c:v", codec, "-q:v", "3", path)
    found = timed.brought(path, tmp_path, (1, 2))
    assert (found.media.start_s, found.media.duration_s) == (0.0, pytest.approx(4.0))
    assert (found.numbers, found.clips[0].fps) == ([list(range(25, 50))], 25.0)


def test_a_gap_of_minutes_in_a_screen_recording_is_shown_as_a_player_shows_it(tmp_path: Path) -> None:
    ticks = [*range(0, 1000, 40), *range(181_000, 182_000, 40)]
    path = timed.stamped(tmp_path / "gap.mkv", ticks, time_base=TICK)
    found = timed.brought(path, tmp_path, (0, 0.9), (181, 182))
    assert found.media.duration_s == pytest.approx(182.0)
    assert found.numbers == [list(range(23)), list(range(25, 50))]
    assert [clip.duration_s for clip in found.clips] == [0.92, 1.0]


def test_an_avi_of_a_thousand_ticks_a_second_has_the_rate_of_its_steps(tmp_path: Path) -> None:
    path = timed.stamped(tmp_path / "a.avi", list(range(0, 2000, 40)), time_base=TICK, rate=1000)
    found = timed.brought(path, tmp_path, (1, 2))
    assert (found.clips[0].fps, found.clips[0].duration_s, found.numbers) == (25.0, 1.0, [list(range(25, 50))])


def _told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(["curate", *words, "--debug"]) == 0
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_a_window_past_the_end_is_told_with_its_line_both_numbers_and_a_remedy(
    workspace: Workspace, draw: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows that are not all there were shortened in silence: a re-upload or a copy cut short went unnoticed."""
    draw("a.mp4", moving(40), frame_rate_hz=10)
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n[clips]\nrule = "whole"\n')
    rows = ["a.mp4,Squat,1,2", "a.mp4,Squat,3,10", "a.mp4,Squat,2,4.05", "a.mp4,Squat,10,12"]
    workspace.sources.write_text(COLUMNS + "".join(f"{row},,,,\n" for row in rows))
    at = ("-w", str(workspace.root))
    for words in (("fetch", *at, "--quiet"), ("analyse", *at, "--quiet", "--workers", "1")):
        assert main(["curate", *words]) == 0
    told = _told(capsys, "propose", *at, "--workers", "1")
    sentence = (
        "line 3: its window is not all there: it ends at 10.00 s and the video at 4.00 s. Correct start or end in the "
        "list; or, if this copy of the video is cut short, bring a whole one."
    )
    assert sentence in " ".join(told.split())
    assert "line 5: no frame lies between start and end; the video has 4.00 s." in told
    assert "line 2:" not in told and "line 4:" not in told and told.count("line 5:") == 1
    again = _told(capsys, "status", *at)
    assert "2 windows are not all there:" in again and sentence in " ".join(again.split())
    capsys.readouterr()
    assert main(["curate", "status", *at, "--json"]) == 0
    assert [row["line"] for row in json.loads(capsys.readouterr().out)["shortened"]] == [3, 5]


def test_a_window_that_begins_before_the_pictures_is_told() -> None:
    late = VideoWindow(7, 0.0, 3.0, 2.0, 6.0, 25.0)
    assert shortened_windows([late])[7].startswith(
        "its window is not all there: it begins at 0.00 s and the pictures of the video at 2.00 s."
    )
    fine = [
        VideoWindow(1, 2.0, 6.04, 2.0, 6.0, 25.0),
        VideoWindow(2, None, 3.0, 2.0, 6.0, 25.0),
        VideoWindow(3, 1.97, None, 2.0, 6.0, 25.0),
    ]
    assert shortened_windows(fine) == {}
    many = dict.fromkeys(range(5), "short")
    assert window_lines(many, most=2)[2:] == ["3 more windows are not whole: `slateboard curate status --all`"]
