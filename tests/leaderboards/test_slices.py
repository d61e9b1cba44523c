"""Slices: which clips are in which, and how they are named."""

import pandas as pd
import pytest

from leaderboards.slices import slice_members
from slateboard.errors import BadInput


def counts(clips: pd.DataFrame, **how: object) -> dict[str, int]:
    return {name: int(own.sum()) for name, own in slice_members(clips, **how).items()}


def test_a_clip_with_two_effects_is_in_both_slices(clips) -> None:
    found = counts(clips([1, 2, 3]).assign(effects=["text|bars", "", "text"], has_effects=["true", "false", "true"]))
    assert found == {"effects=true": 2, "effects=false": 1, "effects=unknown": 0, "effect=bars": 1, "effect=text": 2}


def test_durations_are_thirds_of_the_list_named_by_their_ends(clips) -> None:
    found = counts(clips([1, 2, 3] * 2).assign(duration_s=[3.0, 1.0, 2.0, 6.0, 5.0, 4.0]))
    assert {name: n for name, n in found.items() if name.startswith("duration")} == {
        "duration third=1 to 2 s": 2,
        "duration third=3 to 4 s": 2,
        "duration third=5 to 6 s": 2,
    }


def test_durations_at_fixed_seconds_hold_their_lower_edge(clips) -> None:
    found = counts(clips([1, 2, 3]).assign(duration_s=[1.9, 2.0, 0.0]), duration_seconds=[5, 2])
    assert {name: n for name, n in found.items() if name.startswith("duration")} == {
        "duration=under 2 s": 1,
        "duration=2 to under 5 s": 1,
        "duration=unknown": 1,
    }


def test_resolution_is_the_shorter_side_whichever_way_up(clips) -> None:
    found = counts(clips([1, 2, 3]).assign(width=[240, 320, 1920], height=[426, 200, 1080]))
    assert {name: n for name, n in found.items() if name.startswith("short side")} == {
        "short side=under 240 px": 1,
        "short side=240 to under 360 px": 1,
        "short side=1080 or more px": 1,
    }


def test_what_all_clips_share_is_no_slice_unless_asked_for(clips) -> None:
    table = clips([1, 2, 3])
    assert set(counts(table)) == {"effects=true", "effects=false", "effects=unknown", "effect=text"}
    assert counts(table, by=["camera", "fps"])["camera=static"] == 3
    assert counts(table, by=["fps"])["fps=25.0"] == 3


def test_nothing_in_a_column_is_called_none(clips) -> None:
    assert counts(clips([1, 2, 3]).assign(quality=["", "blurred", ""]), by=["quality"])["quality=none"] == 2


def test_a_column_of_many_numbers_is_in_thirds(clips) -> None:
    found = counts(clips([1, 2, 3] * 10).assign(start_s=[float(number) for number in range(30)]), by=["start_s"])
    assert [n for name, n in found.items() if name.startswith("start_s third=")] == [10, 10, 10]


def test_a_column_of_many_names_is_refused(clips) -> None:
    with pytest.raises(BadInput, match=r"'sha256' has 60 values in 60 test clips\. Name a column with 50 or fewer"):
        slice_members(clips([1, 2, 3] * 20), by=["sha256"])
