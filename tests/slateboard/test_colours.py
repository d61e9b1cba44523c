"""Colours of odd sources end to end: RGB, palettes, grey, HDR; and pictures that change on the way are refused."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from odd import GREYS, PATCHES, patches, run_ffmpeg, shown, source
from PIL import Image

from slateboard.media.errors import Unreadable
from slateboard.media.ffmpeg import Cut, trim
from slateboard.media.frames import Frame, decode
from slateboard.media.luma import luma_by_counting
from slateboard.media.probe import probe
from slateboard.media.seek import survey
from slateboard.media.tone import compressed, hlg_light, pq_code, pq_light, sdr
from slateboard.records.source import State


def cut_of(path: Path, target: Path, **options: bool) -> Frame:
    frame = next(decode(path))
    trim(path, target, Cut(0, 2, Fraction(25), None, frame.matrix, frame.full_range, 4, **options))
    return next(decode(target))


@pytest.mark.parametrize(
    ("name", "words", "colours", "most"),
    [
        ("png.mov", ["-c:v", "png"], PATCHES, 3),
        ("qtrle.mov", ["-c:v", "qtrle"], PATCHES, 3),
        ("gbr.mp4", ["-c:v", "libx264rgb", "-crf", "0"], PATCHES, 3),
        ("bgra.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgra"], PATCHES, 3),
        ("pal8.avi", ["-c:v", "rawvideo", "-pix_fmt", "pal8"], GREYS[:2], 4),
        ("gray16.mkv", ["-c:v", "ffv1", "-pix_fmt", "gray16le"], GREYS, 3),
        ("gray.mp4", ["-c:v", "libx264", "-crf", "0", "-pix_fmt", "gray"], GREYS, 3),
        ("full444.mp4", ["-c:v", "libx264", "-crf", "0", "-pix_fmt", "yuvj444p"], PATCHES, 4),
        ("yuv422p10.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"], PATCHES, 4),
    ],
)
def test_colours_of_a_source_are_those_of_its_frames_and_of_its_clip(
    tmp_path: Path, name: str, words: list[str], colours: list[tuple[int, int, int]], most: int
) -> None:
    """obsproject/obs-studio#7923, mpv-player/mpv#12089, dmlc/decord#354: lossless RGB, grey, 10 bit."""
    path = tmp_path / name
    run_ffmpeg(*patches(tmp_path, colours), *words, path)
    frame = next(decode(path))
    wanted = np.array(colours)
    assert np.abs(shown(frame, len(colours)) - wanted).max() <= most
    cut = cut_of(path, tmp_path / "cut.mp4")
    assert np.abs(shown(cut, len(colours)) - wanted).max() <= most
    assert (cut.matrix, cut.full_range) == (frame.matrix, frame.full_range)
    assert np.abs(luma_by_counting(path, {0})[0].astype(int) - cut.y).mean() < 1


def test_colours_of_a_gif_are_those_of_its_clip(tmp_path: Path) -> None:
    """pytorch/vision#9009: a GIF comes out otherwise than it is shown."""
    picture = np.concatenate([np.full((48, 16, 3), colour, np.uint8) for colour in PATCHES], axis=1)
    pictures = [
        Image.fromarray(np.roll(picture, shift, axis=0)).quantize(64, dither=Image.Dither.NONE) for shift in (0, 1)
    ]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=[*pictures[1:], pictures[0]], duration=40, loop=0)
    frame = next(decode(tmp_path / "a.gif"))
    assert np.abs(shown(frame, len(PATCHES)) - PATCHES).max() <= 3
    cut = cut_of(tmp_path / "a.gif", tmp_path / "cut.mp4")
    assert np.abs(shown(cut, len(PATCHES)) - PATCHES).max() <= 3


def test_a_size_that_changes_in_mid_file_is_refused_with_its_frame(tmp_path: Path) -> None:
    """wacky6/hikaru#33: a recorded broadcast changes its size on the way."""
    for name, size in (("a.ts", "64x48"), ("b.ts", "96x64")):
        run_ffmpeg(*source(size, seconds=0.5), "-c:v", "mpeg2video", "-f", "mpegts", tmp_path / name)
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    for read in (lambda: list(decode(path)), lambda: list(decode(path, short_side=32, on_error=lambda _: None))):
        with pytest.raises(Unreadable, match=r"size of its pictures changes from 64 x 48 to 96 x 64 at frame \d") as e:
            read()
        assert e.value.state == State.UNSUPPORTED
    with pytest.raises(Unreadable, match="size of its pictures changes"):
        survey(path)


# HDR ----------------------------------------------------------------------------------------------------------------


