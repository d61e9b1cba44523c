"""Pictures are shown when a player shows them: from the start of the container, through breaks in the time stamps."""

from fractions import Fraction
from itertools import pairwise

import pytest

from slateboard.media.clock import PlayerClock

TICK = Fraction(1, 1000)


def placed(
    *milliseconds: int | None, start: float | None = 0.0, step: float = 0.04, leaps: bool = False
) -> list[float]:
    """Return the seconds of pictures with these time stamps, of a file that claims 25 Hz."""
    begin = None if start is None else Fraction(start)
    clock = PlayerClock(start=begin, step=Fraction(step).limit_denominator(1000), leaps=leaps)
    return [clock.seconds(moment, TICK) for moment in milliseconds]


def test_seconds_count_from_the_start_of_the_container() -> None:
    assert placed(2000, 2040) == [2.0, 2.04]
    assert placed(2000, 2040, start=None) == [0.0, 0.04]
    assert placed(37_001_400, 37_001_440, start=37_001.4) == pytest.approx([0.0, 0.04], abs=1e-9)
    assert placed(-80, -40, 0, start=-0.08) == pytest.approx([0.0, 0.04, 0.08], abs=1e-9)


def test_a_picture_before_the_start_that_is_claimed_is_the_start() -> None:
    assert placed(960, 1000, 1040, start=1.0) == [0.0, 0.04, 0.08]


def test_sound_that_begins_an_hour_before_the_picture_is_of_another_clock() -> None:
    assert placed(3_700_000, 3_700_040) == [0.0, 0.04]
    assert placed(11_000, 11_040, leaps=True) == [0.0, 0.04]


def test_times_that_begin_anew_go_on_where_they_broke_off() -> None:
    """streamlink/streamlink#4535, yt-dlp/yt-dlp#5478: two pieces whose time stamps both begin at 0."""
    moments = placed(*range(0, 4000, 40), *range(0, 4000, 40))
    assert moments == [index / 25 for index in range(200)]
    assert placed(0, 33, 67, 1000, 1040, 0, 40)[5:] == [1.08, 1.12]


def test_broadcast_times_that_leap_go_on_and_other_files_wait() -> None:
    assert placed(0, 40, 60_000, 60_040, leaps=True) == [0.0, 0.04, 0.08, 0.12]
    assert placed(0, 40, 60_000, 60_040) == [0.0, 0.04, 60.0, 60.04]
    assert placed(0, 40, 9_000, 9_040, leaps=True) == [0.0, 0.04, 9.0, 9.04]


def test_pictures_that_are_out_of_order_by_a_frame_or_two_move_no_clock() -> None:
    assert sorted(placed(0, 80, 40, 120, 200, 160)) == [0.0, 0.04, 0.08, 0.12, 0.16, 0.2]


def test_a_stray_time_stamp_costs_its_picture_alone() -> None:
    """Zibbp/ganymede#1330: pictures that an mp4 schedules hours into the future, between others that go on."""
    assert placed(0, 40, 10_800_000, 120, 160) == [0.0, 0.04, 10_800.0, 0.12, 0.16]
    assert placed(0, 40, 10_800_000, 10_800_040, 120, 160)[4:] == [0.12, 0.16]


def test_pictures_without_time_stamps_follow_each_other_at_the_nominal_rate() -> None:
    assert placed(None, None, None) == [0.0, 0.04, 0.08]
    assert placed(None, None, 5_000, 5_040) == [0.0, 0.04, 0.08, 0.12]
    assert placed(1_000, None, None, 1_120, start=None) == [0.0, 0.04, 0.08, 0.12]


def test_a_wrapped_clock_that_nobody_unwrapped_goes_on() -> None:
    """Time stamps of MPEG-TS have 33 bits of 90 kHz: after 26.5 hours they begin at 0."""
    clock, last = PlayerClock(start=None, step=Fraction(1, 25), leaps=True), 2**33
    moments = [clock.seconds(pts % last, Fraction(1, 90000)) for pts in range(last - 36_000, last + 36_000, 3600)]
    assert [round(later - earlier, 9) for earlier, later in pairwise(moments)] == [0.04] * 19
