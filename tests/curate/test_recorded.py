"""Interlaced and HDR videos from the file to the clip: what is flagged, what is mended, and what is proved."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from odd import hdr10_plus, run_ffmpeg

from curate.analysis.clip_summary import picture_flags
from curate.steps.analyse import command as analyse
from curate.steps.fetch import command as fetch
from curate.steps.propose import command as propose
from curate.steps.trim import command as trim
from slateboard.catalog.catalog import open_catalog
from slateboard.media.ffmpeg import Cut
from slateboard.media.ffmpeg import trim as trim_media
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.clip import Clip
from slateboard.records.source import State
from slateboard.workspace import Workspace


def interlaced(path: Path, *, order: str = "top", size: str = "128x96", more: str = "") -> Path:
    """Write 1 s of 50 fields/s, as MPEG-2 in a transport stream, of pictures that move sideways."""
    moving = f"testsrc2=size={size}:rate=50:duration=1,scroll=horizontal=0.02{more},tinterlace=mode="
    moving += f"interleave_{order},setfield={'tff' if order == 'top' else 'bff'}"
    coded = ["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-b:v", "8M", "-f", "mpegts"]
    run_ffmpeg("-f", "lavfi", "-i", moving, *coded, path)
    return path


def clip_of(workspace: Workspace, name: str, settings: str) -> Clip:
    """Fetch, analyse, propose, accept and trim the only clip of a file."""
    (workspace.root / "slateboard.toml").write_text(f'name = "tiny"\n[clips]\nrule = "whole"\n{settings}\n')
    workspace = Workspace(workspace.root)
    workspace.sources.write_text(f"url,label\n{name},Squat\n")
    fetch(workspace)
    analyse(workspace, workers=1)
    propose(workspace, workers=1)
    with open_catalog(workspace.catalog) as catalog:
        undecided = catalog.clips("proposed")
        catalog.write_clips([clip.model_copy(update={"state": "accepted"}) for clip in undecided])
    trim(workspace, workers=1)
    with open_catalog(workspace.catalog) as catalog:
        (clip,) = catalog.clips()
    return clip


def combs(path: Path) -> float:
    """Return how much more every second line differs than its neighbours do: the teeth of two times in one picture."""
    planes = [frame.y.astype(int) for frame in decode(path)]
    lines = np.mean([np.abs(2 * plane[1:-1] - plane[:-2] - plane[2:]).mean() for plane in planes])
    fields = np.mean([np.abs(2 * plane[2:-2] - plane[:-4] - plane[4:]).mean() for plane in planes])
    return float(lines / fields)


@pytest.mark.slow
def test_interlaced_video_stays_as_it_is_and_is_flagged(workspace: Workspace) -> None:
    """numz/ComfyUI-SeedVR2_VideoUpscaler#199, n00mkrad/flowframes#375: combs that nobody is told of."""
    interlaced(workspace.root / "i.ts")
    clip = clip_of(workspace, "i.ts", "")
    assert (clip.state, clip.reason) == ("trimmed", None)
    assert "interlaced" in clip.quality
    assert combs(workspace.root / (clip.path or "")) > 0.9 * combs(workspace.root / "i.ts")


def test_all_clips_of_interlaced_or_hdr_media_are_flagged(workspace: Workspace) -> None:
    """numz/ComfyUI-SeedVR2_VideoUpscaler#199, n00mkrad/flowframes#375: combs that nobody is told of."""
    media = probe(interlaced(workspace.root / "i.ts"), media_id="m", relative="m")
    assert (media.field_order, media.transfer) == ("top_first", "unknown")
    flags = {
        order: picture_flags(media.model_copy(update={"field_order": order, "transfer": transfer}))
        for order, transfer in (("top_first", "bt709"), ("bottom_first", "smpte2084"), ("progressive", "arib-std-b67"))
    }
    assert flags == {"top_first": ("interlaced",), "bottom_first": ("interlaced", "hdr"), "progressive": ("hdr",)}
    assert picture_flags(media.model_copy(update={"field_order": "unknown"})) == ()