def test_light_is_what_the_standards_say() -> None:
    # SMPTE ST 2084: 58 % is 203 cd/m2, 75 % is 983 (ITU-R BT.2408-7, table 1); HLG of 75 % is 203 on 1000 cd/m2.
    assert pq_light(np.array([0.0, 0.5807, 0.7518, 1.0])) == pytest.approx([0, 203, 1000, 10_000], rel=0.005)
    assert pq_code(np.array([203.0, 1000.0])) == pytest.approx([0.5807, 0.7518], abs=1e-4)
    assert hlg_light(np.array([0.75] * 3)) == pytest.approx([203] * 3, rel=0.01)
    assert hlg_light(np.ones(3)) == pytest.approx([1000] * 3, rel=0.001)


def test_the_tone_map_leaves_dark_tones_and_ends_at_white() -> None:
    light = np.array([0.0, 1.0, 50.0, 80.0, 300.0, 1000.0, 4000.0])
    found = compressed(light)
    assert found[:4] == pytest.approx(light[:4], abs=0.01)
    assert found[5:] == pytest.approx([203.0, 203.0], rel=0.001)
    assert (np.diff(found[:6]) > 0).all()
    for transfer in ("smpte2084", "arib-std-b67"):
        grey = sdr(np.repeat(np.linspace(0, 1, 11)[:, None], 3, axis=1), transfer)
        assert np.abs(grey - grey[:, :1]).max() < 0.002
        assert grey[0] == pytest.approx([0] * 3) and grey[-1] == pytest.approx([1] * 3, abs=0.002)


@pytest.fixture(params=["smpte2084", "arib-std-b67"])
def hdr(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, NDArray[np.float64]]:
    """An HDR video of stripes, its transfer, and what they are in BT.709."""
    codes = np.array([[0, 0, 0], [0.3] * 3, [0.5] * 3, [0.58] * 3, [0.75] * 3, [0.5, 0.4, 0.3], [0.3, 0.45, 0.5]])
    picture = np.repeat(codes[None], 16, axis=1)
    picture = np.ascontiguousarray(np.broadcast_to(picture, (48, *picture.shape[1:])))
    cv2.imwrite(str(tmp_path / "hdr.png"), np.rint(picture[..., ::-1] * 65535).astype(np.uint16))
    path, tags = tmp_path / "hdr.mp4", ["-color_primaries", "bt2020", "-color_trc", request.param]
    pixels = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le"
    states = f"setparams=color_primaries=bt2020:color_trc={request.param}:colorspace=bt2020nc:range=tv"
    run_ffmpeg(
        "-loop", "1", "-i", tmp_path / "hdr.png", "-frames:v", "3", "-vf", f"{pixels},{states}", "-c:v", "libx264",
        "-crf", "1", *tags, "-colorspace", "bt2020nc", "-color_range", "tv", path,
    )  # fmt: skip
    return path, request.param, 255 * sdr(codes, request.param)


def test_hdr_is_shown_and_cut_as_bt709(hdr: tuple[Path, str, NDArray[np.float64]], tmp_path: Path) -> None:
    """browser-use/video-use#6, meta-pytorch/torchcodec#939: 8 bit with the values and the tags of HDR."""
    path, _, wanted = hdr
    frame = next(decode(path))
    assert (frame.matrix, frame.full_range) == ("bt709", False)
    assert np.abs(shown(frame, len(wanted)) - wanted).max() <= 4
    cut = cut_of(path, tmp_path / "cut.mp4")
    assert np.abs(shown(cut, len(wanted)) - wanted).max() <= 5
    media = probe(tmp_path / "cut.mp4", media_id="m", relative="m")
    assert (media.transfer, media.primaries) == ("bt709", "bt709")
    assert np.abs(luma_by_counting(path, {1})[1].astype(int) - cut.y).mean() < 1
    assert not {b"mdcv", b"clli"} & {(tmp_path / "cut.mp4").read_bytes()[n : n + 4] for n in range(4000)}


def test_hdr_that_is_kept_has_10_bit_and_its_own_tags(
    hdr: tuple[Path, str, NDArray[np.float64]], tmp_path: Path
) -> None:
    path, transfer, wanted = hdr
    cut = cut_of(path, tmp_path / "cut.mp4", tone_map=False)
    media = probe(tmp_path / "cut.mp4", media_id="m", relative="m")
    assert (media.transfer, media.primaries) == (transfer, "bt2020")
    # It is shown as its source is: by the same tone map.
    assert np.abs(shown(cut, len(wanted)) - wanted).max() <= 5


def test_the_cases_of_hdr_are_shown_in_colour(cases: Path, tmp_path: Path) -> None:
    for name in ("m30_pq.mp4", "m31_hlg.mp4"):
        path = cases / "case-14" / name
        frame = next(decode(path, short_side=64))
        assert (frame.matrix, frame.y.shape[0]) == ("bt709", 64)
        cut = cut_of(path, tmp_path / name)
        assert np.abs(next(decode(path)).y.astype(int) - cut.y).mean() < 2
