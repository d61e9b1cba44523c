"""Trims are exact to the frame and proved; a trim that cannot be proved is a failed clip with its reason."""

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from drawing import moving
from numpy.typing import NDArray

import curate.clips.trim
from curate.analysis import observations
from curate.clips.trim import TrimJob, cut, failed_clips, group_for_passes
from curate.clips.verification import psnr_db
from slateboard.media import ffmpeg
from slateboard.media.errors import Unreadable
from slateboard.media.frames import decode
from slateboard.media.luma import decode_with_luma, luma_by_counting, luma_by_seeking
from slateboard.media.probe import probe
from slateboard.records.clip import Clip
from slateboard.records.observation import Observation
from slateboard.settings import ClipSettings, Limits


def _clip(first: int, last: int, *, media_id: str = "m", start_s: float = 0.0) -> Clip:
    return Clip(
        clip_id=f"{first}-{last}", source_id="s", media_id=media_id, shot_id=None, label="Squat", group="g",
        first_frame=first, last_frame=last, start_s=start_s, end_s=start_s + 1, state="accepted",
    )  # fmt: skip


def _job(source: Path, root: Path, *ranges: tuple[int, int], **settings: Any) -> TrimJob:
    """Return the job of cutting ranges of frames, after the analysis that it needs."""
    errors: list[str] = []
    frames = decode(source, on_error=errors.append)
    rows = [{"frame": frame.index, "pts": frame.pts, "seconds": frame.seconds} for frame in frames]
    seen = Observation(media_id="m", analyser="timeline", version=1, parameters={}, rows=tuple(rows))
    observations.write(root / "observations", seen)
    media = probe(source, media_id="m", relative="m").model_copy(update={"path": str(source)})
    return TrimJob(
        clips=tuple(_clip(*one) for one in ranges),
        media=media.model_copy(update={"frames": len(rows), "decode_errors": len(errors)}),
        root=root,
        folder=root / "clips",
        observations=root / "observations",
        settings=ClipSettings.model_validate(settings),
    )


def _uneven(path: Path, pictures: list[NDArray[np.uint8]], milliseconds: list[int]) -> Path:
    """Write pictures at times of one's own."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "10", "g": "8"}
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for picture, at in zip(pictures, milliseconds, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _nearest(target: Path, source: Path) -> list[int]:
    """Return, for each frame of a cut, the source's frame that it is nearest to."""
    before = [frame.y.astype(int) for frame in decode(source)]
    return [int(np.argmin([np.abs(frame.y - one).mean() for one in before])) for frame in decode(target)]


def test_a_trimmed_clip_carries_its_proof(draw: Callable[..., Path], tmp_path: Path) -> None:
    (done,) = cut(_job(draw("a.mp4", moving(40)), tmp_path, (5, 24)))
    assert (done.state, done.frames, done.fps, done.width, done.height) == ("trimmed", 20, 15.0, 96, 64)
    assert done.path == "clips/5-24.mp4"
    assert done.duration_s == pytest.approx(20 / 15)
    assert done.proof is not None
    kept = {"frames": 20, "timing": "frames", "doubled": 0, "dropped": 0, "first_frame": 5, "last_frame": 24}
    assert {name: done.proof[name] for name in kept} == kept
    for end in ("first", "last"):
        assert min(done.proof[f"{end}_psnr_db"], 30) > max(done.proof[f"{end}_neighbours_psnr_db"]) - 5
        assert done.proof[f"{end}_psnr_db"] > 30
    assert done.fingerprint is not None and len(done.fingerprint.split("-")) == 4


def test_clips_cut_in_one_pass_are_the_ones_cut_alone(draw: Callable[..., Path], tmp_path: Path) -> None:
    source, ranges = draw("a.mp4", moving(60)), [(5, 20), (21, 40), (30, 59)]
    done = cut(_job(source, tmp_path / "one", *ranges))
    alone = [cut(_job(source, tmp_path / "two", one))[0] for one in ranges]
    assert [clip.sha256 for clip in done] == [clip.sha256 for clip in alone]
    assert [_nearest(tmp_path / "one" / "clips" / f"{first}-{last}.mp4", source) for first, last in ranges] == [
        list(range(first, last + 1)) for first, last in ranges
    ]


def test_frames_that_are_not_there_fail_their_clip_alone_and_leave_no_file(
    draw: Callable[..., Path], tmp_path: Path
) -> None:
    good, bad = cut(_job(draw("a.mp4", moving(20)), tmp_path, (2, 8), (5, 30)))
    assert (good.state, bad.state, bad.path) == ("trimmed", "failed", None)
    assert "frame 30 of a.mp4 is not there: it has 20 frames." in (bad.reason or "")
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["2-8.mp4"]