@pytest.mark.parametrize(
    ("order", "settings"),
    [
        ("top", ""),
        pytest.param("bottom", "", marks=pytest.mark.slow),
        pytest.param("top", "height = 64", marks=pytest.mark.slow),
    ],
    ids=["top", "bottom", "scaled"],
)
def test_a_deinterlaced_clip_is_proved_and_has_no_combs_and_no_flag(
    workspace: Workspace, order: str, settings: str
) -> None:
    interlaced(workspace.root / "i.ts", order=order)
    clip = clip_of(workspace, "i.ts", f"deinterlace = true\n{settings}")
    assert (clip.state, clip.reason) == ("trimmed", None)
    assert "interlaced" not in clip.quality
    assert clip.proof is not None and clip.proof["mended"] == ["interlaced"]
    with open_catalog(workspace.catalog) as catalog:
        (media,) = catalog.media()
    assert media.field_order == f"{order}_first"
    assert clip.frames == media.frames
    if not settings:
        assert combs(workspace.root / (clip.path or "")) < 0.75 * combs(workspace.root / "i.ts")
    propose(Workspace(workspace.root), workers=1)
    with open_catalog(workspace.catalog) as catalog:
        assert "interlaced" not in catalog.clips()[0].quality


def test_metadata_that_is_not_used_is_told_with_the_source(workspace: Workspace) -> None:
    hdr10_plus(workspace.root / "plus.hevc")
    workspace.sources.write_text("url,label\nplus.hevc,Squat\n")
    fetch(workspace)
    with open_catalog(workspace.catalog) as catalog:
        (only,) = catalog.sources()
    assert (only.state, only.reason) == (
        State.FETCHED,
        "its HDR10+ metadata is not used: it is shown as the PQ that it is based on",
    )


def test_the_field_order_is_that_of_the_codec_where_nothing_states_it(tmp_path: Path) -> None:
    """DV's bottom field is the older; MBAFF of H.264 says which."""
    made = {"dv.avi": ["-c:v", "dvvideo"], "mbaff.mp4": ["-c:v", "libx264", "-x264-params", "bff=1"]}
    for name, codec in made.items():
        drawn = ["-f", "lavfi", "-i", "testsrc2=size=720x576:rate=25:duration=0.08", "-pix_fmt", "yuv420p"]
        run_ffmpeg(*drawn, *codec, "-flags", "+ildct+ilme", tmp_path / name)
        assert probe(tmp_path / name, media_id="m", relative="m").field_order == "bottom_first"


def test_progressive_pictures_are_not_changed_by_deinterlacing(tmp_path: Path) -> None:
    path = tmp_path / "p.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-pix_fmt", "yuv420p", path)
    plain = Cut(0, 9, Fraction(10), None, "bt601", False, 10)
    trim_media(path, tmp_path / "plain.mp4", plain)
    trim_media(path, tmp_path / "through.mp4", replace(plain, deinterlace="top_first"))
    assert (tmp_path / "plain.mp4").read_bytes() == (tmp_path / "through.mp4").read_bytes()


@pytest.mark.parametrize(
    ("name", "transfer"),
    [pytest.param("m30_pq.mp4", "smpte2084", marks=pytest.mark.slow), ("m31_hlg.mp4", "arib-std-b67")],
)
def test_hdr_is_flagged_and_leaves_as_bt709_or_as_it_is(
    workspace: Workspace, cases: Path, name: str, transfer: str
) -> None:
    """browser-use/video-use#6, meta-pytorch/torchcodec#939: 8 bit still tagged as HDR."""
    (workspace.root / name).write_bytes((cases / "case-14" / name).read_bytes())
    clip = clip_of(workspace, name, "")
    assert (clip.state, clip.reason) == ("trimmed", None)
    assert "hdr" in clip.quality
    path = workspace.root / (clip.path or "")
    assert probe(path, media_id="m", relative="m").transfer == "bt709"
    path.unlink()
    kept = clip_of(workspace, name, "tone_map = false")
    assert (kept.state, kept.reason) == ("trimmed", None)
    assert "hdr" in kept.quality
    assert probe(path, media_id="m", relative="m").transfer == transfer
