"""Pictures of public reports: odd sizes, windows, matrices, alpha, anamorphic and turned ones, Dolby Vision."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from odd import PATCHES, hdr10_plus, patches, run_ffmpeg, shown, source

from slateboard.errors import SlateboardError
from slateboard.media import ffmpeg
from slateboard.media.decoders import FFMPEG, decoder_function
from slateboard.media.dynamic import dynamic_note
from slateboard.media.errors import Unreadable
from slateboard.media.ffmpeg import Cut, trim
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.media import Media
from slateboard.records.source import State


def _probe(path: Path) -> Media:
    return probe(path, media_id="m", relative="m")


def _cut(path: Path, target: Path, **options: bool) -> Path:
    frame = next(decode(path))
    trim(path, target, Cut(0, 2, Fraction(25), None, frame.matrix, frame.full_range, 4, **options))
    return target


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuvj444p"])
def test_bt709_of_either_range_keeps_its_colours(tmp_path: Path, pixels: str) -> None:
    """PyAV-Org/PyAV#2149, PyAV-Org/PyAV#1431: BT.709 in full range comes out in other colours."""
    path, extent = tmp_path / "a.mp4", "pc" if pixels.startswith("yuvj") else "tv"
    scale = f"scale=out_color_matrix=bt709:out_range={extent},format={pixels}"
    states = f"setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range={extent}"
    run_ffmpeg(*patches(tmp_path, PATCHES), "-vf", f"{scale},{states}", "-c:v", "libx264", "-crf", "1", path)
    frame = next(decode(path))
    assert (frame.matrix, frame.full_range) == ("bt709", extent == "pc")
    for found in (frame, next(decode(_cut(path, tmp_path / "cut.mp4")))):
        assert np.abs(shown(found, len(PATCHES)) - PATCHES).max() <= 5


@pytest.mark.parametrize("codec", ["libx265", "libx264rgb", "ffv1"])
def test_odd_sizes_lose_a_line_and_a_column_in_frames_and_clips_alike(tmp_path: Path, codec: str) -> None:
    """caydey/ffshare#72, pytorch/vision#6600: widths that 2 or 8 do not divide."""
    path = tmp_path / "odd.mkv"
    words = ["-pix_fmt", "yuv444p"] if codec != "libx264rgb" else []
    run_ffmpeg(*source("65x47", seconds=0.5, rate=25), "-c:v", codec, *words, path)
    frame = next(decode(path))
    cut = next(decode(_cut(path, tmp_path / "cut.mp4")))
    assert frame.y.shape == cut.y.shape == (46, 64)
    assert np.abs(frame.y.astype(int) - cut.y).mean() < 2


def test_the_conformance_window_of_hevc_is_what_is_shown(tmp_path: Path) -> None:
    """mbunkus/mkvtoolnix#1152, moonlight-stream/moonlight-qt#1826: green lines below 1080."""
    path = tmp_path / "window.mp4"
    run_ffmpeg(*source("100x54", seconds=0.2, rate=25), "-c:v", "libx265", "-pix_fmt", "yuv420p", path)
    assert (_probe(path).width, _probe(path).height) == (100, 54)
    assert next(decode(path)).y.shape == (54, 100)
    assert next(decode(_cut(path, tmp_path / "cut.mp4"))).y.shape == (54, 100)


def test_alpha_is_left_out_and_the_colours_stay(realdata: Path, tmp_path: Path) -> None:
    """mpv-player/mpv#10304, renpy/renpy#1402: VP9 with an alpha channel."""
    path = realdata / "odd" / "alpha_vp9.webm"
    frame, cut = next(decode(path)), next(decode(_cut(path, tmp_path / "cut.mp4")))
    assert np.abs(frame.y.astype(int) - cut.y).mean() < 2
    run_ffmpeg(
        *patches(tmp_path, PATCHES), "-vf", "format=rgba,colorchannelmixer=aa=0.5", "-c:v", "png", tmp_path / "p.mov"
    )
    assert np.abs(shown(next(decode(tmp_path / "p.mov")), len(PATCHES)) - PATCHES).max() <= 3


def test_turned_and_anamorphic_pictures_are_scaled_by_the_side_that_is_wide(tmp_path: Path) -> None:
    """Zulko/moviepy#1663, dmlc/decord#24, cvat-ai/cvat#1961: sides swapped, pixels that are not square."""
    path, turned = tmp_path / "a.mp4", tmp_path / "turned.mp4"
    run_ffmpeg(*source("64x48", seconds=0.2, rate=25), "-vf", "setsar=2", "-pix_fmt", "yuv420p", path)
    run_ffmpeg("-display_rotation", "90", "-i", path, "-c", "copy", turned)
    assert (_probe(turned).rotation, _probe(turned).sample_aspect) == (90, 2.0)
    assert next(decode(path, short_side=48)).y.shape == (48, 128)
    assert next(decode(turned, short_side=48)).y.shape == (128, 48)


def test_a_pixel_aspect_that_only_the_container_states_counts(tmp_path: Path) -> None:
    """jellyfin/jellyfin-roku#622, streamyfin/streamyfin#1785: DVDs as AV1 or VP9 are shown 720 wide."""
    path = tmp_path / "a.mkv"
    run_ffmpeg(*source("64x48", seconds=0.2, rate=25), "-vf", "setsar=3/2", "-c:v", "libvpx-vp9", path)
    assert _probe(path).sample_aspect == 1.5
    assert next(decode(path, short_side=48)).y.shape == (48, 96)


