"""A clip keeps every frame of a clocked source, and a player's pace of any other."""

from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest

from curate.clips.timing import (
    Timing,
    clip_timing,
    frame_timeline,
    has_variable_rate,
    is_increasing,
    nearest_common_rate,
)
from slateboard.errors import SlateboardError
from slateboard.settings import ClipSettings

TICK = Fraction(1, 1000)
RATE = Fraction(30)
JHMDB = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11]
FINE = Fraction(1, 90000)
PHONE = list(accumulate([0, *[3000, 3030, 2980, 4500, 3700, 3000, 3000, 6000, 2990, 3000] * 3]))


def _timing(pts: list[int], tick: Fraction, first: int = 0, last: int | None = None, **settings: Any) -> Timing:
    last = len(pts) - 1 if last is None else last
    return clip_timing(frame_timeline(pts, tick, RATE, settings=ClipSettings.model_validate(settings)), first, last)


def test_lost_frames_of_a_clocked_file_stay_lost() -> None:
    found = _timing(JHMDB, Fraction(1, 30))
    assert (found.mode, found.shown, found.is_exact) == ("frames", tuple(range(10)), True)
    assert found.source_seconds == pytest.approx(12 / 30)


def test_on_demand_lost_frames_are_filled_as_a_player_fills_them() -> None:
    found = _timing(JHMDB, Fraction(1, 30), timing="time")
    assert found.shown == (0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9)
    assert (found.doubled, found.dropped, found.is_exact) == (2, 0, False)


def test_a_phone_that_varies_is_shown_at_its_usual_rate_and_keeps_its_length() -> None:
    assert has_variable_rate(PHONE, FINE, RATE)
    found = _timing(PHONE, FINE)
    assert found.mode == "time"
    assert found.rate_hz == 30
    assert abs(len(found.shown) / 30 - found.source_seconds) <= 0.5 / 30
    assert found.shown == tuple(sorted(found.shown))
    for slot, index in enumerate(found.shown):
        middle = (slot + Fraction(1, 2)) / 30
        assert PHONE[index] * FINE <= middle
        assert index + 1 == len(PHONE) or PHONE[index + 1] * FINE > middle


def test_a_still_held_for_seconds_is_no_lost_frame() -> None:
    assert has_variable_rate([0, 1, 2, 3, 60, 61, 62], Fraction(1, 30), RATE)
    assert not has_variable_rate(JHMDB, Fraction(1, 30), RATE)


def test_times_rounded_to_the_tick_of_their_file_are_constant() -> None:
    """Matroska keeps milliseconds: 33, 34, 33."""
    pts = [round(index * 1000 / 30) for index in range(50)]
    assert not has_variable_rate(pts, TICK, RATE)
    assert _timing(pts, TICK, timing="time").is_exact


def test_times_that_do_not_rise_say_nothing() -> None:
    pts = [0, 2, 1, 3, 5, 4]
    assert not is_increasing(pts)
    assert _timing(pts, Fraction(1, 30)).shown == (0, 1, 2, 3, 4, 5)
    with pytest.raises(SlateboardError, match="do not rise"):
        _timing(pts, Fraction(1, 30), timing="time")


@pytest.mark.parametrize(("wanted", "shown"), [(15, (10, 12, 14, 16, 18)), (60, tuple(sorted([*range(10, 20)] * 2)))])
def test_another_rate_drops_or_doubles_evenly(wanted: float, shown: tuple[int, ...]) -> None:
    pts = list(range(30))
    found = _timing(pts, Fraction(1, 30), 10, 19, frame_rate_hz=wanted)
    assert len(found.shown) == len(shown) == 10 * wanted / 30
    assert all(abs(one - other) <= 1 for one, other in zip(found.shown, shown, strict=True))
    assert found.dropped == 10 - len(set(found.shown))


@pytest.mark.parametrize(
    ("milliseconds", "rate"), [(33, 30), (40, 25), (42, Fraction(24000, 1001)), (90, Fraction(100, 9))]
)
def test_the_usual_rate_is_the_one_that_cameras_have(milliseconds: int, rate: Fraction) -> None:
    assert nearest_common_rate([0, milliseconds, 2 * milliseconds, 5 * milliseconds], TICK) == rate


@pytest.mark.parametrize("nominal", [Fraction(0), Fraction(1, 10**8), Fraction(10**9)])
def test_a_rate_that_no_clip_can_have_is_refused_and_divides_by_nothing(nominal: Fraction) -> None:
    with pytest.raises(SlateboardError, match="which no clip can have"):
        frame_timeline(list(range(10)), TICK, nominal, settings=ClipSettings())


def test_frames_that_come_years_apart_are_no_clip() -> None:
    years = [index * 10**11 for index in range(42)]
    with pytest.raises(SlateboardError, match="which no clip can have"):
        _timing(years, TICK)
    with pytest.raises(SlateboardError, match="over max_frames = 500000"):
        _timing(years, TICK, timing="time", frame_rate_hz=30)
    slow = frame_timeline(
        list(range(10_000)), TICK, Fraction(1, 100), settings=ClipSettings(timing="frames", frame_rate_hz=240)
    )
    with pytest.raises(SlateboardError, match="over max_frames = 500000"):
        clip_timing(slow, 0, 9999)
