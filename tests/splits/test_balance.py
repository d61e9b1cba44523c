"""Whole groups, each class near the wanted share, and clear words where that cannot be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slateboard.errors import BadInput, SlateboardError
from splits.balance import balance
from splits.balance.apportion import apportion
from splits.balance.assignment import Assignment, held_subsets
from splits.balance.balance import divide_groups
from splits.balance.exchange import descend
from splits.balance.quantities import measure_quantities
from splits.groups import group_keys


def choose(clips, keys, *, test_share, seed) -> tuple[frozenset[str], tuple[str, ...]]:
    """Divide into test and train; return the keys of the test groups, and what is said of them."""
    division = divide_groups(clips, keys, shares=(test_share, 1 - test_share), seed=seed)
    return frozenset(division.subset_of.index[division.subset_of == 0]), division.reports[0]


def shares(data, test_groups) -> pd.Series:
    return group_keys(data.clips).isin(list(test_groups)).groupby(data.clips["label"]).mean()


def test_every_class_meets_the_share_where_whole_groups_allow_it(grid) -> None:
    test_groups, report = choose(grid.clips, group_keys(grid.clips), test_share=0.3, seed=0)
    assert dict(shares(grid, test_groups)) == {"a": 0.3, "b": 0.3, "c": 0.3}
    assert report == ()


def test_the_nearest_share_is_found_where_a_greedy_choice_would_miss_it(make_dataset) -> None:
    sizes = [7, 5, 5, 4, 3, 3, 3]
    data = make_dataset([{"label": "a", "group": f"g{g}"} for g, size in enumerate(sizes) for _ in range(size)])
    test_groups, _ = choose(data.clips, group_keys(data.clips), test_share=0.4, seed=0)
    assert shares(data, test_groups)["a"] == 12 / 30


def test_effects_and_duration_are_balanced_among_equal_class_shares(make_dataset) -> None:
    rows = [
        {"label": label, "has_effects": effect, "duration_s": seconds}
        for label in "ab"
        for effect in ("true", "false")
        for seconds in (2.0, 2.0, 2.0, 2.0, 12.0, 12.0, 12.0, 12.0)
    ]
    data = make_dataset(rows)
    for seed in range(5):
        test_groups, _ = choose(data.clips, group_keys(data.clips), test_share=0.5, seed=seed)
        test = data.clips[group_keys(data.clips).isin(list(test_groups))]
        assert dict(test["label"].value_counts()) == {"a": 8, "b": 8}
        assert dict(test["has_effects"].value_counts()) == {"true": 8, "false": 8}
        assert test["duration_s"].sum() == data.clips["duration_s"].sum() / 2


def test_a_share_that_whole_groups_miss_is_reported_with_its_class(make_dataset) -> None:
    rows = [{"label": "big", "group": f"g{g}"} for g in (1, 1, 1, 1, 1, 2, 2, 2, 2, 2)]
    rows += [{"label": "fine"} for _ in range(10)]
    data = make_dataset(rows)
    _, report = choose(data.clips, group_keys(data.clips), test_share=0.3, seed=0)
    assert report == (
        "1 of 2 classes are not within a clip of 30.0%, as groups stay whole: "
        "furthest is 'big' with 5 of 10 clips (50.0%) in test.",
        "Not within 1% of 30.0% in test, as groups stay whole: duration 40.0%.",
    )


def test_seeds_choose_other_groups_of_equal_worth(grid) -> None:
    keys = group_keys(grid.clips)
    chosen = {choose(grid.clips, keys, test_share=0.3, seed=seed)[0] for seed in range(4)}
    assert len(chosen) == 4


def test_all_classes_of_one_group_are_named_at_once(make_dataset) -> None:
    rows = [{"label": label, "group": label} for label in ("x", "x", "y", "y")] + [
        {"label": "z"},
        {"label": "z"},
    ]
    data = make_dataset(rows)
    with pytest.raises(BadInput) as caught:
        choose(data.clips, group_keys(data.clips), test_share=0.3, seed=0)
    assert [problem.where for problem in caught.value.problems] == ["class 'x'", "class 'y'"]
    assert "Add sources of another group" in str(caught.value)


def test_classes_whose_groups_exclude_each_other_are_refused(make_dataset) -> None:
    pairs = {"a": "12", "b": "13", "c": "23"}
    data = make_dataset([{"label": label, "group": group} for label, groups in pairs.items() for group in groups])
    with pytest.raises(SlateboardError, match="exclude each other"):
        choose(data.clips, group_keys(data.clips), test_share=0.5, seed=0)


@settings(max_examples=40)
@given(
    table=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.sampled_from(["true", "false", "unknown"])),
        min_size=4,
        max_size=40,
    ),
    share=st.floats(0.1, 0.9),
    seed=st.integers(0, 9),
)
def test_choices_are_whole_deterministic_and_blind_to_row_order(make_dataset, table, share, seed) -> None:
    rows = [
        {"label": label, "group": f"{label}{group}", "has_effects": effects, "duration_s": 0.1 * (group + 1)}
        for label, group, effects in table
    ]
    clips = make_dataset(rows).clips
    keys = group_keys(clips)
    assume(keys.groupby(clips["label"]).nunique().min() > 1)
    first = choose(clips, keys, test_share=share, seed=seed)
    shuffled = clips.iloc[np.random.default_rng(seed).permutation(len(clips))]
    assert choose(shuffled, group_keys(shuffled), test_share=share, seed=seed) == first
    test = keys.isin(list(first[0]))
    assert first[0] <= set(keys)
    assert test.groupby(clips["label"]).any().all()
    assert not test.groupby(clips["label"]).all().any()


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=9), share=st.floats(0.1, 0.9))
def test_no_subset_of_groups_comes_nearer(make_dataset, sizes, share) -> None:
    rows = [{"label": "a", "group": f"g{g}"} for g, size in enumerate(sizes) for _ in range(size)]
    clips = make_dataset(rows).clips
    keys = group_keys(clips)
    test_groups, _ = choose(clips, keys, test_share=share, seed=0)
    chosen = keys.isin(list(test_groups)).sum()
    sums = {sum(size for g, size in enumerate(sizes) if mask >> g & 1) for mask in range(1, 2 ** len(sizes) - 1)}
    nearest = min(abs(total / len(rows) - share) for total in sums)
    # The search ends within a thousandth of the best value, and rows are met to within a millionth.
    assert abs(chosen / len(rows) - share) <= nearest * 1.002 + 1e-5


def test_a_large_table_meets_every_share_to_within_a_clip(make_dataset) -> None:
    random = np.random.default_rng(0)
    rows = [
        {
            "label": f"c{random.integers(4)}",
            "group": f"g{random.integers(900)}",
            "has_effects": str(random.choice(["true", "false"])),
            "duration_s": round(float(random.gamma(2, 2)), 2),
        }
        for _ in range(3000)
    ]
    clips = make_dataset(rows).clips
    keys = group_keys(clips)
    assert keys.nunique() > balance.EXACT_IF_NEEDED
    division = divide_groups(clips, keys, shares=(0.3, 0.3, 0.4), seed=0)
    part = keys.map(division.subset_of)
    for number, share in enumerate((0.3, 0.3, 0.4)):
        got = part.eq(number).groupby(clips["label"]).agg(["sum", "size"])
        assert ((got["sum"] - share * got["size"]).abs() <= 1).all()
        seconds = clips["duration_s"][part == number].sum() / clips["duration_s"].sum()
        effects = (part[clips["has_effects"] == "true"] == number).mean()
        assert abs(seconds - share) < 0.01 and abs(effects - share) < 0.01


def test_exchange_comes_near_to_what_the_milp_proves(make_dataset, monkeypatch) -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        rows = [{"label": f"c{random.integers(3)}", "group": f"g{random.integers(20)}"} for _ in range(90)]
        clips = make_dataset(rows).clips
        keys = group_keys(clips)
        worst = []
        for most in (balance.EXACT_IF_NEEDED, 0):
            monkeypatch.setattr(balance, "EXACT_IF_NEEDED", most)
            division = divide_groups(clips, keys, shares=(0.3, 0.7), seed=0)
            worst.append((keys.map(division.subset_of).eq(0).groupby(clips["label"]).mean() - 0.3).abs().max())
            monkeypatch.undo()
        assert worst[1] <= worst[0] + 0.02


def test_held_groups_keep_their_part_and_the_others_make_up_for_them(grid) -> None:
    keys = group_keys(grid.clips)
    of_a = sorted(keys[grid.clips["label"] == "a"].unique())
    held = dict.fromkeys(of_a[:2], 0) | dict.fromkeys(of_a[2:4], 1)
    division = divide_groups(grid.clips, keys, shares=(0.3, 0.7), seed=3, held=held)
    assert {key: division.subset_of[key] for key in held} == held
    assert set(shares(grid, division.subset_of.index[division.subset_of == 0]).round(6)) == {0.3}


@settings(max_examples=40)
@given(
    table=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), min_size=4, max_size=50),
    parts=st.integers(2, 5),
    seed=st.integers(0, 9),
)
def test_every_class_reaches_as_many_parts_as_it_has_groups_where_no_group_is_shared(
    make_dataset, table, parts, seed
) -> None:
    clips = make_dataset([{"label": label, "group": f"{label}{group}"} for label, group in table]).clips
    keys = group_keys(clips)
    groups = keys.groupby(clips["label"]).nunique()
    assume(groups.min() > 1)
    division = divide_groups(clips, keys, shares=(1 / parts,) * parts, seed=seed)
    reached = keys.map(division.subset_of).groupby(clips["label"]).nunique()
    assert dict(reached) == dict(groups.clip(upper=parts))


@settings(max_examples=60)
@given(
    table=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6)), min_size=3, max_size=25),
    parts=st.integers(2, 3),
    seed=st.integers(0, 9),
)
def test_no_exchange_takes_a_class_out_of_a_part_or_loses_count(table, parts, seed) -> None:
    clips = pd.DataFrame(table, columns=["label", "group"]).assign(has_effects="unknown", duration_s=1.0)
    of = measure_quantities(clips, clips["group"].astype(str))
    assignment = apportion(of, np.full(parts, 1 / parts), held_subsets(of, {}), np.random.default_rng(seed))
    before = (assignment.groups_in > 0).sum(axis=0)
    # Weights that pull on one class alone are the ones that would sell another.
    descend(assignment, np.arange(len(of.keys)), np.eye(len(of.names))[seed % len(of.classes)])
    assert ((assignment.groups_in > 0).sum(axis=0) >= before).all()
    afresh = Assignment.of_subsets(of, assignment.shares, assignment.subset_of, assignment.held)
    assert np.array_equal(afresh.groups_in, assignment.groups_in)
    assert np.allclose(afresh.off, assignment.off)


def test_a_swap_that_would_take_a_class_out_of_a_part_is_not_made() -> None:
    groups = {"g": "xxxy", "h": "xx", "k": "y", "p": "xxxxx", "q": "xxxx"}
    rows = [(label, group) for group, labels in groups.items() for label in labels]
    clips = pd.DataFrame(rows, columns=["label", "group"]).assign(has_effects="unknown", duration_s=1.0)
    of = measure_quantities(clips, clips["group"])
    halves, part, held = np.full(2, 0.5), np.array([0, 1, 1, 0, 1]), np.array([-1, -1, 1, 0, 1])
    assignment = Assignment.of_subsets(of, halves, part, held)
    only_x = np.eye(len(of.names))[0]
    descend(assignment, np.arange(5), only_x)
    assert list(assignment.subset_of) == [0, 1, 1, 0, 1]
    # With a second group of y there nothing is lost, and the swap of g and h makes both halves alike.
    more = pd.concat([clips, pd.DataFrame([("y", "z", "unknown", 1.0)], columns=clips.columns)], ignore_index=True)
    assignment = Assignment.of_subsets(
        measure_quantities(more, more["group"]), halves, np.append(part, 0), np.append(held, 0)
    )
    descend(assignment, np.arange(6), np.eye(len(assignment.of.names))[0])
    assert list(assignment.subset_of) == [1, 0, 1, 0, 1, 0]
