"""A search inside the training list never judges a group by what it learned from that group."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from benchmark.models.search import by_group, fit_by_group


@pytest.mark.parametrize("groups", [2, 3, 9])
def test_no_group_is_on_both_sides_and_every_row_is_judged_once(groups: int) -> None:
    group = np.array([f"g{number % groups}" for number in range(36)])
    folds = by_group(np.arange(36) % 4, group)
    assert len(folds) == min(5, groups)
    assert all(not set(group[learned]) & set(group[judged]) for learned, judged in folds)
    assert sorted(np.concatenate([judged for _, judged in folds]).tolist()) == list(range(36))


def test_folds_do_not_depend_on_the_order_of_rows() -> None:
    group, order = np.arange(40) // 5, np.random.default_rng(0).permutation(40)
    parts = [
        {frozenset(g[judged].tolist()) for _, judged in by_group(np.arange(40) % 2, g)} for g in (group, group[order])
    ]
    assert parts[0] == parts[1]


def test_a_fold_that_would_learn_one_class_is_left_out() -> None:
    labels, group = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 3, 3])
    folds = by_group(labels, group)
    assert sorted(group[judged].tolist() for _, judged in folds) == [[0], [1], [2]]


def test_one_group_is_fitted_as_it_is() -> None:
    ((learned, judged),) = by_group(np.array([0, 1, 0]), np.array(["a", "a", "a"]))
    assert learned.tolist() == judged.tolist() == [0, 1, 2]


def test_what_only_tells_groups_apart_is_not_chosen() -> None:
    """Weak regularisation learns each group by heart here; over rows it looks best, over groups it does not."""
    chance = np.random.default_rng(0)
    group = np.repeat(np.arange(12), 6)
    truth = group % 2
    own = chance.normal(size=(12, 40))[group] + 0.01 * chance.normal(size=(72, 40))
    telling = (2 * truth - 1)[:, None] * 0.4 + chance.normal(size=(72, 1))
    features = np.concatenate([telling, own], axis=1).astype(np.float32)

    def chosen(groups: np.ndarray) -> float:
        model = GridSearchCV(LogisticRegression(max_iter=2000), {"C": [1e-4, 1.0]})
        fit_by_group(model, features, truth, groups)
        return float(model.best_score_)

    assert chosen(np.arange(72)) == 1.0
    assert chosen(group) < 0.8
