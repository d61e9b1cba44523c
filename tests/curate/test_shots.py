"""Shots: cuts, fades and flashes are told apart, whoever names the candidates; cards and still shots are known."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curate.analysis.decode_pass import ANALYSERS
from curate.shots.cards import look
from curate.shots.gradual import mixture
from curate.shots.tracking import DETECTORS, SIZE, boundaries_in
from slateboard.errors import BadInput
from slateboard.media.encode import write_video
from slateboard.media.frames import Frame, decode
from slateboard.media.pyramid import Pyramid
from slateboard.records.media import Media

RATE = 25
Picture = NDArray[np.uint8]
MEDIA = Media(
    media_id="0123456789ab" + "0" * 52, path="media/m.mp4", bytes=1, container="mp4", codec="h264", width=256,
    height=144, rotation=0, sample_aspect=1.0, fps=RATE, header_frames=0, header_duration_s=None, has_audio=False,
)  # fmt: skip


def scene(seed: int, frames: int, *, colour: bool = True, light: float = 1.0, pan: float = 0.0) -> list[Picture]:
    """Draw a textured place in which a disc moves; `pan` pixels a frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 230, (10, 24, 3)).astype(np.uint8)
    if not colour:
        coarse[...] = coarse[..., :1]
    wide = cv2.resize(coarse, (512, 144), interpolation=cv2.INTER_CUBIC)
    found = []
    for number in range(frames):
        picture = np.roll(wide, -round(pan * number), axis=1)[:, :256].copy()
        cv2.circle(picture, (40 + 3 * number % 180, 80), 14, (200, 200, 200), -1)
        found.append((picture * light).astype(np.uint8))
    return found


def mixed(first: Sequence[Picture], second: Sequence[Picture]) -> list[Picture]:
    """Cross-blend two runs of frames of equal length."""
    shares = (np.arange(len(first)) + 1) / (len(first) + 1)
    return [(a * (1 - s) + b * s).astype(np.uint8) for a, b, s in zip(first, second, shares, strict=True)]


def flashed(pictures: list[Picture], at: int, alphas: Sequence[float]) -> list[Picture]:
    """Lay white over some frames."""
    found = list(pictures)
    for number, alpha in enumerate(alphas, at):
        found[number] = (found[number] * (1 - alpha) + 255 * alpha).astype(np.uint8)
    return found


