"""Intervals against values worked out by hand and by others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboards.statistics import difference_bootstrap, group_bootstrap, mean_class_bootstrap, wilson


def test_wilson_of_8_in_10_is_the_textbook_value() -> None:
    # z = 1.959964: middle (0.8 + 0.192073) / 1.384146, reach 1.959964 * sqrt(0.016 + 0.009604) / 1.384146.
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)


def test_wilson_of_the_noise_floor_of_ucf101_split_1() -> None:
    low, high = wilson(0.95 * 3783, 3783)
    assert (round(low, 3), round(high, 3)) == (0.943, 0.957)


def test_wilson_stays_within_0_and_1_at_the_ends() -> None:
    assert wilson(0, 5) == pytest.approx((0.0, 0.434482), abs=1e-6)
    assert wilson(5, 5) == pytest.approx((0.565518, 1.0), abs=1e-6)
    assert (wilson(0, 5)[0], wilson(5, 5)[1]) == (0.0, 1.0)


def test_wilson_refuses_what_is_no_share() -> None:
    for right, n in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no share"):
            wilson(right, n)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_accuracy_itself(case: tuple[int, int]) -> None:
    low, high = wilson(*case)
    assert 0 <= low <= case[0] / case[1] <= high <= 1


def test_bootstrap_of_two_opposite_groups_spans_everything() -> None:
    # Each draw is (right, right), (right, wrong) or (wrong, wrong) with 1/4, 1/2, 1/4.
    assert group_bootstrap(np.array([True] * 4 + [False] * 4), ["a"] * 4 + ["b"] * 4) == (0.0, 1.0)


def test_bootstrap_draws_groups_and_not_clips() -> None:
    groups = [f"g{number // 10}" for number in range(200)]
    right = np.array([number // 10 % 2 == 0 for number in range(200)])
    alone = [str(number) for number in range(200)]
    wide, narrow = group_bootstrap(right, groups), group_bootstrap(right, alone)
    # 20 coins against 200: standard errors 0.112 and 0.035 give 0.44 and 0.14; with 20, the shares are 0.05 apart.
    assert wide[1] - wide[0] == pytest.approx(0.44, abs=0.07)
    assert narrow[1] - narrow[0] == pytest.approx(0.14, abs=0.02)


def test_bootstrap_does_not_depend_on_the_order_of_clips() -> None:
    right = np.array([True, False, True, True, False, True])
    groups = ["a", "a", "b", "c", "c", "d"]
    order = [3, 1, 5, 0, 4, 2]
    assert group_bootstrap(right, groups) == group_bootstrap(right[order], [groups[place] for place in order])


def test_bootstrap_in_blocks_equals_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    right = np.arange(30) % 3 == 0
    groups = [str(number % 7) for number in range(30)]
    whole = group_bootstrap(right, groups)
    monkeypatch.setattr("leaderboards.statistics._BLOCK", 7 * 300)
    assert group_bootstrap(right, groups) == whole


def test_bootstrap_is_decided_by_its_seed() -> None:
    right = np.arange(300) % 3 == 0
    groups = [str(number % 101) for number in range(300)]
    assert group_bootstrap(right, groups, seed=0) == group_bootstrap(right, groups)
    assert group_bootstrap(right, groups, seed=1) != group_bootstrap(right, groups)


def test_bootstrap_of_one_group_says_nothing() -> None:
    assert group_bootstrap(np.array([True, True]), ["a", "a"]) == (0.0, 1.0)


def test_mean_class_of_one_class_is_the_accuracy() -> None:
    right = np.arange(60) % 3 == 0
    groups = [str(number % 11) for number in range(60)]
    assert mean_class_bootstrap(right, np.zeros(60, dtype=int), groups) == group_bootstrap(right, groups)


def test_mean_class_weighs_a_rare_class_as_a_frequent_one() -> None:
    # Class 0, always right, in every group; class 1, always wrong, in one group of twenty: 36 % of draws lack it.
    truth = np.array([0] * 20 + [1])
    groups = [str(number) for number in range(20)] + ["0"]
    assert mean_class_bootstrap(truth == 0, truth, groups) == (0.5, 1.0)


def test_a_difference_is_paired_within_groups() -> None:
    # Both sides are right in the same groups: alone each is anything, their difference nothing.
    right = np.arange(20) % 2 == 0
    groups = [str(number) for number in range(20)]
    assert difference_bootstrap(right, right, groups, groups) == (0.0, 0.0)
    other = [f"other{number}" for number in range(20)]
    low, high = difference_bootstrap(right, right, groups, other)
    # Two shares of about ten drawn clips: standard error sqrt(2 * 0.25 / 20) = 0.16.
    assert (-0.5 < low < -0.2, 0.2 < high < 0.5) == (True, True)


def test_a_difference_does_not_depend_on_the_order_of_clips() -> None:
    one, other = np.array([1, 0, 1, 1, 0, 1.0]), np.array([0, 0, 1, 0, 0, 1.0])
    groups = ["a", "a", "b", "c", "c", "d"]
    order = [3, 1, 5, 0, 4, 2]
    turned = [groups[place] for place in order]
    assert difference_bootstrap(one, other, groups, groups) == difference_bootstrap(
        one[order], other[order], turned, turned
    )


def test_a_difference_of_one_group_says_nothing() -> None:
    assert difference_bootstrap(np.ones(3), np.zeros(3), ["a"] * 3, ["a"] * 3) == (-1.0, 1.0)
    assert difference_bootstrap(np.ones(2), np.zeros(0), ["a", "b"], []) == (-1.0, 1.0)
