"""Near-duplicates: the same footage is found under edits, other footage before the same wall is not."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from slateboard.media.fingerprints import SIDE, Fingerprint
from slateboard.records.media import Duplicate
from splits.near.candidates import near_pairs, sketch
from splits.near.duplicates import UndecidedPair, candidate_pairs, duplicates
from splits.near.registration import Placement, register

LARGE = 96


def _scene(*, wall: int, walker: int, frames: int = 45, pace: float = 1.0) -> NDArray[np.uint8]:
    """Return luma [frames, LARGE, LARGE]: a textured wall, and blobs before it that move in a way of their own."""
    ground = np.random.default_rng(wall).integers(40, 200, (9, 9), dtype=np.uint8)
    still = cv2.resize(ground, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)
    random = np.random.default_rng(1000 + walker)
    ways = random.uniform(0.1, 0.35, (3, 2)), random.uniform(0, 6, (3, 2)), random.integers(0, 255, 3)
    pictures = []
    for index in range(frames):
        picture = still.copy()
        for speed, phase, tone in zip(*ways, strict=True):
            across, down = (LARGE / 2 + LARGE / 3 * np.sin(speed * pace * index + phase)).astype(int).tolist()
            cv2.ellipse(picture, (across, down), (9, 16), 0, 0, 360, int(tone), -1)
        pictures.append(picture)
    return np.stack(pictures)


def _print(pictures: NDArray[np.uint8]) -> Fingerprint:
    small = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in pictures]
    return Fingerprint((np.arange(len(small)) / 15).astype(np.float32), np.stack(small)[None])


def _found(**prints: Fingerprint) -> list[Duplicate | UndecidedPair]:
    sketches = {name: sketch(value) for name, value in prints.items()}
    return list(duplicates(sorted(prints), (), sketches, prints.__getitem__))


def _captioned(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    changed = pictures.copy()
    for one in changed:
        cv2.putText(one, "UNREAL", (6, 84), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 3)
    return changed


def _stickered(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    changed = pictures.copy()
    changed[:, 12:36, 50:74] = 255
    changed[:, 18:28, 56:70] = 0
    return changed


EDITS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "flip": lambda clip: clip[:, :, ::-1],
    "crop": lambda clip: clip[:, 8:94, 2:88],
    "colour": lambda clip: np.clip(clip * 0.7 + 40, 0, 255).astype(np.uint8),
    "caption": _captioned,
    "half": lambda clip: clip[20:42],
    "sticker": _stickered,
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_same_footage_is_found(edit: str) -> None:
    clip = _scene(wall=1, walker=1)
    (pair,) = _found(a=_print(clip), b=_print(EDITS[edit](clip)))
    assert isinstance(pair, Duplicate)
    assert (pair.first, pair.second, pair.mirrored) == ("a", "b", edit == "flip")
    shift = 20 / 15 if edit == "half" else 0.0
    assert pair.first_start_s - pair.second_start_s == pytest.approx(shift, abs=0.04)
    assert pair.seconds == pytest.approx((22 if edit == "half" else 45) / 15, abs=0.15)


def test_pictures_taken_between_those_of_the_other_are_found() -> None:
    clip = _scene(wall=1, walker=1, frames=60, pace=0.5)
    (pair,) = _found(a=_print(clip[::2]), b=_print(clip[1::2]))
    assert isinstance(pair, Duplicate)
    assert pair.first_start_s - pair.second_start_s == pytest.approx(0.5 / 15, abs=0.02)


def test_a_key_frame_shows_something_new() -> None:
    still = _scene(wall=1, walker=1, frames=1).repeat(60, axis=0)
    other = _scene(wall=2, walker=2, frames=1).repeat(60, axis=0)
    assert sketch(_print(still)).seconds.tolist() == [0.0]
    assert sketch(_print(np.concatenate([still, other, still]))).seconds.tolist() == pytest.approx([0.0, 4.0])


def test_others_before_the_same_wall_are_not_the_same_footage() -> None:
    assert _found(**{f"p{walker}": _print(_scene(wall=1, walker=walker)) for walker in range(5)}) == []


def test_what_does_not_move_cannot_be_told() -> None:
    still = _scene(wall=1, walker=1, frames=1).repeat(30, axis=0)
    assert _found(a=_print(still), b=_print(still)) == [UndecidedPair("a", "b", "nothing moves")]


def test_a_video_that_claims_years_cannot_be_told_and_no_picture_is_made_for_the_years() -> None:
    clip = _print(_scene(wall=1, walker=1))
    years = Fingerprint(clip.seconds * np.float32(1e9), clip.views)
    assert _found(a=clip, b=years) == [UndecidedPair("a", "b", "too long")]


def test_long_videos_are_compared_block_by_block_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = {name: _print(_scene(wall=1, walker=walker)) for name, walker in (("a", 1), ("b", 1), ("c", 2))}
    prints["b"] = _print(_scene(wall=1, walker=1)[20:42])
    at_once = _found(**prints)
    monkeypatch.setattr("splits.near.alignment._PRODUCTS", 64)
    monkeypatch.setattr("splits.near.candidates._BLOCK_ROWS", 3)
    assert _found(**prints) == at_once


def test_three_pictures_are_too_few_to_tell() -> None:
    clip = _scene(wall=1, walker=1)[:3]
    (doubt,) = _found(a=_print(clip), b=_print(clip))
    assert isinstance(doubt, UndecidedPair)


def test_the_outcome_depends_on_no_order_and_not_on_what_was_known_before() -> None:
    clip = _scene(wall=1, walker=1)
    prints = {
        "a": _print(clip),
        "b": _print(clip[:, :, ::-1]),
        "c": _print(_scene(wall=2, walker=2)),
        "d": _print(clip),
    }
    sketches = {name: sketch(value) for name, value in prints.items()}
    at_once = list(duplicates(["d", "b", "a", "c"], (), sketches, prints.__getitem__))
    one_by_one = [
        pair
        for step, name in enumerate("cadb")
        for pair in duplicates([name], list("cadb")[:step], sketches, prints.__getitem__)
    ]
    assert sorted(map(str, one_by_one)) == sorted(map(str, at_once))
    assert [(pair.first, pair.second) for pair in at_once] == [("a", "b"), ("a", "d"), ("b", "d")]


def test_only_what_is_fresh_is_compared() -> None:
    clip = _scene(wall=1, walker=1)
    prints = {name: _print(clip) for name in "abc"}
    sketches = {name: sketch(value) for name, value in prints.items()}
    found = list(duplicates(["c"], ["a", "b"], sketches, prints.__getitem__))
    assert [(pair.first, pair.second) for pair in found] == [("a", "c"), ("b", "c")]


def test_two_sides_are_compared_with_each_other_and_neither_with_itself() -> None:
    clip = _scene(wall=1, walker=1)
    sketches = {name: sketch(_print(clip)) for name in "abcd"}
    assert candidate_pairs("ca", "bd", sketches) == [("a", "b"), ("a", "d"), ("b", "c"), ("c", "d")]
    assert candidate_pairs("ab", "b", sketches) == [("a", "b")]


def test_an_empty_fingerprint_is_near_nothing() -> None:
    empty = Fingerprint(np.zeros(0, np.float32), np.zeros((1, 0, SIDE, SIDE), np.uint8))
    assert list(near_pairs([sketch(empty)], [sketch(empty), sketch(_print(_scene(wall=1, walker=1)))])) == []


def test_registration_finds_a_crop_to_a_third_of_a_cell() -> None:
    clip = _scene(wall=3, walker=3, frames=4)
    whole, cropped = (_print(part).views[0].astype(np.float32) for part in (clip, clip[:, 4:90, 8:94]))
    placement = register(whole, cropped)
    scale = LARGE / 86
    wanted = Placement(scale, -4 / 86, scale, -8 / 86)
    corners = [
        abs((got * at + shift) - (want * at + wanted_shift)) * SIDE
        for at in (0.1, 0.9)
        for got, shift, want, wanted_shift in (
            (placement.scale_y, placement.shift_y, wanted.scale_y, wanted.shift_y),
            (placement.scale_x, placement.shift_x, wanted.scale_x, wanted.shift_x),
        )
    ]
    assert max(corners) < 1 / 3