@pytest.mark.parametrize("beside", [-1, 1])
def test_a_cut_of_other_frames_is_not_proved(
    draw: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: int
) -> None:
    source = draw("a.mp4", moving(40))
    honest = ffmpeg.trim_all

    def late(source: Path, cuts: dict[Path, Any], **how: Any) -> None:
        pts = [frame.pts for frame in decode(source)]
        moved = {
            target: one.__class__(
                **{**vars(one), "first_frame": 5 + beside, "last_frame": 24 + beside,
                   "pts": (pts[5 + beside], pts[24 + beside])}
            )
            for target, one in cuts.items()
        }  # fmt: skip
        honest(source, moved, **how)

    monkeypatch.setattr(curate.clips.trim, "trim_all", late)
    (done,) = cut(_job(source, tmp_path, (5, 24)))
    assert done.state == "failed"
    assert "is not what the cut shows" in (done.reason or "")
    assert list((tmp_path / "clips").iterdir()) == []


def test_what_is_not_proved_after_a_seek_is_cut_again_by_counting(
    draw: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curate.clips.trim, "luma_by_seeking", lambda path, indices, pts, *, limits, stream: {})
    (done,) = cut(_job(draw("a.mp4", moving(20)), tmp_path, (3, 9)))
    assert (done.state, done.frames) == ("trimmed", 7)


def test_a_media_without_a_timeline_says_what_to_do(draw: Callable[..., Path], tmp_path: Path) -> None:
    job = _job(draw("a.mp4", moving(20)), tmp_path, (3, 9))
    observations.path_of(job.observations, "m", "timeline").unlink()
    assert [(clip.state, clip.reason) for clip in cut(job)] == [
        ("failed", "The observation m.../timeline.parquet is not there. `slateboard curate analyse` makes it again.")
    ]


def test_a_lost_job_is_as_many_failed_clips(draw: Callable[..., Path], tmp_path: Path) -> None:
    job = _job(draw("a.mp4", moving(20)), tmp_path, (3, 9), (10, 12))
    assert [(clip.state, clip.reason) for clip in failed_clips(job, "killed")] == [("failed", "killed")] * 2


def test_clips_near_each_other_go_together() -> None:
    clips = [_clip(n * 30, n * 30 + 29, start_s=n) for n in range(10)]
    clips += [_clip(900, 929, start_s=30), _clip(0, 29, media_id="n")]
    groups = [[clip.first_frame for clip in group] for group in group_for_passes(reversed(clips))]
    assert groups == [[n * 30 for n in range(8)], [240, 270], [900], [0]]


def test_a_pass_ends_where_it_comes_nearest_to_the_frames_it_is_to_hold() -> None:
    clips = [_clip(0, 29), _clip(30, 59), _clip(60, 159), _clip(160, 219), _clip(220, 279), _clip(0, 9, media_id="n")]
    groups = [[clip.first_frame for clip in group] for group in group_for_passes(clips, most_frames={"m": 100.0})]
    assert groups == [[0, 30], [60], [160, 220], [0]]


def test_nearness_is_that_of_floating_point_arithmetic() -> None:
    one, other = np.random.default_rng(0).integers(0, 256, (2, 36, 64), np.uint8)
    expected = 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))
    assert psnr_db(one, other) == round(float(expected), 2)


@pytest.mark.parametrize(
    "name", ["pal_sar_16_11.mp4", "rotated_90.mov", "odd_height_yuv444_640x361.mp4", "made_edit_list.mp4",
             "delayed_start.mp4", "vfr_rotated_phone.mp4", "anim_odd_height.gif", "cover_art_mjpeg.mkv",
             "hevc_128x128.mp4", "one_frame_full_range.mp4"]
)  # fmt: skip
def test_odd_files_trim_upright_square_and_proved(realdata: Path, tmp_path: Path, name: str) -> None:
    source = realdata / "odd" / name
    frames = sum(1 for _ in decode(source))
    (done,) = cut(_job(source, tmp_path, (0, frames - 1)))
    # Files that lost frames, or whose times jitter, last as long as a player shows them.
    lost = {
        "pal_sar_16_11.mp4": 1,
        "odd_height_yuv444_640x361.mp4": 3,
        "made_edit_list.mp4": 2,
        "cover_art_mjpeg.mkv": 1,
    }
    assert (done.state, done.frames, done.reason) == ("trimmed", frames + lost.get(name, 0), None)
    expected = {
        "pal_sar_16_11.mp4": (1024, 576), "rotated_90.mov": (320, 568), "delayed_start.mp4": (480, 320),
        "vfr_rotated_phone.mp4": (1280, 720), "anim_odd_height.gif": (314, 272), "hevc_128x128.mp4": (128, 128),
        "one_frame_full_range.mp4": (1080, 1920),
    }  # fmt: skip
    assert (done.width, done.height) == expected.get(name, (640, 360))


