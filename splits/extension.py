"""What an older release's splits hold a new division to: groups that had a part keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.groups import LINKS, group_keys
from splits.parts import among, few

NAMED = 20
"""Most groups named in one sentence; the others are counted."""


@dataclass(frozen=True)
class Previous:
    """A dataset that was divided before, and all its splits by one protocol in the order of their numbers."""

    dataset: Dataset
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Held:
    """Which groups have a part already."""

    keys: pd.Series
    """Group of each clip of the new dataset, linked also through clips that only the older one had."""
    parts: Mapping[str, int]
    """Group key -> k where the group is for testing in split k + 1, the number of splits where it is in none."""
    splits: tuple[Split, ...]
    """The older ones."""
    report: tuple[str, ...]
    """Groups that could not keep their part."""


def held_by(dataset: Dataset, previous: Previous) -> Held:
    """Return what the previous splits say about the groups of a dataset.

    Groups that have grown together across train and test of a split are for training in all of them: a model of
    the older split has seen a part of each, so that none may be tested on. They are named in the report.
    """
    columns = ["clip_id", *LINKS]
    older = previous.dataset.clips[columns]
    there = dataset.clips["clip_id"].to_numpy(dtype=object)
    gone = older[~among(older["clip_id"].to_numpy(dtype=object), there)]
    everything = pd.concat([dataset.clips[columns], gone], ignore_index=True)
    all_keys = group_keys(everything)
    key_of = pd.Series(all_keys.to_numpy(), index=everything["clip_id"].to_numpy(dtype=object))
    count = len(previous.splits)
    parts: dict[str, int] = {}
    merged: set[str] = set()
    tested = [_keys_of(key_of, split.test) for split in previous.splits]
    trained = [_keys_of(key_of, split.train) for split in previous.splits]
    for known in trained:
        parts.update(dict.fromkeys(known, count))
    for number, (test, train) in enumerate(zip(tested, trained, strict=True)):
        merged |= test & train
        parts.update(dict.fromkeys(test, number))
    parts.update(dict.fromkeys(merged, count))
    keys = pd.Series(all_keys.to_numpy()[: len(dataset.clips)], index=dataset.clips.index, name="group_key")
    sizes = keys.value_counts()
    names = [f"{key} ({sizes.get(key, 0)} clips)" for key in sorted(merged)]
    report = (
        f"{len(names)} groups have grown together across train and test of {previous.dataset.key} and are for "
        f"training in every split: {few(names, most=NAMED)}.",
    )
    return Held(keys, parts, previous.splits, report if merged else ())


def _keys_of(key_of: pd.Series, clips: Sequence[str]) -> set[str]:
    return set(key_of.to_numpy()[among(key_of.index.to_numpy(), clips)])
