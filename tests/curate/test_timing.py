"""A clip keeps every frame of a clocked source, and a player's pace of any other."""

from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest

from curate.clips.timing import Timing, clip_timing, frame_timeline, settings_as_cut, tolerance_seconds
from slateboard.errors import SlateboardError
from slateboard.media.rates import in_order, is_increasing, steady_rate, usual_rate
from slateboard.records.clip import Clip
from slateboard.settings import ClipSettings

TICK = Fraction(1, 1000)
RATE = Fraction(30)
JHMDB = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11]
FINE = Fraction(1, 90000)
PHONE = list(accumulate([0, *[3000, 3030, 2980, 4500, 3700, 3000, 3000, 6000, 2990, 3000] * 3]))


def _timing(pts: list[int], tick: Fraction, first: int = 0, last: int | None = None, **settings: Any) -> Timing:
    last = len(pts) - 1 if last is None else last
    return clip_timing(frame_timeline(pts, tick, RATE, settings=ClipSettings.model_validate(settings)), first, last)


def test_lost_frames_are_filled_as_a_player_fills_them() -> None:
    found = _timing(JHMDB, Fraction(1, 30))
    assert (found.mode, found.rate_hz, found.by_setting) == ("time", 30, False)
    assert found.shown == (0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9)
    assert (found.doubled, found.dropped, found.is_exact) == (2, 0, False)
    assert found.source_seconds == pytest.approx(12 / 30)


def test_on_demand_lost_frames_stay_lost_and_the_setting_is_recorded() -> None:
    found = _timing(JHMDB, Fraction(1, 30), timing="frames")
    assert (found.mode, found.shown, found.is_exact) == ("frames", tuple(range(10)), True)
    assert (found.rate_hz, found.by_setting, found.source_seconds) == (30, True, pytest.approx(12 / 30))


def test_a_phone_that_varies_is_shown_at_its_usual_rate_and_keeps_its_length() -> None:
    assert steady_rate(PHONE, FINE, RATE) is None
    found = _timing(PHONE, FINE)
    assert found.mode == "time"
    assert found.rate_hz == 30
    assert abs(len(found.shown) / 30 - found.source_seconds) <= 0.5 / 30
    assert found.shown == tuple(sorted(found.shown))
    for slot, index in enumerate(found.shown):
        middle = (slot + Fraction(1, 2)) / 30
        assert PHONE[index] * FINE <= middle
        assert index + 1 == len(PHONE) or PHONE[index + 1] * FINE > middle


def test_a_still_held_for_seconds_and_a_lost_frame_are_no_steady_rate() -> None:
    assert steady_rate([0, 1, 2, 3, 60, 61, 62], Fraction(1, 30), RATE) is None
    assert steady_rate(JHMDB, Fraction(1, 30), RATE) is None


def test_times_rounded_to_the_tick_of_their_file_are_steady() -> None:
    """Matroska keeps milliseconds: 33, 34, 33; 8, 9, 8 at 119.88 Hz."""
    pts = [round(index * 1000 / 30) for index in range(50)]
    assert steady_rate(pts, TICK, RATE) == 30
    assert _timing(pts, TICK, timing="time").is_exact
    fast = Fraction(120000, 1001)
    assert steady_rate([round(index * 1000 / fast) for index in range(500)], TICK, Fraction(1000)) == fast


@pytest.mark.parametrize(
    ("step", "tick", "claimed", "true"),
    [(640, Fraction(1, 16000), Fraction(26), Fraction(25)),
     (3003, FINE, Fraction(24122, 1000), Fraction(30000, 1001)),
     (50050, Fraction(1, 1200000), Fraction(25), Fraction(24000, 1001)),
     (40, TICK, Fraction(1000), Fraction(25)), (3600, FINE, Fraction(50), Fraction(25)),
     (7, TICK, Fraction(100), Fraction(143))],
)  # fmt: skip
def test_where_all_steps_are_equal_they_are_the_rate_whatever_is_claimed(
    step: int, tick: Fraction, claimed: Fraction, true: Fraction
) -> None:
    """PyAV-Org/PyAV#881, rust-av/Av1an#475: 26 Hz claimed for frames 40 ms apart."""
    ticks = [index * step for index in range(77)]
    assert steady_rate(ticks, tick, claimed) == pytest.approx(true, rel=1e-3)
    found = clip_timing(frame_timeline(ticks, tick, claimed, settings=ClipSettings()), 0, 76)
    assert (found.mode, found.is_exact) == ("frames", True)
    assert float(77 / found.rate_hz) == pytest.approx(found.source_seconds, rel=1e-3)
    assert found.source_seconds == pytest.approx(float(77 * step * tick), rel=1e-3)


