"""One 70/30 split, each class divided alike, groups whole: the protocol of SEAGS_V1, made safe."""

from collections.abc import Mapping
from typing import Any

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter
from splits.balance import choose_test_groups
from splits.groups import group_keys
from splits.parts import split_of

CARD = Card(
    title="SEAGS 70/30",
    source="MEI paper (Informatica 2023), section 4.1.2; whole groups are slateboard's",
    parameters={"test_share": Parameter(0.3, "share", "of each class that is for testing")},
)


def divide(dataset: Dataset, parameters: Mapping[str, Any], *, seed: int) -> list[Split]:
    """Return one split; raises BadInput that names every class of fewer than two groups."""
    keys = group_keys(dataset.clips)
    balance = choose_test_groups(dataset.clips, keys, test_share=parameters["test_share"], seed=seed)
    test = dataset.clips["clip_id"][keys.isin(list(balance.test_groups))]
    return [
        split_of(
            dataset,
            protocol="seags",
            number=1,
            parameters=parameters,
            seed=seed,
            test=frozenset(test),
            report=balance.report,
        )
    ]
