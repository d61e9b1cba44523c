"""The media door: what a file claims, what decodes, and how colours come out."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from drawing import moving
from PIL import Image

from slateboard.media.colour import rgb
from slateboard.media.errors import Unreadable
from slateboard.media.ffmpeg import Cut, trim
from slateboard.media.fingerprints import frame_hash, spread_indices
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.media.sheets import SheetRow, contact_sheet
from slateboard.records.source import State

# Frames that PyAV 18 decodes of each odd file, rotation and whether its times are uneven; read off the files.
ODD_FRAMES = {
    "alpha_vp9.webm": 150, "anim_odd_height.gif": 30, "av1.mkv": 125, "cover_art_mjpeg.mkv": 60,
    "cover_art_png.mp4": 60, "delayed_start.mp4": 24, "h264_10bit.mp4": 30, "hevc_10bit.mp4": 30,
    "made_edit_list.mp4": 27, "made_interlaced_tff.mp4": 15, "made_latin1_title.mkv": 32,
    "no_duration_vp9.webm": 74, "odd_height_yuv444_640x361.mp4": 32, "one_frame_full_range.mp4": 1,
    "rotated_90.mov": 3, "rotated_180.mov": 3, "tiny_4x4.avi": 20, "two_video_streams.mp4": 62,
    "vfr_rotated_phone.mp4": 4, "yuv422p.mp4": 60,
}  # fmt: skip
REFUSED = {
    "made_truncated_no_moov.mp4": State.CORRUPT,
    "no_video_stream.mp4": State.NOT_VIDEO,
    "zero_byte.mp4": State.CORRUPT,
}


@pytest.mark.parametrize("name", ODD_FRAMES)
def test_odd_files_decode_to_their_frames(realdata: Path, name: str) -> None:
    frames = list(decode(realdata / "odd" / name, short_side=32))
    assert len(frames) == ODD_FRAMES[name]
    assert {frame.index for frame in frames} == set(range(len(frames)))
    assert all(frame.y.shape == (2 * frame.u.shape[0], 2 * frame.u.shape[1]) for frame in frames)


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_no_video_are_refused_with_a_state(realdata: Path, name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        probe(realdata / "odd" / name, media_id="m", relative="m")
    assert caught.value.state == REFUSED[name]


@pytest.mark.parametrize("name", ["corrupted.mp4", "made_truncated_faststart.mp4"])
def test_damage_is_reported_and_what_decodes_is_kept(realdata: Path, name: str) -> None:
    errors: list[str] = []
    frames = list(decode(realdata / "odd" / name, short_side=32, on_error=errors.append))
    assert (len(errors), len(frames)) == (1, {"corrupted.mp4": 49, "made_truncated_faststart.mp4": 33}[name])
    with pytest.raises(Unreadable, match="does not decode"):
        list(decode(realdata / "odd" / name, short_side=32))


def test_header_counts_are_kept_apart_from_decoded_frames(realdata: Path) -> None:
    path = min((realdata / "jhmdb8" / "golf").glob("*.avi"))
    claimed = probe(path, media_id="m", relative="m")
    assert claimed.frames is None
    assert claimed.header_frames > len(list(decode(path)))


@pytest.mark.parametrize(("name", "size"), [("rotated_90.mov", (568, 320)), ("rotated_180.mov", (320, 568))])
def test_pictures_come_upright_as_ffmpeg_shows_them(
    realdata: Path, tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    source = realdata / "odd" / name
    frame = next(decode(source))
    cut = Cut(0, 2, Fraction(30), None, frame.matrix, frame.full_range, 12)
    trim(source, tmp_path / "cut.mp4", cut)
    shown = next(decode(tmp_path / "cut.mp4"))
    assert frame.y.shape == shown.y.shape == size
    assert float(np.abs(frame.y.astype(int) - shown.y).mean()) < 2


def test_oblong_pixels_become_square_when_scaled(realdata: Path) -> None:
    frame = next(decode(realdata / "odd" / "pal_sar_16_11.mp4", short_side=72))
    assert frame.y.shape == (72, 128)


def test_a_trim_keeps_exactly_the_frames_first_to_last(draw: Callable[..., Path], tmp_path: Path) -> None:
    source = draw("a.mp4", moving(40))
    before = list(decode(source))
    trim(source, tmp_path / "cut.mp4", Cut(7, 21, Fraction(15), None, "bt709", False, 12))
    after = list(decode(tmp_path / "cut.mp4"))
    assert len(after) == 15
    nearest = [int(np.argmin([np.abs(cut.y.astype(int) - frame.y).mean() for frame in before])) for cut in after]
    assert nearest == list(range(7, 22))
    assert [round(frame.seconds * 15) for frame in after] == list(range(15))


def test_the_same_trim_gives_the_same_bytes(draw: Callable[..., Path], tmp_path: Path) -> None:
    source = draw("a.mp4", moving(20))
    for name in ("one.mp4", "two.mp4"):
        trim(source, tmp_path / name, Cut(2, 15, Fraction(15), None, "bt709", False, 18))
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


@pytest.mark.parametrize("colour", [(200, 40, 40), (40, 200, 40), (40, 40, 200), (128, 128, 128), (250, 250, 250)])
def test_colours_survive_encoding_and_decoding(draw: Callable[..., Path], colour: tuple[int, int, int]) -> None:
    path = draw("flat.mp4", [np.full((64, 96, 3), colour, np.uint8)] * 3)
    found = rgb(next(decode(path)))[32, 48]
    assert np.abs(found.astype(int) - colour).max() <= 4


def test_alike_frames_have_alike_hashes_and_others_do_not() -> None:
    one, other = (np.asarray(Image.fromarray(moving(1, seed=seed, size=(160, 96))[0]).convert("L")) for seed in (1, 2))
    darker = (one * 0.8).astype(np.uint8)
    assert (frame_hash(one) ^ frame_hash(darker)).bit_count() <= 4
    assert (frame_hash(one) ^ frame_hash(other)).bit_count() >= 16


def test_samples_lie_inside_the_clip() -> None:
    assert spread_indices(80) == [10, 30, 50, 70]
    assert spread_indices(1) == [0, 0, 0, 0]


def test_a_contact_sheet_has_a_row_a_title(tmp_path: Path) -> None:
    contact_sheet(tmp_path / "sheet.png", [SheetRow("Đá cầu", moving(3)), SheetRow("Squat", moving(2))], cell=(48, 32))
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (150 + 3 * 52 + 4, 2 * 36 + 4)