@pytest.mark.parametrize(("delays", "rate"), [((2, 3), 40), ((3, 3, 4), 30), ((5, 5, 5, 40), 20)])
def test_uneven_delays_of_a_gif_keep_their_time(delays: tuple[int, ...], rate: int) -> None:
    """imageio/imageio#243, Zulko/moviepy#173: 2 and 3 hundredths are 50 Hz to the header, 40 Hz to a player."""
    ticks = list(accumulate([0, *delays * 12]))[:-1]
    found = clip_timing(
        frame_timeline(ticks, Fraction(1, 100), Fraction(50), settings=ClipSettings()), 0, len(ticks) - 1
    )
    assert (found.mode, found.rate_hz, found.dropped) == ("time", rate, 0)
    assert len(found.shown) / rate == pytest.approx(found.source_seconds, abs=0.5 / rate)


def test_a_clock_that_jitters_is_steady_and_one_that_drifts_away_is_not() -> None:
    jitter = [index * 3000 + (150 if index % 2 else 0) for index in range(400)]
    assert steady_rate(jitter, FINE, RATE) == RATE
    slowing = list(accumulate([0, *[2900] * 200, *[3100] * 200]))
    assert steady_rate(slowing, FINE, RATE) is None


def test_one_frame_has_the_rate_of_its_header() -> None:
    assert steady_rate([5], TICK, RATE) == RATE
    found = _timing([5], TICK)
    assert (found.shown, found.rate_hz, found.source_seconds) == ((0,), 30, pytest.approx(1 / 30))


def test_frames_of_one_time_are_no_rate_and_only_the_last_of_them_is_shown() -> None:
    ticks = [0, 0, 1, 2, 3, 3, 4, 5]
    assert not is_increasing(ticks)
    assert _timing(ticks, Fraction(1, 30)).shown == (1, 2, 3, 5, 6, 7)
    assert _timing([0, 0, 0], Fraction(1, 30)).source_seconds == pytest.approx(1 / 30)


def test_the_last_frame_is_shown_as_long_as_its_file_says() -> None:
    ticks = [0, 3, 5, 10]
    timeline = frame_timeline(ticks, Fraction(1, 100), Fraction(25), settings=ClipSettings(), last_seconds=Fraction(2))
    assert clip_timing(timeline, 1, 3).source_seconds == pytest.approx(2.07)
    assert clip_timing(timeline, 0, 1).source_seconds == pytest.approx(0.05)


def test_a_clip_may_be_a_frame_and_half_a_percent_off() -> None:
    assert tolerance_seconds(10.0, Fraction(25)) == pytest.approx(0.09)


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
    assert usual_rate([0, milliseconds, 2 * milliseconds, 5 * milliseconds], TICK) == rate


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
        list(range(0, 10**9, 10**5)), TICK, Fraction(1, 100), settings=ClipSettings(timing="frames", frame_rate_hz=240)
    )
    with pytest.raises(SlateboardError, match="over max_frames = 500000"):
        clip_timing(slow, 0, 9999)


def test_releases_of_older_versions_are_cut_again_as_they_were() -> None:
    def clip(frames: int, fps: float) -> Clip:
        return Clip(
            clip_id="c", source_id="s", media_id="m", shot_id=None, label="Squat", group="g", first_frame=0,
            last_frame=39, start_s=0, end_s=1.6, state="accepted", frames=frames, fps=fps,
        )  # fmt: skip

    auto = ClipSettings()
    assert settings_as_cut(auto, [clip(40, 30.0)], nominal_hz=30.0).timing == "frames"
    for others in ([clip(48, 30.0)], [clip(40, 40.0)], [clip(40, 30.0), clip(48, 30.0)]):
        assert settings_as_cut(auto, others, nominal_hz=30.0) == auto
    timed = ClipSettings(timing="time")
    assert settings_as_cut(timed, [clip(40, 30.0)], nominal_hz=30.0) == timed


def test_pictures_are_shown_in_order_whatever_their_time_stamps_say() -> None:
    assert in_order([0.0, 0.08, 0.04, 0.12]) == [0.0, 0.04, 0.08, 0.12]
    assert in_order([0.0, 0.04, 10_800.0, 0.12, 0.16]) == [0.0, 0.04, 0.08, 0.12, 0.16]
    assert in_order([0.0, 0.04, 9.0, 9.5, 0.16, 0.2]) == pytest.approx([0.0, 0.04, 0.1, 0.13, 0.16, 0.2])
    assert in_order([7.0, 0.04, 0.08]) == [0.04, 0.04, 0.08]
    assert in_order([0.0, 300.0, 300.04]) == [0.0, 300.0, 300.04]
