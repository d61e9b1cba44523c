"""Clips that share anything stay together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splits.groups import LINKS, group_keys


def test_sharing_any_of_the_columns_links_two_clips(make_dataset) -> None:
    for column in LINKS:
        data = make_dataset([{"label": "a", column: "same"}, {"label": "a", column: "same"}, {"label": "a"}])
        assert list(group_keys(data.clips)) == ["clip0000", "clip0000", "clip0002"], column


def test_two_spellings_of_one_video_are_one_address(make_dataset) -> None:
    urls = (
        "https://youtu.be/abcdefghijk",
        "https://www.youtube.com/watch?v=abcdefghijk&t=15s",
        "HTTPS://a.example:443/v",
    )
    data = make_dataset([{"label": "a", "source_url": url} for url in (*urls, "https://a.example/v", None)])
    assert list(group_keys(data.clips)) == ["clip0000", "clip0000", "clip0002", "clip0002", "clip0004"]


def test_links_reach_over_several_clips(make_dataset) -> None:
    data = make_dataset(
        [
            {"label": "a", "group": "x"},
            {"label": "a", "group": "x", "sha256": "f"},
            {"label": "b", "sha256": "f", "source_id": "s"},
            {"label": "b", "source_id": "s"},
        ]
    )
    assert set(group_keys(data.clips)) == {"clip0000"}


def test_blank_values_link_nothing(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": blank} for blank in ("", " ", None, "", None)])
    assert group_keys(data.clips).nunique() == 5


def test_a_value_of_one_column_is_not_the_same_value_of_another(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "a", "source_id": "x"}])
    assert group_keys(data.clips).nunique() == 2


def test_pairs_of_near_duplicates_link_their_groups(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": group} for group in "xxyyz"])
    keys = group_keys(data.clips, [("clip0003", "clip0001")])
    assert list(keys) == ["clip0000"] * 4 + ["clip0004"]


def test_a_pair_with_a_clip_that_is_not_there_still_links_what_is_paired_with_it(make_dataset) -> None:
    data = make_dataset([{"label": "a"}, {"label": "a"}, {"label": "a"}])
    keys = group_keys(data.clips, [("aaa", "clip0001"), ("clip0002", "aaa"), ("aaa", "zzz")])
    assert list(keys) == ["clip0000", "clip0001", "clip0001"]


def test_an_empty_table_has_no_keys(make_dataset) -> None:
    assert list(group_keys(make_dataset([{"label": "a"}]).clips.iloc[:0])) == []


@given(values=st.lists(st.tuples(*[st.integers(0, 6)] * 4), min_size=1, max_size=25), seed=st.integers(0, 99))
def test_keys_do_not_depend_on_the_order_of_rows(make_dataset, values, seed) -> None:
    rows = [{"label": "a", **dict(zip(LINKS, map(str, row), strict=True))} for row in values]
    clips = make_dataset(rows).clips
    shuffled = clips.iloc[np.random.default_rng(seed).permutation(len(clips))]
    expected = dict(zip(clips["clip_id"], group_keys(clips), strict=True))
    actual = dict(zip(shuffled["clip_id"], group_keys(shuffled), strict=True))
    assert actual == expected
    for column in LINKS:
        keys_of_value = group_keys(clips).groupby(clips[column]).nunique()
        assert keys_of_value.max() == 1
    paired = list(zip(clips["clip_id"][::2], clips["clip_id"][1::2], strict=False))
    by_pair = dict(zip(clips["clip_id"], group_keys(clips, paired), strict=True))
    assert dict(zip(shuffled["clip_id"], group_keys(shuffled, paired[::-1]), strict=True)) == by_pair
    assert all(by_pair[one] == by_pair[other] for one, other in paired)
