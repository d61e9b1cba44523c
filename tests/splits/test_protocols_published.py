"""The published protocols: their counts, whole groups, one seed one outcome, and bad tables told at once."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slateboard.dataset import Dataset
from slateboard.errors import BadInput
from slateboard.settings import SplitSettings
from splits.division import PROTOCOLS, divide
from splits.groups import group_keys

SETTINGS = SplitSettings()
GROUPED = ("seags", "kfold", "ucf101", "hmdb51")


def labels_of(data, clips) -> pd.Series:
    return data.clips.set_index("clip_id").loc[list(clips), "label"]


def groups_of(data, clips) -> set[str]:
    keys = pd.Series(group_keys(data.clips).to_numpy(), index=data.clips["clip_id"].to_numpy())
    return set(keys[list(clips)])


@pytest.fixture(scope="module")
def ucf(make_dataset) -> Dataset:
    """Two classes of UCF101's form: 25 groups, of which five hold most clips: seven groups are not 28 % of clips."""
    return make_dataset(
        [
            {"label": label, "group": f"{label} g{group:02}", "duration_s": 1.0 + group % 3}
            for label in ("Bowling", "Fencing")
            for group in range(25)
            for _ in range(21 if group < 5 else 1)
        ]
    )


def test_ucf101_tests_seven_of_25_groups_and_no_group_twice(ucf) -> None:
    splits = divide(ucf, protocol="ucf101", settings=SETTINGS)
    assert [split.key for split in splits] == ["ucf101-1", "ucf101-2", "ucf101-3"]
    for split in splits:
        for label in ucf.classes:
            labels = labels_of(ucf, split.test)
            mine = list(labels.index[labels == label])
            assert len(groups_of(ucf, mine)) == 7
        assert split.safe and split.unused == ()
    tested = [groups_of(ucf, split.test) for split in splits]
    assert sum(map(len, tested)) == len(set().union(*tested)) == 42


def test_ucf101_takes_the_same_share_of_groups_where_a_class_has_others_than_25(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": f"g{group}"} for group in range(50) for _ in range(2)])
    for split in divide(data, protocol="ucf101", settings=SETTINGS):
        assert len(groups_of(data, split.test)) == 14


def test_hmdb51_takes_70_and_30_clips_of_a_class_and_counts_the_rest_as_unused(make_dataset) -> None:
    rows = [{"label": "wave", "group": f"w{group}"} for group in range(40) for _ in range(4)]
    rows += [{"label": "kick", "group": f"k{group}"} for group in range(20) for _ in range(2)]
    data = make_dataset(rows)
    splits = divide(data, protocol="hmdb51", settings=SETTINGS)
    assert len(splits) == 3
    for split in splits:
        train, test = labels_of(data, split.train).value_counts(), labels_of(data, split.test).value_counts()
        assert (train["wave"], test["wave"], train["kick"], test["kick"]) == (70, 30, 28, 12)
        assert len(split.unused) == 60 and groups_of(data, split.train).isdisjoint(groups_of(data, split.test))
        told = [sentence for sentence in split.report if "clips are unused" in sentence]
        assert sum(int(sentence.split()[0]) for sentence in told) == 60
    tested = [groups_of(data, split.test) for split in splits]
    assert tested[0].isdisjoint(tested[1]) and tested[1].isdisjoint(tested[2])


def test_hmdb51_takes_clips_of_many_groups_before_a_second_of_one(make_dataset) -> None:
    data = make_dataset([{"label": "wave", "group": f"w{group}"} for group in range(100) for _ in range(3)])
    (split, *_) = divide(data, protocol="hmdb51", settings=SETTINGS)
    assert len(groups_of(data, split.test)) == 30 and len(groups_of(data, split.train)) == 70


def test_kfold_tests_every_clip_once(grid) -> None:
    splits = divide(grid, protocol="kfold", settings=SETTINGS)
    assert [split.parameters for split in splits] == [{"folds": 5}] * 5
    assert sorted(clip for split in splits for clip in split.test) == sorted(grid.clips["clip_id"])
    assert all(labels_of(grid, split.test).value_counts().to_dict() == {"a": 6, "b": 6, "c": 6} for split in splits)


def test_a_class_of_fewer_groups_than_folds_is_named_in_the_folds_that_lack_it(make_dataset) -> None:
    data = make_dataset([{"label": "a"} for _ in range(10)] + [{"label": "b"}, {"label": "b"}])
    splits = divide(data, protocol="kfold", settings=SETTINGS)
    assert sum("1 of 2 classes have no clip in test: b." in split.report for split in splits) == 3
    assert not any("in train" in sentence for split in splits for sentence in split.report if "no clip" in sentence)


def test_random_is_never_safe_and_breaks_groups(grid) -> None:
    first, second = divide(grid, protocol="random", settings=SETTINGS, overrides={"splits": 2})
    assert not first.safe and not second.safe and first.test != second.test
    assert labels_of(grid, first.test).value_counts().to_dict() == {"a": 9, "b": 9, "c": 9}
    assert groups_of(grid, first.test) & groups_of(grid, first.train)


def test_random_is_unsafe_even_where_no_group_is_broken(make_dataset) -> None:
    (split,) = divide(make_dataset([{"label": "a"} for _ in range(4)]), protocol="random", settings=SETTINGS)
    assert not split.safe


def test_holdout_effects_trains_without_and_tests_with_them_and_the_reverse(make_dataset) -> None:
    data = make_dataset(
        [
            {"label": label, "has_effects": value}
            for label in "ab"
            for value in ("true", "false", "unknown")
            for _ in "123"
        ]
    )
    effects = data.clips.set_index("clip_id")["has_effects"]
    with_them, without = divide(data, protocol="holdout_effects", settings=SETTINGS)
    assert set(effects[list(with_them.train)]) == {"false"} and set(effects[list(with_them.test)]) == {"true"}
    assert (with_them.train, with_them.test) == (without.test, without.train)
    assert set(effects[list(with_them.unused)]) == {"unknown"}
    assert "6 of 18 clips are unused, as their effects are unknown." in with_them.report


def test_holdout_effects_puts_a_group_of_both_kinds_on_one_side_and_counts_what_that_leaves_out(make_dataset) -> None:
    rows = [
        {"label": "a", "group": f"g{group}", "has_effects": value} for group in range(10) for value in ("true", "false")
    ]
    data = make_dataset(rows)
    for split in divide(data, protocol="holdout_effects", settings=SETTINGS):
        assert (len(split.train), len(split.test), len(split.unused)) == (7, 3, 10)
        assert split.safe
        assert split.report[0].startswith("10 of 20 clips are unused, as their groups (10) lie on the other side")


def test_holdout_effects_names_every_class_that_lacks_one_kind(make_dataset) -> None:
    rows = [{"label": "a", "has_effects": "true"} for _ in "12"] + [{"label": "b"} for _ in "12"]
    with pytest.raises(BadInput) as caught:
        divide(make_dataset(rows), protocol="holdout_effects", settings=SETTINGS)
    assert [problem.where for problem in caught.value.problems].count("class 'b'") >= 2
    assert any("known to be without effects" in str(problem) for problem in caught.value.problems)


TABLE = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 7), st.integers(0, 30)), min_size=1, max_size=30)


