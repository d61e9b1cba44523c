"""Fit estimators; a grid search among them is cross-validated over whole groups inside the training list."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, GroupKFold

from benchmark.baseline import Estimator

Ints = NDArray[np.int64]
FOLDS = 5
"""Folds of a search: each is fitted on 80 % of the training list, nearly what is fitted in the end."""


def fit_by_group(model: Estimator, features: NDArray[np.float32], labels: Ints, groups: NDArray[Any]) -> None:
    """Fit an estimator to features [views, numbers] and 0-based classes [views], whose clips' groups are `groups`.

    A GridSearchCV gets folds that keep groups whole; other estimators have nothing to choose and are fitted at once.
    """
    if isinstance(model, GridSearchCV):
        model.cv = by_group(labels, groups)
    model.fit(features, labels)


def by_group(labels: Ints, groups: NDArray[Any]) -> list[tuple[Ints, Ints]]:
    """Return (training rows, validation rows) of each fold; a group is never in both.

    With fewer groups than folds each group is one. A fold with a single class to train on is left out; where no fold
    remains, as with one group, all rows do both, and the first candidate wins unless another fits better.
    """
    # 7 groups -> five folds of 1 or 2 groups; 3 groups -> three folds of one; 1 group -> none, so all rows do both.
    all_rows = np.arange(len(labels))
    count = min(FOLDS, len(set(groups.tolist())))
    folds = list(GroupKFold(count).split(all_rows, labels, groups)) if count > 1 else []
    usable = [(train, validation) for train, validation in folds if len(set(labels[train].tolist())) > 1]
    return usable or [(all_rows, all_rows)]
