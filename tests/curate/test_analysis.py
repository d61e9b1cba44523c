"""The decode pass: shots, times and effects of one media."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawing import card, moving
from numpy.typing import NDArray
from PIL import Image

from curate.analysis.decode_pass import (
    ANALYSERS,
    DecodeJob,
    DecodeResult,
    analyse,
    current_versions,
    failed_result,
    stale_analysers,
)
from curate.analysis.effects_pass import EffectsPass
from curate.analysis.stack import Sampler, Stack, stack
from curate.effects import bars, bw
from slateboard.engine import Failure
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.media.pyramid import Pyramid
from slateboard.records.media import Media, Shot
from slateboard.records.observation import Verdict
from slateboard.records.source import State
from slateboard.workers.outcome import attempt


def _analysed(path: Path) -> tuple[DecodeResult, dict[str, list[dict[str, object]]]]:
    done = analyse(DecodeJob(path, probe(path, media_id="m" * 64, relative="m"), current_versions({})))
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
    assert {one.analyser: (one.version, one.parameters) for one in done.observations} == current_versions({})
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
    (found,) = bars.detect(stack(list(decode(draw("x.mp4", _barred(moving(12, size=(160, 96)), top, side, colour))))))
    assert found.present is True
    assert [round(value, 3) for value in (found.x, found.y, found.w, found.h) if value is not None] == pytest.approx(
        [side / 160, top / 96, 1 - side / 80, 1 - top / 48], abs=0.021
    )


def test_a_picture_without_bars_has_none(draw: Callable[..., Path]) -> None:
    (found,) = bars.detect(stack(list(decode(draw("x.mp4", moving(12, size=(160, 96)))))))
    assert found.present is False


def test_a_flat_sky_that_fades_into_the_scene_is_undecided(draw: Callable[..., Path]) -> None:
    pictures = []
    for picture in moving(12, size=(160, 96)):
        fade = np.clip((np.arange(96) - 20) / 60, 0, 1)[:, None, None]
        pictures.append((picture * fade + 200 * (1 - fade)).astype(np.uint8))
    (found,) = bars.detect(stack(list(decode(draw("x.mp4", pictures)))))
    assert (found.present, found.reason) == (None, "flat sides, no straight edge")


def test_one_frame_is_too_little_for_bars(draw: Callable[..., Path]) -> None:
    assert bars.detect(stack(list(decode(draw("x.mp4", card(1))))))[0].reason == "one frame"


@pytest.mark.parametrize(("saturation", "present"), [(0.0, True), (1.0, False)])
def test_black_and_white_is_told_from_colour(draw: Callable[..., Path], saturation: float, present: bool) -> None:
    pictures = []
    for picture in moving(12):
        grey = picture.mean(axis=2, keepdims=True)
        pictures.append((grey + (picture - grey) * saturation).astype(np.uint8))
    assert bw.detect(stack(list(decode(draw("x.mp4", pictures)))))[0].present is present


def test_a_long_shot_needs_no_more_memory_than_a_short_one(draw: Callable[..., Path]) -> None:
    frame = next(decode(draw("x.mp4", moving(2))))
    sampler = Sampler(12)
    for index in range(3000):
        if sampler.wants(index):
            sampler.see(replace(frame, index=index))
        assert len(sampler._frames_kept) <= 48
    seen = [one.index for one in sampler.close(2000)]
    assert len(seen) == 12
    assert seen == sorted(seen) and seen[0] < 100 and seen[-1] > 1900


def test_a_shot_too_large_to_keep_is_handed_over_in_parts_that_together_are_all_of_it(
    draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = next(decode(draw("x.mp4", moving(2))))
    size = frame.y.nbytes + frame.u.nbytes + frame.v.nbytes
    monkeypatch.setattr("curate.analysis.stack.MOST_BYTES", 10 * size)
    sampler = Sampler(None)
    seen: list[int] = []
    for index in range(47):
        part = sampler.see(replace(frame, index=index))
        assert len(part) <= 10
        seen += [one.index for one in part]
    assert sampler.divided
    assert seen + [one.index for one in sampler.close(45)] == list(range(45))
    assert not sampler.divided
    assert [one.index for one in sampler.close(47)] == [45, 46]


def _flashing(stack: Stack) -> list[Verdict]:
    """Stand in for a detector of events: every frame of a bright picture is one."""
    bright = stack.times[stack.y.mean(axis=(1, 2)) > 200].tolist()
    found = [Verdict(present=True, reason="bright", start_s=time, end_s=time) for time in bright]
    return found or [Verdict(present=False, reason="dark")]


def _with_detector(monkeypatch: pytest.MonkeyPatch, **module: object) -> None:
    """Make `bars` and `bw` stand for two detectors with the size, frames and function given."""
    given = SimpleNamespace(CARD=bars.CARD, VERSION=1, **module)
    monkeypatch.setattr(
        "curate.analysis.effects_pass.EFFECTS", SimpleNamespace(load=lambda name: given, names=lambda: ["one", "two"])
    )


def _white(frames: int) -> list[NDArray[np.uint8]]:
    return [np.full((64, 96, 3), 255, np.uint8)] * frames


def test_a_detector_of_events_sees_every_frame_and_says_when(
    draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []

    def detect(stack: Stack) -> list[Verdict]:
        shapes.append(stack.y.shape)
        return _flashing(stack)

    _with_detector(monkeypatch, SIZE=32, FRAMES=None, detect=detect)
    path = draw("x.mp4", [*moving(20), *_white(1), *moving(20), *_white(1), *moving(10, seed=3)])
    shots = (_shot(1, 0, 41), _shot(2, 42, 51))
    detectors = EffectsPass(["one", "two"])
    for frame in decode(path):
        if frame.index == 42:
            detectors.close(42)
        detectors.see(Pyramid(frame), frame.index)
    detectors.close(52)
    rows = detectors.rows(shots)
    assert [(row["shot_id"], row["present"], row["start_s"]) for row in rows["one"]] == [
        ("m-s1", True, pytest.approx(20 / 15)),
        ("m-s1", True, pytest.approx(41 / 15)),
        ("m-s2", False, None),
    ]
    assert rows["one"] == rows["two"]
    assert shapes == [(42, 32, 48)] * 2 + [(10, 32, 48)] * 2


def test_a_long_shot_in_parts_keeps_its_times_and_one_word_where_nothing_is_found(
    draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def detect(stack: Stack) -> list[Verdict]:
        return [Verdict(present=bool(stack.y.mean() > 200), reason=f"{len(stack.y)} frames")]

    _with_detector(monkeypatch, SIZE=64, FRAMES=None, detect=detect)
    monkeypatch.setattr("curate.analysis.stack.MOST_BYTES", 20 * 64 * 96 * 3 // 2)
    path = draw("x.mp4", [*moving(20), *_white(20), *moving(20)])
    detectors = EffectsPass(["one"])
    for frame in decode(path):
        detectors.see(Pyramid(frame), frame.index)
    detectors.close(60)
    found = detectors.rows((_shot(1, 0, 59), _shot(2, 60, 61)))["one"]
    present = [row for row in found if row["shot_id"] == "m-s1"]
    assert [(row["present"], row["start_s"], row["end_s"]) for row in present] == [
        (True, pytest.approx(20 / 15), pytest.approx(29 / 15)),
        (True, pytest.approx(30 / 15), pytest.approx(39 / 15)),
    ]
    assert [(row["present"], row["reason"]) for row in found if row["shot_id"] == "m-s2"] == [(None, "no frame")]


def _shot(number: int, first: int, last: int) -> Shot:
    return Shot(
        shot_id=f"m-s{number}", first_frame=first, last_frame=last, start_s=first / 15, end_s=(last + 1) / 15,
        boundary="cut" if first else "start", cut_score=0, still=False,
    )  # fmt: skip


def test_a_picture_of_one_size_is_the_same_whatever_other_sizes_are_asked_for(draw: Callable[..., Path]) -> None:
    frame = next(decode(draw("x.mp4", moving(1, size=(854, 480)))))
    alone = Pyramid(frame).at(144)
    among = Pyramid(frame)
    for size in (256, 160, 32):
        assert min(among.at(size).y.shape) == size
        assert among.at(size).u.shape == (among.at(size).y.shape[0] // 2, among.at(size).y.shape[1] // 2)
    assert np.array_equal(alone.y, among.at(144).y)
    assert Pyramid(frame).at(0) is frame
    assert Pyramid(frame).at(1000) is frame


@pytest.mark.parametrize("size", [(64, 48), (1280, 720), (854, 480), (1366, 768)])
def test_a_pyramid_made_in_passing_is_the_same_and_shows_every_byte_once(
    draw: Callable[..., Path], size: tuple[int, int]
) -> None:
    frame = next(decode(draw("x.mp4", moving(1, size=size))))
    seen: list[bytes] = []
    passing = Pyramid.passing(frame, lambda strip: seen.append(strip.tobytes()))
    assert b"".join(seen) == frame.y.tobytes() + frame.u.tobytes() + frame.v.tobytes()
    for side in (0, 256, 144, 72, 20):
        for plane in "yuv":
            assert np.array_equal(getattr(passing.at(side), plane), getattr(Pyramid(frame).at(side), plane))


def test_analysers_see_pictures_at_their_size_and_rate(
    draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []
    timeline = ANALYSERS.load("timeline")
    monkeypatch.setattr(timeline, "SIZE", 32)
    monkeypatch.setattr(timeline, "RATE", 5.0)
    monkeypatch.setattr(timeline.Timeline, "see", lambda self, frame: seen.append((frame.index, frame.y.shape)))
    path = draw("x.mp4", moving(15))
    done = analyse(DecodeJob(path, probe(path, media_id="m", relative="m"), {"timeline": (1, {})}, (_shot(1, 0, 14),)))
    assert done.error is None
    assert seen == [(index, (32, 48)) for index in (0, 3, 6, 9, 12)]


def test_new_shots_take_along_what_speaks_of_shots_and_nothing_else() -> None:
    wanted = current_versions({})
    assert set(stale_analysers(wanted, ["bw"])) == {"bw"}
    assert set(stale_analysers(wanted, ["timeline", "camera"])) == {"timeline", "camera"}
    assert {"shots", "camera", "quality", "sheet", "bars", "bw"} <= set(stale_analysers(wanted, ["shots"]))
    assert "timeline" not in stale_analysers(wanted, ["shots"])


def test_less_than_was_announced_is_truncated_even_if_it_decodes_cleanly(draw: Callable[..., Path]) -> None:
    path = draw("x.mp4", moving(30))
    media = probe(path, media_id="m", relative="m")
    states = {
        announced: analyse(DecodeJob(path, media, {"timeline": (1, {})}, (_shot(1, 0, 29),), announced)).state
        for announced in (None, 2.0, 2.2, 2.4, 20.0)
    }
    assert states == {
        None: State.FETCHED, 2.0: State.FETCHED, 2.2: State.FETCHED, 2.4: State.TRUNCATED, 20.0: State.TRUNCATED
    }  # fmt: skip


def test_a_video_on_which_an_analyser_fails_becomes_a_row_that_says_so(
    draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, frame: object) -> None:
        raise ValueError("odd picture")

    monkeypatch.setattr(ANALYSERS.load("timeline").Timeline, "see", fail)
    path = draw("x.mp4", moving(60))
    job = DecodeJob(path, probe(path, media_id="m", relative="m"), {"timeline": (1, {})}, (_shot(1, 0, 59),))
    outcome = attempt(analyse, job)
    assert isinstance(outcome, Failure)
    done = failed_result(job, outcome.reason)
    assert (done.state, done.observations) == (State.ERROR, ())
    assert (done.error or "").startswith("analysis: ValueError: odd picture (test_analysis.py:")


def test_a_media_that_kills_its_worker_ends_in_the_state_error() -> None:
    media = Media(
        media_id="m", path="m", bytes=1, container="mp4", codec="h264", width=2, height=2, rotation=0,
        sample_aspect=1, fps=15, header_frames=0, header_duration_s=None, has_audio=False,
    )  # fmt: skip
    done = failed_result(DecodeJob(Path("m"), media, {}), "its process ended with code -9")
    assert (done.media, done.state, done.observations) == (media, State.ERROR, ())
    assert "code -9" in (done.error or "")


def test_thumbnails_are_pictures_of_the_middle_of_each_shot(draw: Callable[..., Path]) -> None:
    path = draw("x.mp4", [*moving(30, seed=1), *moving(30, seed=2)])
    shots = (_shot(1, 0, 29), _shot(2, 30, 59))
    media = probe(path, media_id="m", relative="m")
    done = analyse(DecodeJob(path, media, {"sheet": (1, {})}, shots))
    rows = done.observations[0].rows
    assert [abs(row["frame"] - middle) <= 2 for row, middle in zip(rows, (14.5, 44.5), strict=True)] == [True, True]
    with Image.open(io.BytesIO(rows[0]["jpeg"])) as picture:
        assert picture.size == (96, 64)


def test_real_bars_are_found_and_clean_clips_raise_none(realdata: Path) -> None:
    """53 real edited clips, each judged as one shot: 11 carry bars that a person saw."""
    with (realdata / "effects" / "seen_effects_labels.csv").open(encoding="utf-8") as file:
        barred = {row["clip"] for row in csv.DictReader(file) if row["kind"] == "layout.bars"}
    raised = set()
    for path in (realdata / "effects").glob("*.mp4"):
        frames = list(islice(decode(path, short_side=256), 0, 120, 10))
        if bars.detect(stack(frames))[0].present:
            raised.add(path.name)
    barred = {name for name in barred if (realdata / "effects" / name).is_file()}
    assert (len(raised & barred), len(barred), raised - barred) == (9, 11, set())