def test_a_damaged_file_gives_what_can_be_proved_and_a_reason_for_the_rest(realdata: Path, tmp_path: Path) -> None:
    whole, damaged = cut(_job(realdata / "odd" / "corrupted.mp4", tmp_path, (0, 15), (16, 31)))
    assert whole.state == "trimmed"
    assert damaged.state == "trimmed" or "is not what the cut shows" in (damaged.reason or "")


def test_colours_of_a_file_that_does_not_state_its_matrix_stay_as_they_are(realdata: Path, tmp_path: Path) -> None:
    """A picture of 1080 lines without a stated matrix is BT.709; ffmpeg would convert it from BT.601."""
    source = realdata / "odd" / "padded_1080.mp4"
    cut(_job(source, tmp_path, (0, 3)))
    before, after = next(decode(source)), next(decode(tmp_path / "clips" / "0-3.mp4"))
    assert (before.matrix, after.matrix) == ("bt709", "bt709")
    for one, other in ((before.y, after.y), (before.u, after.u), (before.v, after.v)):
        assert float(np.abs(one.astype(int) - other).mean()) < 1


def test_a_clip_that_lost_frames_keeps_its_time_or_as_set_its_frames_and_the_proof_says_which(
    realdata: Path, tmp_path: Path
) -> None:
    source = min((realdata / "jhmdb8" / "throw").glob("*.avi"))
    frames = sum(1 for _ in decode(source))
    (timed,) = cut(_job(source, tmp_path / "timed", (0, frames - 1)))
    (counted,) = cut(_job(source, tmp_path / "counted", (0, frames - 1), timing="frames"))
    proved = {"seconds": 1.6, "source_seconds": 1.6, "timing": "time", "by_setting": False, "doubled": 8}
    assert (timed.state, timed.frames, timed.fps, frames) == ("trimmed", 48, 30.0, 40)
    assert timed.proof is not None and {name: timed.proof[name] for name in proved} == proved
    proved = {"seconds": 1.333333, "source_seconds": 1.6, "timing": "frames", "by_setting": True, "doubled": 0}
    assert (counted.state, counted.frames, counted.fps) == ("trimmed", frames, 30.0)
    assert counted.proof is not None and {name: counted.proof[name] for name in proved} == proved


