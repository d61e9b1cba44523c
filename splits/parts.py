"""The subsets of a split: from sets of clip ids to a Split, with the classes that a subset lacks."""

from collections.abc import Collection
from textwrap import shorten

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.registry import Parameters
from splits.groups import group_keys

_SHOWN = 240
"""Characters of a sentence that a terminal shows."""

PARTS = ("train", "test", "unused")
"""The subsets of a split: fields of the record, and values of the column `part` in parts.parquet."""


def split_of(
    dataset: Dataset,
    *,
    protocol: str,
    number: int,
    parameters: Parameters,
    seed: int,
    test: Collection[str],
    unused: Collection[str] = (),
    report: Collection[str] = (),
    keys: pd.Series | None = None,
) -> Split:
    """Return the split with these clip ids for testing and unused, all others for training.

    `safe` is measured: True if no group of linked clips is both in train and in test. Classes that are missing in
    train or test are added to the report. `keys` are the group keys of `dataset.clips`, where they are known already.
    """
    # Unused clips do not count for `safe`, since no model sees them.
    ids = dataset.clips["clip_id"].to_numpy(dtype=object)
    in_test, left_out = among(ids, test), among(ids, unused)
    in_train = ~in_test & ~left_out
    keys = group_keys(dataset.clips) if keys is None else keys
    labels = dataset.clips["label"]
    return Split(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=protocol,
        number=number,
        parameters=dict(parameters),
        seed=seed,
        safe=set(keys[in_train].unique()).isdisjoint(keys[in_test].unique()),
        train=tuple(ids[in_train]),
        test=tuple(ids[in_test]),
        unused=tuple(ids[left_out]),
        report=(
            *report,
            *_missing_classes(dataset.classes, labels[in_train], "train"),
            *_missing_classes(dataset.classes, labels[in_test], "test"),
        ),
    )


def among(ids: NDArray[np.object_], members: Collection[str]) -> NDArray[np.bool_]:
    """Return which ids are in `members`; a plain set is ten times faster here than `isin` of a million strings."""
    names = frozenset(members)
    return np.fromiter((clip in names for clip in ids), dtype=np.bool_, count=len(ids))


def clips_where(clips: pd.DataFrame, rows: pd.Series) -> frozenset[str]:
    """Return the ids of the clips in which `rows` is true."""
    return frozenset(clips["clip_id"].to_numpy(dtype=object)[rows.to_numpy(dtype=np.bool_)])


def _missing_classes(classes: Collection[str], labels: pd.Series, subset: str) -> list[str]:
    present = set(labels.unique())
    missing = [name for name in classes if name not in present]
    return [f"{len(missing)} of {len(classes)} classes have no clip in {subset}: {few(missing)}."] if missing else []


def few(names: Collection[str], *, most: int = 3) -> str:
    """Return the first names, and how many there are beyond them."""
    shown = ", ".join(list(names)[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def short(sentence: str) -> str:
    """Return a sentence of a report as a terminal shows it; a list of thousands of names is read in split.json."""
    return shorten(sentence, _SHOWN, placeholder=" ... (all in split.json)")