def framed(pictures: Sequence[Picture], *, seconds: Sequence[float] | None = None) -> list[Frame]:
    """Make decoded frames of RGB pictures, limited range, BT.601."""
    found = []
    for index, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), np.uint8)
        y = np.ascontiguousarray(planes[:height])
        u, v = planes[height:].reshape(2, height // 2, width // 2)
        time = index / RATE if seconds is None else seconds[index]
        found.append(Frame(index, index, Fraction(1, RATE), time, y, u.copy(), v.copy(), "bt601", False))
    return found


def watched(pictures: Sequence[Picture], given: dict[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
    """Run the analyser over pictures; return its rows, after checking that `see` told of every shot before the last."""
    module = ANALYSERS.load("shots")
    watcher = module.start(MEDIA, module.settle(given or {}, where="[analysers.shots]"))
    told = [first for frame in framed(pictures, **more) for first in watcher.see(frame)]
    rows: list[dict[str, Any]] = watcher.rows(())
    assert told == [row["first_frame"] for row in rows[1 : len(told) + 1]]
    return rows


def starts(rows: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["first_frame"], row["boundary"]) for row in rows]


def test_shots_hold_every_frame_once() -> None:
    rows = watched([*scene(1, 30), *scene(2, 41), *scene(3, 5), *scene(4, 60)])
    assert starts(rows) == [(0, "start"), (30, "cut"), (71, "cut"), (76, "cut")]
    assert [row["last_frame"] for row in rows] == [29, 70, 75, 135]
    assert [row["shot_id"] for row in rows] == [f"0123456789ab-s{number}" for number in (1, 2, 3, 4)]
    assert all(row["cut_score"] >= 0.5 for row in rows[1:])


def test_cuts_in_footage_without_colour_or_light_are_found() -> None:
    grey = [*scene(1, 20, colour=False), *scene(2, 20, colour=False), *scene(3, 20, colour=False)]
    dark = [*scene(1, 20, light=0.15), *scene(2, 20, light=0.15), *scene(3, 20, light=0.15)]
    assert starts(watched(grey)) == starts(watched(dark)) == [(0, "start"), (20, "cut"), (40, "cut")]


def test_a_pan_and_a_passing_object_are_no_cuts() -> None:
    passing = scene(2, 60)
    for number in range(20, 50):
        passing[number][:, max(0, 30 * (number - 20) - 90) : max(0, 30 * (number - 20))] = 10
    assert starts(watched(scene(1, 60, pan=9.0))) == [(0, "start")]
    assert starts(watched(passing)) == [(0, "start")]


@pytest.mark.parametrize("alphas", [(1.0,), (0.6, 0.3), (0.95, 0.9, 0.9, 0.5)])
def test_a_flash_is_no_cut_and_is_remembered(alphas: tuple[float, ...]) -> None:
    rows = watched([*flashed(scene(1, 60), 25, alphas), *scene(2, 30)])
    assert starts(rows) == [(0, "start"), (60, "cut")]
    assert [row["flashes"] for row in rows] == [[25], []]


def test_a_flash_over_a_cut_is_not_taken_for_a_flash_in_one_shot() -> None:
    rows = watched(flashed([*scene(1, 40), *scene(2, 40)], 39, (0.8, 0.8)))
    assert [row["flashes"] for row in rows] == [[]] * len(rows)
    assert {39, 40, 41} & {row["first_frame"] for row in rows}


def test_a_fade_through_black_begins_shots_at_the_middles_of_its_ramps() -> None:
    down = [(picture * (1 - (n + 1) / 20)).astype(np.uint8) for n, picture in enumerate(scene(1, 20))]
    up = [(picture * ((n + 1) / 20)).astype(np.uint8) for n, picture in enumerate(scene(2, 20))]
    rows = watched([*scene(1, 40), *down, *[np.zeros((144, 256, 3), np.uint8)] * 20, *up, *scene(2, 40)])
    assert [kind for _, kind in starts(rows)] == ["start", "fade", "fade"]
    assert abs(rows[1]["first_frame"] - 50) <= 2
    assert abs(rows[2]["first_frame"] - 90) <= 2


def test_a_dissolve_begins_a_shot_at_its_middle() -> None:
    first, second = scene(1, 60), scene(5, 60)
    rows = watched([*first[:40], *mixed(first[40:], second[:20]), *second[20:]])
    assert [kind for _, kind in starts(rows)] == ["start", "fade"]
    assert abs(rows[1]["first_frame"] - 50) <= 3


def test_a_thing_that_crosses_a_plain_ground_is_no_mixture() -> None:
    pictures = np.full((13, 18, 32), 200, np.float32)
    for number in range(13):
        pictures[number, 6:12, 2 * number : 2 * number + 6] = 40
    assert mixture(pictures.reshape(13, -1)) is None
    ends = np.random.default_rng(0).uniform(0, 255, (2, 576)).astype(np.float32)
    shares = np.linspace(0, 1, 13, dtype=np.float32)[:, None]
    assert (mixture(ends[0] * (1 - shares) + ends[1] * shares) or 0) > 0.5


@pytest.mark.parametrize("name", [name for name in DETECTORS.names() if name != "threshold"])
def test_every_detector_finds_a_plain_cut_and_none_in_a_flash(name: str) -> None:
    rows = watched([*flashed(scene(1, 60), 30, (1.0, 0.5)), *scene(2, 40, light=0.6)], {"detector": name})
    assert starts(rows) == [(0, "start"), (60, "cut")]


@pytest.mark.parametrize(("name", "threshold"), [("adaptive", 1e6), ("content", 255.0), ("hash", 1.1)])
def test_parameters_reach_the_library(name: str, threshold: float) -> None:
    given = {"detector": name, "parameters": {"threshold": threshold}}
    assert starts(watched([*scene(1, 40), *scene(2, 40, light=0.6)], given)) == [(0, "start")]


def test_times_come_from_the_frames_where_the_rate_varies() -> None:
    pictures = [*scene(1, 30), *scene(2, 30)]
    seconds = [0.04 * index if index < 30 else 1.2 + 0.1 * (index - 30) for index in range(60)]
    rows = watched(pictures, seconds=seconds)
    assert (rows[0]["start_s"], rows[0]["end_s"], rows[1]["start_s"]) == (0.0, 1.2, 1.2)
    assert rows[1]["end_s"] == pytest.approx(seconds[-1] + 1 / RATE)


def test_a_still_shot_is_still_and_a_moving_one_is_not() -> None:
    rows = watched([*[scene(1, 1)[0]] * 30, *scene(2, 30)])
    assert [row["still"] for row in rows] == [True, False]


def written(words: str, *, x: int = 20) -> Picture:
    picture = np.full((144, 256, 3), (20, 30, 60), np.uint8)
    cv2.putText(picture, words, (x, 80), cv2.FONT_HERSHEY_DUPLEX, 1.1, (255, 240, 200), 2, cv2.LINE_AA)
    return picture


def test_text_on_plain_ground_is_a_card_moving_or_not() -> None:
    black = [np.zeros((144, 256, 3), np.uint8)] * 25
    rows = watched([*[written("THE END")] * 25, *scene(1, 30), *[written("GOAL", x=n) for n in range(40)]])
    assert [row["card"] for row in rows] == [True, False, True]
    assert [row["card"] for row in watched(black)] == [True]


def test_a_person_on_a_plain_ground_is_no_card() -> None:
    def studio(x: int) -> Picture:
        picture = np.full((144, 256, 3), 235, np.uint8)
        cv2.ellipse(picture, (x, 90), (16, 36), 0, 0, 360, (60, 70, 120), -1)
        cv2.rectangle(picture, (x - 14, 104), (x + 14, 134), (30, 90, 30), -1)
        cv2.circle(picture, (x, 44), 11, (190, 140, 110), -1)
        return np.asarray(cv2.GaussianBlur(picture, (3, 3), 0), np.uint8)

    assert [row["card"] for row in watched([studio(60 + 2 * n) for n in range(30)])] == [False]


def test_the_detector_and_every_parameter_of_it_are_settled() -> None:
    settle = ANALYSERS.load("shots").settle
    settled = settle({"detector": "hash", "parameters": {"threshold": 0.4}}, where="[analysers.shots]")
    assert settled["detector"] == "hash"
    assert settled["parameters"] == {"threshold": 0.4, "size": 8, "lowpass": 2, "min_seconds": 0.4}
    with pytest.raises(BadInput, match="hsh"):
        settle({"detector": "hsh"}, where="[analysers.shots]")
    with pytest.raises(BadInput, match=r"analysers\.shots\.parameters.*treshold"):
        settle({"detector": "hash", "parameters": {"treshold": 1.0}}, where="[analysers.shots]")


def test_a_video_without_frames_has_no_shots() -> None:
    assert watched([]) == []


def test_cuts_survive_the_codec(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, [*scene(1, 33), *scene(2, 4), *scene(3, 33)], frame_rate_hz=RATE, crf=34)
    found = boundaries_in(path, ["structure"])["structure"]
    assert [(one.kind, one.frame) for one in found] == [("cut", 33), ("cut", 37)]


def test_black_cards_with_a_small_line_are_cards(realdata: Path) -> None:
    wanted = {20, 185, 370}
    looks = {
        frame.index: look(Pyramid(frame).at(SIZE)).is_card
        for frame in decode(realdata / "shots" / "psd_testvideo.mp4")
        if frame.index in wanted | {100, 300}
    }
    assert looks == {20: True, 100: False, 185: True, 300: False, 370: True}


def test_nobody_of_weizmann_stands_on_a_card(realdata: Path) -> None:
    clips = sorted((realdata / "weizmann" / "wave2").glob("*.avi"))
    assert clips
    for clip in clips:
        frame = next(iter(decode(clip)))
        assert not look(Pyramid(frame).at(SIZE)).is_card, clip.name
