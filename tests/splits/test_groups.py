"""Clips that share anything stay together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splits.groups import LINKS, group_keys


def test_sharing_any_of_the_columns_links_two_clips(make_dataset) -> None:
    for column in LINKS:
        data = make_dataset([{"label": "a", column: "same"}, {"label": "a", column: "same"}, {"label": "a"}])
        assert list(group_keys(data.clips)) == ["clip0000", "clip0000", "clip0002"], column


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
