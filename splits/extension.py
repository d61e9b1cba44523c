"""What an older release's splits hold a new division to: groups that had a part keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.groups import LINKS, group_keys
from splits.parts import among, few

NAMED = 20
"""Most groups or classes named in one sentence; the others are counted."""


@dataclass(frozen=True)
class Previous:
    """Clips that were divided before, and all their splits by one protocol in the order of their numbers."""

    key: str
    """<name>-<version> of the dataset that they are of."""
    clips: pd.DataFrame
    """Columns clip_id and LINKS."""
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
    the older split has seen a part of each, so that none may be tested on. Where all groups that a class has left
    would be in one part, they are placed anew. Both are named in the report.
    """
    columns = ["clip_id", *LINKS]
    older = previous.clips[columns]
    there = dataset.clips["clip_id"].to_numpy(dtype=object)
    gone = older[~among(older["clip_id"].to_numpy(dtype=object), there)]
    everything = pd.concat([dataset.clips[columns], gone], ignore_index=True)
    all_keys = group_keys(everything)
    key_of = pd.Series(all_keys.to_numpy(), index=everything["clip_id"].to_numpy(dtype=object))
    parts, merged = _parts(key_of, previous.splits)
    keys = pd.Series(all_keys.to_numpy()[: len(dataset.clips)], index=dataset.clips.index, name="group_key")
    report = []
    if merged:
        sizes = keys.value_counts()
        names = [f"{key} ({sizes.get(key, 0)} clips)" for key in sorted(merged)]
        report.append(
            f"{len(names)} groups have grown together across train and test of {previous.key} and are for "
            f"training in every split: {few(names, most=NAMED)}."
        )
    stuck = _in_one_part(dataset.clips["label"], keys, parts)
    if stuck:
        report.append(
            f"{len(stuck)} classes would lie in one part alone, as their groups did in {previous.key}, and these are "
            f"placed anew: {few(sorted(stuck), most=NAMED)}."
        )
    freed = {key for found in stuck.values() for key in found}
    held = {key: part for key, part in parts.items() if key not in freed}
    return Held(keys, held, previous.splits, tuple(report))


def _parts(key_of: pd.Series, splits: Sequence[Split]) -> tuple[dict[str, int], set[str]]:
    """Return the part of each group as in Held, and the groups that were on both sides of a split."""
    parts: dict[str, int] = {}
    merged: set[str] = set()
    tested = [_keys_of(key_of, split.test) for split in splits]
    trained = [_keys_of(key_of, split.train) for split in splits]
    for known in trained:
        parts.update(dict.fromkeys(known, len(splits)))
    for number, (test, train) in enumerate(zip(tested, trained, strict=True)):
        merged |= test & train
        parts.update(dict.fromkeys(test, number))
    parts.update(dict.fromkeys(merged, len(splits)))
    return parts, merged


def _keys_of(key_of: pd.Series, clips: Sequence[str]) -> set[str]:
    return set(key_of.to_numpy()[among(key_of.index.to_numpy(), clips)])


def _in_one_part(labels: pd.Series, keys: pd.Series, parts: Mapping[str, int]) -> dict[str, list[str]]:
    """Return class -> its groups, of classes of several groups that would all be held in one and the same part."""
    table = pd.DataFrame({"label": labels, "key": keys}).drop_duplicates()
    found = {}
    for label, of_class in table.groupby("label")["key"]:
        held = {parts.get(key) for key in of_class}
        if len(of_class) > 1 and len(held) == 1 and None not in held:
            found[str(label)] = sorted(of_class)
    return found