def test_vp8_of_a_browser_that_changes_its_size_is_refused_with_the_frame(tmp_path: Path) -> None:
    """radek-k/FFMediaToolkit#105, bvibber/OGVKit#132: WebRTC recordings change their size on the way."""
    for name, size in (("a.ivf", "64x48"), ("b.ivf", "32x24")):
        run_ffmpeg(*source(size, seconds=0.4, rate=25), "-c:v", "libvpx", tmp_path / name)
    first, second = (tmp_path / "a.ivf").read_bytes(), (tmp_path / "b.ivf").read_bytes()
    path = tmp_path / "both.ivf"
    path.write_bytes(first + second[32:])
    with pytest.raises(Unreadable, match="size of its pictures changes from 64 x 48 to 32 x 24 at frame 10"):
        list(decode(path))


def test_a_pixel_aspect_that_changes_in_mid_file_is_refused_with_the_frame(tmp_path: Path) -> None:
    """huceke/omxplayer#174, janbar/pvr.mythtv#203: broadcasts go from 4:3 to 16:9 at the same size."""
    for name, aspect in (("a.ts", "4/3"), ("b.ts", "16/9")):
        words = ["-vf", f"setdar={aspect}", "-c:v", "mpeg2video", "-f", "mpegts"]
        run_ffmpeg(*source("64x48", seconds=0.5, rate=25), *words, tmp_path / name)
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    with pytest.raises(Unreadable, match=r"shape of its pixels changes from 1 to 1.333 at frame \d") as caught:
        list(decode(path, short_side=32))
    assert caught.value.state == State.UNSUPPORTED


@pytest.mark.parametrize(("matrix", "words"), [("ycgco", "colours are in YCgCo"), ("ictcp", "colours are in ICtCp")])
def test_matrices_that_nobody_converts_are_refused_in_our_words(tmp_path: Path, matrix: str, words: str) -> None:
    """PyAV-Org/PyAV#2230: a frame's matrix that the conversion ignores gives other colours in silence."""
    path = tmp_path / "a.mp4"
    states = f"format=yuv444p,setparams=colorspace={matrix}"
    run_ffmpeg(*source(seconds=0.2), "-vf", states, "-c:v", "libx264", "-colorspace", matrix, path)
    with pytest.raises(Unreadable, match=words) as caught:
        next(decode(path))
    assert caught.value.state == State.UNSUPPORTED
    with pytest.raises(Unreadable, match=words):
        _probe(path)


def test_dolby_vision_without_a_base_is_refused_and_with_one_is_played(
    realdata: Path, cases: Path, tmp_path: Path
) -> None:
    """l984-451/Rivulet#234, androidx/media#2023: profile 5 in green and purple. Made by its sample entry."""
    for source_path, is_shown in (
        (realdata / "odd" / "hevc_128x128.mp4", False),
        (cases / "case-14" / "m31_hlg.mp4", True),
    ):
        content = source_path.read_bytes()
        assert b"hvc1" in content or b"hev1" in content
        path = tmp_path / f"{is_shown}.mp4"
        # The brand stays; only the sample entry, the last of them, is another.
        at = max(content.rfind(b"hvc1"), content.rfind(b"hev1"))
        path.write_bytes(content[:at] + b"dvh1" + content[at + 4 :])
        if is_shown:
            assert _probe(path).transfer == "arib-std-b67"
            continue
        with pytest.raises(Unreadable, match="is Dolby Vision without pictures that other players show") as caught:
            _probe(path)
        assert caught.value.state == State.UNSUPPORTED


def test_metadata_that_the_tone_map_does_not_use_is_named(cases: Path, tmp_path: Path) -> None:
    """clsid2/mpc-hc#3857: a phone's Dolby Vision over HLG; HDR10+ here, whose message can be made by hand."""
    path = hdr10_plus(tmp_path / "plus.hevc")
    wanted = "its HDR10+ metadata is not used: it is shown as the PQ that it is based on"
    assert dynamic_note(path, _probe(path)) == wanted
    assert next(decode(path)).matrix == "bt709"
    hlg = cases / "case-14" / "m31_hlg.mp4"
    assert dynamic_note(hlg, _probe(hlg)) is None


@pytest.mark.parametrize("name", ["case-09/m07_transpose_matrix.mp4", "case-14/m30_pq.mp4"])
def test_the_program_as_a_decoder_shows_the_same_pictures(cases: Path, name: str) -> None:
    """PyAV-Org/PyAV#2192: HDR, and turned pictures, by one decoder and by another."""
    frames = [next(decoder_function(decoder)(cases / name, short_side=96)) for decoder in ("pyav", FFMPEG)]
    assert frames[0].y.shape == frames[1].y.shape
    assert np.abs(frames[0].y.astype(int) - frames[1].y).mean() < 3


def test_hdr_is_not_kept_by_a_program_that_writes_no_10_bit(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "_encoder_help", lambda: "Supported pixel formats: yuv420p yuvj420p")
    with pytest.raises(SlateboardError, match=r"writes no 10 bit, which .* tone_map = false needs"):
        _cut(cases / "case-14" / "m31_hlg.mp4", tmp_path / "cut.mp4", tone_map=False)
