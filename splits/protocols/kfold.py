"""K folds of whole groups, classes alike in each: every clip is tested once."""

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.extension import FixedGroups
from splits.rotation import rotation_splits

CARD = Card(
    title="Grouped stratified folds",
    source="Kohavi, cross-validation, IJCAI 1995, section 2.2 (stratified folds); groups as scikit-learn's GroupKFold",
    parameters={"folds": Parameter(5, "-", "how many folds, at least 2; each is for testing once")},
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return a split per fold; raises BadInput that names every class of fewer than two groups.

    Classes of fewer groups than folds are missing in the test of some, which their reports say.
    """
    return extend(dataset, parameters, seed=seed, held=None)


def extend(dataset: Dataset, parameters: Parameters, *, seed: int, held: FixedGroups | None) -> list[Split]:
    """Return the folds, each group in the one that it was in."""
    folds = parameters["folds"]
    if folds < 2:
        raise BadInput([Problem("folds", f"is {folds}.", "Ask for at least 2 folds.")])
    # Shares that sum to 1: no fold for training alone is left.
    tests = (1 / folds,) * folds
    return rotation_splits(dataset, protocol="kfold", parameters=parameters, seed=seed, tests=tests, held=held)
