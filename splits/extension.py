"""Groups that keep the fold that they had in the splits of an older release, when a new one is divided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.groups import LINKS, group_keys
from splits.parts import among, few

NAMED = 20
"""Most groups or classes named in one sentence; beyond them the sentence gives their number."""


@dataclass(frozen=True)
class Previous:
    """The clips of an older release, and all their splits by one protocol in the order of their numbers."""

    key: str
    """<name>-<version> of the dataset that they are of."""
    clips: pd.DataFrame
    """Columns clip_id and LINKS."""
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class FixedGroups:
    """Groups of a new dataset that keep the fold that they had in the splits of an older one."""

    keys: pd.Series
    """Group of each clip of the new dataset, linked also through clips that only the older one had."""
    folds: Mapping[str, int]
    """Group key -> k where the group is for testing in split k + 1, the number of splits where it is in none."""
    splits: tuple[Split, ...]
    """The older ones."""
    report: tuple[str, ...]
    """Sentences on groups that could not keep their fold."""


def fix_groups(dataset: Dataset, previous: Previous) -> FixedGroups:
    """Return the groups of a dataset with the folds that they had in the previous splits.

    Groups that have grown together across train and test of a split are for training in all of them: a model of
    the older split was trained on clips of each, so none may be tested on. Where all groups that a class has left
    would be in one fold, they are placed anew. Both are named in the report.
    """
    columns = ["clip_id", *LINKS]
    older = previous.clips[columns]
    ids = dataset.clips["clip_id"].to_numpy(dtype=object)
    # Clips that are gone still link: a new clip of an old source belongs to that source's old group.
    gone = older[~among(older["clip_id"].to_numpy(dtype=object), ids)]
    all_clips = pd.concat([dataset.clips[columns], gone], ignore_index=True)
    all_keys = group_keys(all_clips)
    key_of = pd.Series(all_keys.to_numpy(), index=all_clips["clip_id"].to_numpy(dtype=object))
    folds, merged = _previous_folds(key_of, previous.splits)
    keys = pd.Series(all_keys.to_numpy()[: len(dataset.clips)], index=dataset.clips.index, name="group_key")
    report = []
    if merged:
        sizes = keys.value_counts()
        names = [f"{key} ({sizes.get(key, 0)} clips)" for key in sorted(merged)]
        report.append(
            f"{len(names)} groups have grown together across train and test of {previous.key} and are for "
            f"training in every split: {few(names, most=NAMED)}."
        )
    stuck = _classes_in_one_fold(dataset.clips["label"], keys, folds)
    if stuck:
        report.append(
            f"{len(stuck)} classes would lie in one part alone, as their groups did in {previous.key}, and these are "
            f"placed anew: {few(sorted(stuck), most=NAMED)}."
        )
    freed = {key for groups in stuck.values() for key in groups}
    fixed = {key: fold for key, fold in folds.items() if key not in freed}
    return FixedGroups(keys, fixed, previous.splits, tuple(report))


def _previous_folds(key_of: pd.Series, splits: Sequence[Split]) -> tuple[dict[str, int], set[str]]:
    """Return the fold of each group as in FixedGroups, and the groups that were in train and test of a split."""
    folds: dict[str, int] = {}
    merged: set[str] = set()
    tested = [_keys_of(key_of, split.test) for split in splits]
    trained = [_keys_of(key_of, split.train) for split in splits]
    # Later lines win: for training, unless some split tests on it, unless that split trained on it too.
    for train in trained:
        folds.update(dict.fromkeys(train, len(splits)))
    for number, (test, train) in enumerate(zip(tested, trained, strict=True)):
        merged |= test & train
        folds.update(dict.fromkeys(test, number))
    folds.update(dict.fromkeys(merged, len(splits)))
    return folds, merged


def _keys_of(key_of: pd.Series, clips: Sequence[str]) -> set[str]:
    return set(key_of.to_numpy()[among(key_of.index.to_numpy(), clips)])


def _classes_in_one_fold(labels: pd.Series, keys: pd.Series, folds: Mapping[str, int]) -> dict[str, list[str]]:
    """Return class -> its groups, of classes of several groups that would all keep one and the same fold."""
    # Squat had the groups a and b in fold 0 and c in fold 1; c was taken down. With a and b in fold 0 split 1 would
    # have no training clip of Squat, so both are placed anew.
    table = pd.DataFrame({"label": labels, "key": keys}).drop_duplicates()
    stuck = {}
    for label, of_class in table.groupby("label")["key"]:
        class_folds = {folds.get(key) for key in of_class}
        if len(of_class) > 1 and len(class_folds) == 1 and None not in class_folds:
            stuck[str(label)] = sorted(of_class)
    return stuck