def test_a_cut_that_lasts_otherwise_than_a_player_shows_is_not_proved(
    draw: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule whatever the cause: here frames at 15 Hz that are written at 16 Hz, 1.25 s where 1.33 s were shown."""
    honest = ffmpeg.trim_all

    def fast(source: Path, cuts: dict[Path, Any], **how: Any) -> None:
        hurried = {
            target: replace(one, frame_rate=Fraction(16), spacing_hz=Fraction(16)) for target, one in cuts.items()
        }
        honest(source, hurried, **how)

    monkeypatch.setattr(curate.clips.trim, "trim_all", fast)
    source = draw("a.mp4", moving(80))
    (done,) = cut(_job(source, tmp_path, (5, 74)))
    assert (done.state, done.proof) == ("failed", None)
    assert done.reason == (
        "the cut lasts 4.40 s where a player shows these frames of a.mp4 for 4.67 s. Set [clips] timing = "
        '"time" to keep their time, or "frames" to keep each frame once at whatever length that gives.'
    )


def _stamped(path: Path, ticks: list[int], *, time_base: Fraction, rate: Fraction, **options: str) -> Path:
    """Write drawn pictures at these times into a file whose header claims `rate`."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 1_000_000
        packets = []
        for index, picture in enumerate(moving(len(ticks), size=(64, 48))):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            packets += stream.encode(frame)
        packets += stream.encode(None)
        stream.time_base = time_base
        for packet, tick in zip(packets, ticks, strict=True):
            packet.pts = packet.dts = tick
            packet.time_base = time_base
            container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi"])
def test_a_header_that_is_four_percent_off_retimes_no_clip(tmp_path: Path, suffix: str) -> None:
    """PyAV-Org/PyAV#881, anyc/avcut#19: the rate of the times counts, not that of the header."""
    source = _stamped(
        tmp_path / f"a.{suffix}", [index * 40 for index in range(75)], time_base=Fraction(1, 1000), rate=Fraction(26)
    )
    job = _job(source, tmp_path, (25, 49))
    (done,) = cut(replace(job, media=job.media.model_copy(update={"fps": 26.0})))
    assert (done.state, done.frames, done.fps, done.duration_s, done.reason) == ("trimmed", 25, 25.0, 1.0, None)


def test_a_cut_by_time_whose_header_says_26_is_25(cases: Path, tmp_path: Path) -> None:
    """A cut of HEVC in an open group of pictures, by stream copy: 77 frames, 40 ms apart, claimed as 26 Hz."""
    (done,) = cut(_job(cases / "case-12" / "m39_open_gop_cut.mp4", tmp_path, (0, 76)))
    assert (done.state, done.fps, done.duration_s, done.reason) == ("trimmed", 25.0, 3.08, None)


def test_a_gif_of_two_and_three_hundredths_keeps_its_pace(cases: Path, tmp_path: Path) -> None:
    """imageio/imageio#243: 24 frames of a GIF that last 0.6 s lasted 0.48 s."""
    (done,) = cut(_job(cases / "case-11" / "m44_gif_2_3cs.gif", tmp_path, (0, 23)))
    assert (done.state, done.fps, done.frames, done.duration_s) == ("trimmed", 40.0, 24, 0.6)
    assert done.proof is not None and done.proof["timing"] == "time"


def test_uneven_times_become_a_constant_rate_of_the_same_length(tmp_path: Path) -> None:
    times = [0, 33, 67, 100, 180, 213, 300, 433, 467, 475, 500, 533, 610, 640, 700, 733, 767, 800]
    source = _uneven(tmp_path / "a.mkv", moving(len(times)), times)
    (done,) = cut(_job(source, tmp_path, (2, 15)))
    assert (done.state, done.fps, done.reason) == ("trimmed", 30.0, None)
    assert done.duration_s == pytest.approx((767 - 67) / 1000, abs=0.5 / 30)
    shown = [max(index for index in range(2, 16) if times[index] - 67 < (slot + 0.5) * 1000 / 30) for slot in range(21)]
    assert _nearest(tmp_path / "clips" / "2-15.mp4", source) == shown
    assert done.proof is not None
    assert (done.proof["timing"], done.proof["dropped"]) == ("time", 14 - len(set(shown)))
    assert done.proof["doubled"] == len(shown) - len(set(shown)) > 0


def test_height_and_rate_are_settings(draw: Callable[..., Path], tmp_path: Path) -> None:
    source = draw("a.mp4", moving(40))
    (done,) = cut(_job(source, tmp_path, (10, 29), height=32, frame_rate_hz=7.5))
    assert (done.state, done.width, done.height, done.fps, done.frames) == ("trimmed", 48, 32, 7.5, 10)
    assert done.proof is not None and done.proof["dropped"] == 10


@pytest.mark.parametrize("name", ["bikes.mp4", "sports_titles.mp4"])
def test_frames_found_by_a_seek_are_those_found_by_counting(realdata: Path, name: str) -> None:
    path = realdata / "shots" / name
    pts = [frame.pts for frame in decode(path, short_side=16)]
    wanted = [0, 1, 75, 76, 77, len(pts) - 90, len(pts) - 1]
    sought, counted = luma_by_seeking(path, wanted, pts), luma_by_counting(path, wanted)
    assert list(sought) == list(counted) == wanted
    assert all(np.array_equal(sought[index], counted[index]) for index in wanted)
    assert decode_with_luma(path, wanted).frames == len(pts)


def test_a_file_whose_index_leads_nowhere_is_cut_by_counting(realdata: Path, tmp_path: Path) -> None:
    data = bytearray((realdata / "odd" / "tiny_32x32_mjpeg.avi").read_bytes())
    struct.pack_into("<I", data, data.index(b"idx1") + 20, 0x7FFFFFFF)
    source = tmp_path / "index.avi"
    source.write_bytes(data)
    pts = [frame.pts for frame in decode(source)]
    with pytest.raises(Unreadable, match="cannot be sought in"):
        luma_by_seeking(source, {0, len(pts) - 1}, pts)
    (done,) = cut(_job(source, tmp_path, (0, len(pts) - 1)))
    assert (done.state, done.reason, done.frames) == ("trimmed", None, len(pts))


def test_a_clip_that_its_settings_make_larger_than_pictures_may_be_is_failed(
    draw: Callable[..., Path], tmp_path: Path
) -> None:
    job = _job(draw("a.mp4", moving(20, size=(1600, 64))), tmp_path, (0, 9), height=1080)
    (done,) = cut(replace(job, limits=Limits(max_pixels=2_000_000)))
    assert (done.state, done.reason) == ("failed", "the clip: pictures of 27000 x 1080 are over max_pixels = 2000000.")
