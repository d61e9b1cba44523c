"""The decode pass: shots, times and effects of one media."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import card, moving
from numpy.typing import NDArray

from curate.analysis import Job, Pass, analyse, wanted_of
from curate.effects import bars, bw
from curate.stack import FRAMES, Sampler, stack
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.source import State


def _analysed(path: Path) -> tuple[Pass, dict[str, list[dict[str, object]]]]:
    done = analyse(Job(path, probe(path, media_id="m" * 64, relative="m"), wanted_of({})))
    return done, {observation.analyser: list(observation.rows) for observation in done.observations}


def test_cards_and_shots_are_told_apart_to_the_frame(draw: Callable[..., Path]) -> None:
    path = draw("a.mp4", [*card(15), *moving(40, seed=1), *moving(30, seed=2), *card(12)])
    done, rows = _analysed(path)
    assert [(shot["first_frame"], shot["last_frame"], shot["still"]) for shot in rows["shots"]] == [
        (0, 14, True),
        (15, 54, False),
        (55, 84, False),
        (85, 96, True),
    ]
    assert (done.state, done.media.frames, done.media.decode_errors, done.media.variable_rate) == (
        State.FETCHED,
        97,
        0,
        False,
    )
    assert done.media.duration_s == pytest.approx(97 / 15)


def test_every_observation_says_what_made_it_and_effects_have_a_verdict_per_shot(draw: Callable[..., Path]) -> None:
    done, rows = _analysed(draw("a.mp4", [*moving(20, seed=1), *moving(20, seed=2)]))
    assert {one.analyser: (one.version, one.parameters) for one in done.observations} == wanted_of({})
    shots = [shot["shot_id"] for shot in rows["shots"]]
    assert [[row["shot_id"] for row in rows[kind]] for kind in ("bars", "bw")] == [shots, shots]


def test_the_frames_hash_is_of_the_pictures_not_of_the_container(draw: Callable[..., Path], tmp_path: Path) -> None:
    path = draw("a.mp4", moving(10))
    (tmp_path / "b.mp4").write_bytes(path.read_bytes() + b"\0" * 64)
    one, other = (_analysed(name)[0].media.frames_sha256 for name in (path, tmp_path / "b.mp4"))
    changed = _analysed(draw("c.mp4", moving(10, seed=5)))[0].media.frames_sha256
    assert one == other != changed


def _barred(
    pictures: list[NDArray[np.uint8]], top: int, side: int, colour: tuple[int, int, int]
) -> list[NDArray[np.uint8]]:
    done = []
    for picture in pictures:
        framed = np.empty_like(picture)
        framed[:] = colour
        height, width = picture.shape[:2]
        framed[top : height - top, side : width - side] = picture[top : height - top, side : width - side]
        done.append(framed)
    return done


@pytest.mark.parametrize(
    ("top", "side", "colour"), [(12, 0, (0, 0, 0)), (0, 20, (255, 255, 255)), (10, 16, (180, 30, 60))]
)
def test_bars_of_any_colour_are_found_with_the_box_of_the_content(
    draw: Callable[..., Path], top: int, side: int, colour: tuple[int, int, int]
) -> None:
    found = bars.detect(stack(list(decode(draw("x.mp4", _barred(moving(12, size=(160, 96)), top, side, colour))))))
    assert found.present is True
    assert [round(value, 3) for value in (found.x, found.y, found.w, found.h) if value is not None] == pytest.approx(
        [side / 160, top / 96, 1 - side / 80, 1 - top / 48], abs=0.021
    )


def test_a_picture_without_bars_has_none(draw: Callable[..., Path]) -> None:
    found = bars.detect(stack(list(decode(draw("x.mp4", moving(12, size=(160, 96)))))))
    assert found.present is False


def test_a_flat_sky_that_fades_into_the_scene_is_undecided(draw: Callable[..., Path]) -> None:
    pictures = []
    for picture in moving(12, size=(160, 96)):
        fade = np.clip((np.arange(96) - 20) / 60, 0, 1)[:, None, None]
        pictures.append((picture * fade + 200 * (1 - fade)).astype(np.uint8))
    found = bars.detect(stack(list(decode(draw("x.mp4", pictures)))))
    assert (found.present, found.reason) == (None, "flat sides, no straight edge")


def test_one_frame_is_too_little_for_bars(draw: Callable[..., Path]) -> None:
    assert bars.detect(stack(list(decode(draw("x.mp4", card(1)))))).reason == "one frame"


@pytest.mark.parametrize(("saturation", "present"), [(0.0, True), (1.0, False)])
def test_black_and_white_is_told_from_colour(draw: Callable[..., Path], saturation: float, present: bool) -> None:
    pictures = []
    for picture in moving(12):
        grey = picture.mean(axis=2, keepdims=True)
        pictures.append((grey + (picture - grey) * saturation).astype(np.uint8))
    assert bw.detect(stack(list(decode(draw("x.mp4", pictures))))).present is present


def test_a_long_shot_needs_no_more_memory_than_a_short_one(draw: Callable[..., Path]) -> None:
    frames = list(decode(draw("x.mp4", moving(30))))
    sampler = Sampler()
    for index in range(3000):
        sampler.see(
            frames[0].__class__(
                index, 0, frames[0].time_base, 0.0, *(getattr(frames[0], p) for p in "yuv"), "bt709", False
            )
        )
        assert len(sampler._kept) <= 4 * FRAMES
    seen = sampler.close(2000)
    assert seen is not None and len(seen.y) == FRAMES


def test_real_bars_are_found_and_clean_clips_raise_none(realdata: Path) -> None:
    """53 real edited clips, each judged as one shot: 11 carry bars that a person saw."""
    with (realdata / "effects" / "seen_effects_labels.csv").open(encoding="utf-8") as file:
        barred = {row["clip"] for row in csv.DictReader(file) if row["kind"] == "layout.bars"}
    raised = set()
    for path in (realdata / "effects").glob("*.mp4"):
        frames = [frame for frame in decode(path, short_side=256) if frame.index % 10 == 0][:FRAMES]
        if bars.detect(stack(frames)).present:
            raised.add(path.name)
    barred = {name for name in barred if (realdata / "effects" / name).is_file()}
    assert (len(raised & barred), len(barred), raised - barred) == (9, 11, set())
