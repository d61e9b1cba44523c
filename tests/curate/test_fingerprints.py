"""Fingerprints over time: small pictures of the frame and of its content box."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import card, moving
from numpy.typing import NDArray

from slateboard.media.content import content_box
from slateboard.media.fingerprints import RATE_HZ, SIDE, Fingerprint, Fingerprinter, fingerprint_of
from slateboard.media.frames import decode
from slateboard.records.media import Shot


def _textured(frames: int, *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a pattern of blots [frames, height, width] that moves."""
    height, width = size
    coarse = np.random.default_rng(3).integers(60, 200, (height // 4, width // 4 + frames), dtype=np.uint8)
    large = cv2.resize(coarse, (width + 4 * frames, height), interpolation=cv2.INTER_CUBIC)
    return np.stack([large[:, 4 * index : 4 * index + width] for index in range(frames)])


@pytest.mark.parametrize("tone", [0, 255], ids=["black", "white"])
def test_the_box_is_what_bars_of_one_colour_surround(tone: int) -> None:
    pictures = np.full((6, 90, 72), tone, np.uint8)
    pictures[:, 20:70, 9:70] = _textured(6, size=(50, 61))
    assert content_box(pictures) == (20, 70, 9, 70)


def test_a_caption_in_the_bar_does_not_make_it_content() -> None:
    pictures = np.zeros((6, 96, 72), np.uint8)
    pictures[:, 24:72] = _textured(6, size=(48, 72))
    pictures[:, 8:14, 24:48] = 255
    assert content_box(pictures) == (24, 72, 0, 72)


def test_the_box_is_what_a_blurred_fill_surrounds() -> None:
    content = _textured(6, size=(40, 72))
    pictures = np.stack([cv2.GaussianBlur(cv2.resize(one, (72, 128)), (0, 0), 6) for one in content])
    pictures[:, 44:84] = content
    top, bottom, left, right = content_box(pictures)
    assert (abs(top - 44) <= 1, abs(bottom - 84) <= 1, left, right) == (True, True, 0, 72)


def test_a_picture_without_border_is_its_own_box() -> None:
    assert content_box(_textured(4, size=(72, 96))) == (0, 72, 0, 96)


def test_a_fingerprint_has_at_most_one_picture_per_slot_and_a_second_view_only_behind_bars(
    draw: Callable[..., Path],
) -> None:
    plain = moving(30, size=(96, 64))
    barred = [np.pad(one, ((24, 24), (0, 0), (0, 0))) for one in plain]
    views = []
    for name, pictures in (("a.mp4", plain), ("b.mp4", barred)):
        made = fingerprint_of(draw(name, pictures, frame_rate_hz=60))
        assert (made.seconds * RATE_HZ + 1e-3).astype(int).tolist() == list(range(15))
        assert made.views.shape[1:] == (15, SIDE, SIDE)
        views.append(len(made.views))
    assert views == [1, 2]


def test_each_shot_has_a_box_of_its_own(draw: Callable[..., Path]) -> None:
    textured = [np.repeat(one[:, :, None], 3, axis=2) for one in _textured(30, size=(96, 96))]
    plain, barred = textured[:15], [np.pad(one[24:72], ((24, 24), (0, 0), (0, 0))) for one in textured[15:]]
    path = draw("a.mp4", [*plain, *barred])
    maker = Fingerprinter()
    for frame in decode(path):
        maker.see(frame)
    made = maker.finish([_shot(0, 14), _shot(15, 29)])
    assert np.array_equal(made.views[0, :15], made.views[1, :15])
    assert (made.views[0, 15:, :4] < 24).all()
    assert (made.views[1, 15:, 2] > 24).any()


def test_dark_content_inside_a_blurred_fill_is_no_bar_of_its_own() -> None:
    inner = _textured(6, size=(40, 72))
    inner[:, 32:] = 20
    pictures = np.stack([cv2.GaussianBlur(cv2.resize(one, (72, 128)), (0, 0), 5) for one in inner])
    pictures[:, 44:84] = inner
    assert content_box(pictures) == (44, 84, 0, 72)


def test_a_row_gives_back_the_fingerprint_it_was_made_of(draw: Callable[..., Path]) -> None:
    made = fingerprint_of(draw("a.mp4", moving(20)))
    again = Fingerprint.of_row(made.row())
    assert np.array_equal(again.views, made.views)
    assert np.array_equal(again.seconds, made.seconds)
    assert len(made.row()["luma"]) < made.views.nbytes / 2


def test_a_video_without_a_frame_has_an_empty_fingerprint() -> None:
    made = Fingerprinter().finish()
    assert Fingerprint.of_row(made.row()).views.shape == (1, 0, SIDE, SIDE)


def _shot(first: int, last: int) -> Shot:
    return Shot(
        shot_id=f"m-s{first}",
        first_frame=first,
        last_frame=last,
        start_s=first / 15,
        end_s=(last + 1) / 15,
        boundary="cut" if first else "start",
        cut_score=0,
        still=False,
    )


def test_cards_at_the_ends_are_left_out_and_their_length_is_told(draw: Callable[..., Path]) -> None:
    path = draw("carded.mp4", [*card(15), *moving(30), *card(15)], frame_rate_hz=15)
    parts = [(0, 14, True), (15, 44, False), (45, 59, True)]
    shots = [
        Shot(
            shot_id=f"m-s{number}", first_frame=first, last_frame=last, start_s=first / 15, end_s=(last + 1) / 15,
            boundary="cut" if first else "start", cut_score=0.0, still=held,
        )
        for number, (first, last, held) in enumerate(parts, 1)
    ]  # fmt: skip
    maker = Fingerprinter()
    for frame in decode(path):
        maker.see(frame)
    made = Fingerprint.of_row(maker.finish(shots).row())
    assert (len(made.seconds), made.views.shape[1], made.seconds[0]) == (30, 30, 0.0)
    assert made.begins_s == pytest.approx(1.0, abs=1e-4)
