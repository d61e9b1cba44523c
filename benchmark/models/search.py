"""Fit estimators that choose a figure of their own, by cross-validation over whole groups inside a training list."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, GroupKFold

from benchmark.baseline import Estimator

Ints = NDArray[np.int64]
FOLDS = 5
"""Folds of a search: with 80 % of the training list in each, it judges nearly what is fitted in the end."""


def fit_by_group(model: Estimator, features: NDArray[np.float32], labels: Ints, groups: NDArray[Any]) -> None:
    """Fit an estimator to features [views, numbers] and 0-based classes [views], whose clips' groups are `groups`.

    A GridSearchCV is given folds that part no group; all others have nothing to choose and are fitted at once.
    """
    if isinstance(model, GridSearchCV):
        model.cv = by_group(labels, groups)
    model.fit(features, labels)


def by_group(labels: Ints, groups: NDArray[Any]) -> list[tuple[Ints, Ints]]:
    """Return rows to learn from and rows to judge by, fold by fold; a group is never in both.

    With fewer groups than folds each group is one. A fold that would learn from a single class is left out; where none
    remains, as with one group, all rows do both, and the first candidate wins unless another fits better.
    """
    everything = np.arange(len(labels))
    count = min(FOLDS, len(set(groups.tolist())))
    divided = list(GroupKFold(count).split(everything, labels, groups)) if count > 1 else []
    kept = [(learned, judged) for learned, judged in divided if len(set(labels[learned].tolist())) > 1]
    return kept or [(everything, everything)]
