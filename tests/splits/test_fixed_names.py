"""JHMDB's names are HMDB51's with `@` for `#` and `&`; what could be several stays unmatched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splits.listing.entries import LISTS, stem
from splits.listing.names import match_names, video_name, youtube_id


def names_in(folder) -> set[str]:
    return {entry.stem for entry in LISTS.load("hmdb51").read(folder).entries}


def test_jhmdbs_names_are_hmdb51s_but_for_22_of_which_6_are_under_no_spelling(real_lists) -> None:
    jhmdb, hmdb51 = names_in(real_lists / "jhmdb"), names_in(real_lists / "hmdb51")
    assert (len(jhmdb), len(hmdb51)) == (928, 6766)
    plain = match_names(jhmdb, hmdb51)
    assert (len(plain.listed_as), len(plain.unlisted)) == (906, 22)
    spelt = match_names(jhmdb, hmdb51, spelling="jhmdb")
    assert (len(spelt.listed_as), len(spelt.respelt), len(spelt.ambiguous)) == (922, 16, 0)
    assert spelt.unlisted == (
        "Faith_Rewarded_throw_f_nm_np1_le_bad_51",
        "LearnToShootFromTheMaster_catch_f_cm_np1_ba_med_6",
        "LearnToShootFromTheMaster_catch_f_nm_np1_ba_med_0",
        "LearnToShootFromTheMaster_catch_f_nm_np1_ba_med_1",
        "LearnToShootFromTheMaster_catch_f_nm_np1_ba_med_4",
        "Stadium_Plyometric_Workout_climb_stairs_f_cm_np1_ba_bad_5",
    )


def test_jhmdbs_at_sign_stands_for_two_signs_and_hmdb51_has_one_of_its_own(real_lists) -> None:
    jhmdb, hmdb51 = names_in(real_lists / "jhmdb"), names_in(real_lists / "hmdb51")
    respelt = match_names(jhmdb, hmdb51, spelling="jhmdb").respelt
    assert [sum(sign in listed for listed in respelt.values()) for sign in "#&"] == [15, 1]
    assert {name for name in jhmdb if "@" in name} == set(respelt)
    assert [name for name in hmdb51 if "@" in name] == ["Jay_Leno_@_David_Letterman_shake_hands_f_cm_np2_le_med_0"]


@pytest.mark.parametrize(
    ("names", "listed", "listed_as", "ambiguous"),
    [
        ({"a@b"}, {"a#b"}, {"a@b": "a#b"}, {}),
        ({"a#b"}, {"a@b"}, {"a#b": "a@b"}, {}),
        ({"a@b"}, {"a@b"}, {"a@b": "a@b"}, {}),
        ({"a@b"}, {"a#b", "a&b"}, {}, {"a@b": ("a#b", "a&b")}),
        ({"a@b"}, {"a@b", "a#b"}, {}, {"a@b": ("a#b", "a@b")}),
        ({"a#b"}, {"a@b", "a#b"}, {"a#b": "a#b"}, {}),
        ({"a#b", "a&b"}, {"a@b"}, {}, {"a#b": ("a@b",), "a&b": ("a@b",)}),
        ({"a#b", "a@b"}, {"a#b"}, {"a#b": "a#b"}, {"a@b": ("a#b",)}),
    ],
)
def test_a_name_means_one_listed_name_or_none(names, listed, listed_as, ambiguous) -> None:
    found = match_names(names, listed, spelling="jhmdb")
    assert (dict(found.listed_as), dict(found.ambiguous)) == (listed_as, ambiguous)


SETS = st.sets(st.text(st.sampled_from("a@#&"), min_size=1, max_size=3), max_size=8)


@settings(max_examples=200)
@given(names=SETS, listed=SETS, spelling=st.sampled_from(["", "jhmdb"]))
def test_no_name_is_lost_and_no_listed_name_is_given_twice(names, listed, spelling) -> None:
    found = match_names(names, listed, spelling=spelling)
    assert sorted([*found.listed_as, *found.ambiguous, *found.unlisted]) == sorted(names)
    assert sorted([*found.listed_as.values(), *found.absent]) == sorted(listed)
    assert set(found.respelt) == {name for name, other in found.listed_as.items() if name != other}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.youtube.com/watch?v=0wR5jVB-WPk&t=3", "0wR5jVB-WPk"),
        ("https://youtu.be/0wR5jVB-WPk?si=x", "0wR5jVB-WPk"),
        ("https://youtube.com/shorts/0wR5jVB-WPk/", "0wR5jVB-WPk"),
        ("abseiling/0wR5jVB-WPk_000417_000427.mp4", "0wR5jVB-WPk"),
        ("https://elsewhere.org/watch?v=0wR5jVB-WPk", None),
        ("https://www.youtube.com/watch?v=short", None),
        ("v_Archery_g01_c01.avi", None),
    ],
)
def test_a_video_of_youtube_is_known_by_its_id(text, expected) -> None:
    assert youtube_id(text) == expected
    assert video_name(text) == (expected or stem(text))