@pytest.mark.parametrize("protocol", GROUPED)
@settings(max_examples=10)
@given(table=TABLE, seed=st.integers(0, 5))
def test_splits_are_disjoint_complete_whole_deterministic_and_blind_to_row_order(
    make_dataset, protocol, table, seed
) -> None:
    spine = [{"label": label} for label in "ab" for _ in range(4)]
    linked = [{"label": label, "group": f"{label}{group}", "sha256": f"{label}{file}"} for label, group, file in table]
    data = make_dataset(spine + linked)
    splits = divide(data, protocol=protocol, settings=SETTINGS, seed=seed)
    shuffled = Dataset(**{**vars(data), "clips": data.clips.sample(frac=1, random_state=seed)})
    again = divide(shuffled, protocol=protocol, settings=SETTINGS, seed=seed)
    for split, other in zip(splits, again, strict=True):
        assert sorted([*split.train, *split.test, *split.unused]) == sorted(data.clips["clip_id"])
        assert groups_of(data, split.train).isdisjoint(groups_of(data, split.test))
        assert split.safe
        assert set(labels_of(data, split.test)) <= set(labels_of(data, split.train))
        parts = [(set(one.train), set(one.test), set(one.unused)) for one in (split, other)]
        assert parts[0] == parts[1]


@pytest.mark.parametrize("protocol", [*GROUPED, "random", "holdout_effects"])
def test_everything_wrong_with_a_table_is_told_at_once(make_dataset, protocol) -> None:
    data = make_dataset(
        [
            *({"label": "fine", "has_effects": value} for value in ("true", "false", "true", "false")),
            {"label": "one group", "has_effects": "true"},
            {"label": "stray"},
            {"label": "stray"},
        ]
    )
    twice = pd.concat([data.clips, data.clips.iloc[:1]], ignore_index=True)
    bad = Dataset(**{**vars(data), "classes": ("empty", "fine", "one group"), "clips": twice})
    with pytest.raises(BadInput) as caught:
        divide(bad, protocol=protocol, settings=SETTINGS)
    where = [problem.where for problem in caught.value.problems]
    first = str(data.clips["clip_id"].iloc[0])
    assert {f"clip '{first}'", "label 'stray'", "class 'empty'", "class 'one group'"} <= set(where)
    assert "class 'fine'" not in where


def test_leave_one_group_out_refuses_a_bad_table_as_well(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "a", "group": "y"}])
    bad = Dataset(**{**vars(data), "classes": ("a", "empty"), "clips": pd.concat([data.clips, data.clips.iloc[:1]])})
    with pytest.raises(BadInput) as caught:
        divide(bad, protocol="leave_one_group_out", settings=SETTINGS)
    assert [problem.where for problem in caught.value.problems] == ["clip 'clip0000'", "class 'empty'"]


@pytest.mark.parametrize(
    ("protocol", "given"),
    [
        ("kfold", {"folds": 1}),
        ("ucf101", {"splits": 4}),
        ("hmdb51", {"test_clips": 0}),
        ("random", {"splits": 0}),
        ("random", {"test_share": 1.5}),
        ("holdout_effects", {"test_share": 0.0}),
        ("seags", {"test_share": -0.1}),
        ("seags", {"test_share": 30.0}),
    ],
)
def test_parameters_that_fit_no_division_are_refused(grid, protocol, given) -> None:
    assert protocol in PROTOCOLS.names()
    with pytest.raises(BadInput):
        divide(grid, protocol=protocol, settings=SETTINGS, overrides=given)


@pytest.mark.parametrize("protocol", ["seags", "ucf101", "hmdb51"])
def test_jhmdb8_is_divided_with_every_class_in_every_part(jhmdb8, protocol) -> None:
    for split in divide(jhmdb8, protocol=protocol, settings=SETTINGS):
        assert split.safe
        assert set(labels_of(jhmdb8, split.test)) == set(labels_of(jhmdb8, split.train)) == set(jhmdb8.classes)
