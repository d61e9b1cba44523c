"""Trims are exact to the frame and proved; a trim that cannot be proved is a failed clip with its reason."""

from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import moving

from curate.trim import Job, cut
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.clip import Clip


def _job(source: Path, target: Path, first: int, last: int) -> Job:
    clip = Clip(
        clip_id="c", source_id="s", media_id="m", shot_id=None, label="Squat", group="g", first_frame=first,
        last_frame=last, start_s=0, end_s=1, state="accepted",
    )  # fmt: skip
    media = probe(source, media_id="m", relative="m")
    return Job(clip=clip, media=media, source=source, target=target, relative="clips/c.mp4", crf=18)


def test_a_trimmed_clip_carries_its_proof(draw: Callable[..., Path], tmp_path: Path) -> None:
    done = cut(_job(draw("a.mp4", moving(40)), tmp_path / "c.mp4", 5, 24))
    assert (done.state, done.frames, done.fps, done.width, done.height) == ("trimmed", 20, 15.0, 96, 64)
    assert done.duration_s == pytest.approx(20 / 15)
    assert done.proof is not None and done.proof["frames"] == 20
    assert min(done.proof["first_psnr_db"], done.proof["last_psnr_db"]) > 30
    assert done.fingerprint is not None and len(done.fingerprint.split("-")) == 4


def test_frames_that_are_not_there_fail_the_clip_and_leave_no_file(draw: Callable[..., Path], tmp_path: Path) -> None:
    done = cut(_job(draw("a.mp4", moving(20)), tmp_path / "c.mp4", 5, 30))
    assert (done.state, done.path) == ("failed", None)
    assert "frame 30 of" in (done.reason or "")
    assert not (tmp_path / "c.mp4").exists()


def test_a_cut_of_other_frames_is_not_proved(
    draw: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import curate.trim

    honest = curate.trim.trim

    def late(source: Path, target: Path, wanted: object) -> None:
        honest(source, target, wanted.__class__(**{**vars(wanted), "first_frame": 6, "last_frame": 25}))  # type: ignore[arg-type]

    monkeypatch.setattr(curate.trim, "trim", late)
    done = cut(_job(draw("a.mp4", moving(40)), tmp_path / "c.mp4", 5, 24))
    assert done.state == "failed"
    assert "is not the source's" in (done.reason or "")


@pytest.mark.parametrize(
    "name", ["pal_sar_16_11.mp4", "rotated_90.mov", "odd_height_yuv444_640x361.mp4", "made_edit_list.mp4"]
)
def test_odd_files_trim_upright_square_and_proved(realdata: Path, tmp_path: Path, name: str) -> None:
    source = realdata / "odd" / name
    frames = sum(1 for _ in decode(source))
    done = cut(_job(source, tmp_path / "c.mp4", 0, frames - 1))
    assert (done.state, done.frames, done.reason) == ("trimmed", frames, None)
    expected = {"pal_sar_16_11.mp4": (1024, 576), "rotated_90.mov": (320, 568), "made_edit_list.mp4": (640, 360)}
    assert (done.width, done.height) == expected.get(name, (640, 360))


def test_a_clip_with_a_lying_header_keeps_its_decoded_frames(realdata: Path, tmp_path: Path) -> None:
    source = min((realdata / "jhmdb8" / "throw").glob("*.avi"))
    frames = sum(1 for _ in decode(source))
    done = cut(_job(source, tmp_path / "c.mp4", 0, frames - 1))
    assert (done.state, done.frames) == ("trimmed", frames)
