"""Quality: each flag holds for what it names, not for its look-alikes, and says where it cannot tell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawing import moving
from numpy.typing import NDArray

from curate.analysis.clip_summary import FLAGS, quality_flags
from curate.analysis.decode_pass import DecodeJob, analyse, current_versions
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.media.pyramid import Pyramid
from slateboard.media.sharpness import edge_width
from slateboard.records.media import Shot

SIZE = (384, 256)


def _row(path: Path, **given: Any) -> dict[str, Any]:
    """Return what quality says of a file taken as one shot."""
    media = probe(path, media_id="m" * 64, relative="m")
    frames = list(decode(path))
    shot = Shot(
        shot_id="m-s1", first_frame=0, last_frame=len(frames) - 1, start_s=0, end_s=len(frames) / media.fps,
        boundary="start", cut_score=0, still=False,
    )  # fmt: skip
    done = analyse(DecodeJob(path, media, {"quality": current_versions({"quality": given})["quality"]}, shots=(shot,)))
    return dict(done.observations[0].rows[0])


def _held(row: dict[str, Any]) -> set[str]:
    return {name for name in FLAGS if row[name]}


def _lively(frames: int) -> list[NDArray[np.uint8]]:
    """Return a scene with an edge here and there, of which something moves."""
    return [cv2.rectangle(picture, (250, 30), (330, 200), (10, 20, 30), -1) for picture in moving(frames, size=SIZE)]


def test_a_lively_sharp_picture_carries_no_flag(draw: Callable[..., Path]) -> None:
    row = _row(draw("x.mp4", _lively(20)))
    assert {name: row[name] for name in FLAGS} == dict.fromkeys(FLAGS, False)
    assert row["low_resolution_measure"] == 256


def test_black_is_told_from_night(draw: Callable[..., Path]) -> None:
    dark = [(picture * 0.05).astype(np.uint8) for picture in _lively(20)]
    night = [(picture * 0.35).astype(np.uint8) for picture in _lively(20)]
    assert "black" in _held(_row(draw("dark.mp4", dark)))
    assert "black" not in _held(_row(draw("night.mp4", night)))


def test_half_a_shot_of_black_is_black_and_the_share_says_how_much(draw: Callable[..., Path]) -> None:
    row = _row(draw("x.mp4", [*_lively(10), *[np.zeros((256, 384, 3), np.uint8)] * 20]))
    assert row["black"] is True
    assert row["black_share"] == pytest.approx(2 / 3, abs=0.1)


@pytest.mark.parametrize(("held", "frozen"), [(3, False), (15, True)])
def test_a_picture_held_for_long_enough_is_frozen(draw: Callable[..., Path], held: int, frozen: bool) -> None:
    running = _lively(30)
    row = _row(draw("x.mp4", [*running[:15], *[running[15]] * held, *running[16:]]))
    assert row["frozen"] is frozen
    if frozen:
        assert row["frozen_measure"] == pytest.approx(held / 15, abs=0.3)


def test_a_shot_shorter_than_a_hold_is_undecided(draw: Callable[..., Path]) -> None:
    row = _row(draw("x.mp4", _lively(5)))
    assert (row["frozen"], row["frozen_share"]) == (None, None)


def test_a_wall_with_one_sharp_door_is_sharp_and_blurred_once_it_is_blurred(draw: Callable[..., Path]) -> None:
    wall = [cv2.rectangle(np.full((256, 384, 3), 180, np.uint8), (90, 40), (180, 250), (60, 40, 30), -1)] * 15
    assert _row(draw("sharp.mp4", wall))["blurred"] is False
    assert _row(draw("soft.mp4", [cv2.GaussianBlur(one, (0, 0), 3) for one in wall]))["blurred"] is True


def test_a_picture_without_edges_is_neither_sharp_nor_blurred(draw: Callable[..., Path]) -> None:
    fog = np.broadcast_to(np.linspace(60, 200, 384)[None, :, None], (256, 384, 3)).astype(np.uint8)
    assert _row(draw("x.mp4", [fog] * 15))["blurred"] is None


def test_low_resolution_is_judged_by_square_pixels_and_a_parameter(draw: Callable[..., Path]) -> None:
    path = draw("x.mp4", moving(10, size=(320, 200)))
    assert _row(path)["low_resolution"] is True
    assert _row(path, least_short_side=144)["low_resolution"] is False


@pytest.mark.parametrize(("top", "side", "nested"), [(0, 0, False), (32, 0, False), (0, 60, False), (32, 60, True)])
def test_only_bars_on_both_axes_are_nested(draw: Callable[..., Path], top: int, side: int, nested: bool) -> None:
    pictures = []
    for picture in moving(20, size=SIZE, seed=3):
        framed = np.zeros_like(picture)
        framed[top : 256 - top, side : 384 - side] = picture[top : 256 - top, side : 384 - side]
        pictures.append(framed)
    assert _row(draw("x.mp4", pictures))["nested_bars"] is nested


def test_flags_name_what_holds_in_the_shots_of_a_clip_and_nothing_undecided() -> None:
    clear = dict.fromkeys(FLAGS, False)
    rows = [
        {**clear, "first_frame": 0, "last_frame": 9, "black": True},
        {**clear, "first_frame": 10, "last_frame": 19, "blurred": True, "frozen": None},
    ]
    assert quality_flags(rows, 0, 9) == ("black",)
    assert quality_flags(rows, 5, 12) == ("black", "blurred")
    assert quality_flags(rows, 10, 19) == ("blurred",)
    assert quality_flags(rows, 20, 30) == ()


def test_real_clips_are_sharp_and_the_same_clips_blurred_are_not(realdata: Path) -> None:
    """Clips that no threshold was read from; a blur of sigma 2 at a shorter side of 256 leaves wide edges or none."""
    paths = [*sorted((realdata / "jhmdb8").rglob("*.avi"))[1::40], *sorted((realdata / "ucf101").rglob("*.avi"))[1::12]]
    sharp, soft = 0, 0
    for path in paths:
        luma = np.ascontiguousarray(Pyramid(next(decode(path))).at(256).y)
        sharp += (edge_width(luma) or 9) < 0.95
        soft += (edge_width(np.asarray(cv2.GaussianBlur(luma, (0, 0), 2), np.uint8)) or 9) >= 1.2
    assert sharp == len(paths)
    # 122 of 123 clips in the whole measurement.
    assert soft >= len(paths) - 1
