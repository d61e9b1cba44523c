"""Which clip is in which part: from sets of clip ids to a Split, and from a Split to one part per clip."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.groups import group_keys

PARTS = ("train", "test", "unused")


def split_of(
    dataset: Dataset,
    *,
    protocol: str,
    number: int,
    parameters: Mapping[str, Any],
    seed: int,
    test: Collection[str],
    unused: Collection[str] = (),
    report: Collection[str] = (),
) -> Split:
    """Return the split with these clip ids for testing and unused, the rest for training.

    `safe` is found, not promised: True if no group of linked clips is both in train and in test.
    Classes that are missing in a part are added to the report.
    """
    ids = dataset.clips["clip_id"]
    in_test, left_out = ids.isin(list(test)), ids.isin(list(unused))
    in_train = ~in_test & ~left_out
    keys = group_keys(dataset.clips)
    labels = dataset.clips["label"]
    return Split(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=protocol,
        number=number,
        parameters=dict(parameters),
        seed=seed,
        safe=set(keys[in_train]).isdisjoint(keys[in_test]),
        train=tuple(ids[in_train]),
        test=tuple(ids[in_test]),
        unused=tuple(ids[left_out]),
        report=(
            *report,
            *_missing_classes(dataset.classes, labels[in_train], "train"),
            *_missing_classes(dataset.classes, labels[in_test], "test"),
        ),
    )


def _missing_classes(classes: Collection[str], present: pd.Series, part: str) -> list[str]:
    missing = [name for name in classes if name not in set(present)]
    return [f"{len(missing)} of {len(classes)} classes have no clip in {part}: {few(missing)}."] if missing else []


def few(names: Collection[str], *, most: int = 3) -> str:
    """Return the first names, and how many there are beyond them."""
    first = ", ".join(list(names)[:most])
    return f"{first} and {len(names) - most} more" if len(names) > most else first
