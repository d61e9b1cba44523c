"""One 70/30 split, each class divided alike, groups whole: the protocol of SEAGS_V1, made safe."""

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.extension import FixedGroups
from splits.rotation import rotation_splits

CARD = Card(
    title="SEAGS 70/30",
    source="MEI paper (Informatica 2023), section 4.1.2; whole groups are slateboard's",
    parameters={"test_share": Parameter(0.3, "share", "of each class that is for testing")},
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return one split; raises BadInput that names every class of fewer than two groups."""
    return extend(dataset, parameters, seed=seed, held=None)


def extend(dataset: Dataset, parameters: Parameters, *, seed: int, held: FixedGroups | None) -> list[Split]:
    """Return one split in which groups that had a part keep it."""
    share = parameters["test_share"]
    if not 0 < share < 1:
        raise BadInput([Problem("test_share", f"is {share}.", "Give a share between 0 and 1, as 0.3.")])
    return rotation_splits(dataset, protocol="seags", parameters=parameters, seed=seed, tests=(share,), held=held)
