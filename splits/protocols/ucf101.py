"""Three splits as UCF101's: of 25 groups per class 7 are for testing, each group in one test at most."""

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.extension import FixedGroups
from splits.rotation import rotation_splits

CARD = Card(
    title="UCF101's three splits",
    source="Soomro et al., UCF101, CRCV-TR-12-01, section 3 (three splits, groups apart; 7 of 25 groups by its lists)",
    parameters={
        "test_groups": Parameter(7, "groups", "of each class for testing, where it has `of_groups`"),
        "of_groups": Parameter(25, "groups", "of which `test_groups` are for testing; other classes by this share"),
        "splits": Parameter(3, "-", "how many splits; their tests share no group"),
    },
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return the splits: class shares count groups first, then clips, effects and duration.

    Raises BadInput that names every class of fewer than two groups.
    """
    return extend(dataset, parameters, seed=seed, held=None)


def extend(dataset: Dataset, parameters: Parameters, *, seed: int, held: FixedGroups | None) -> list[Split]:
    """Return the splits in which groups that had a part keep it."""
    test, of, count = (parameters[name] for name in ("test_groups", "of_groups", "splits"))
    if min(test, count) < 1 or test * count > of:
        what = f"{count} splits with {test} of {of} groups in test each."
        raise BadInput([Problem("test_groups, of_groups, splits", what, "The tests must fit into all groups.")])
    # 7 of 25 groups: shares 0.28, 0.28, 0.28 and 0.16 that no split tests. A class of 25 groups has 7 in each test, one
    # of 10 has 2.8, so 2 or 3.
    tests = (test / of,) * count
    return rotation_splits(
        dataset, protocol="ucf101", parameters=parameters, seed=seed, tests=tests, unit="groups", held=held
    )
