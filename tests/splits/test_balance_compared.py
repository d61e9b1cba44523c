"""Folds against scikit-learn's StratifiedGroupKFold on the same tables: never a worse class, mostly a better one."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from splits.balance.balance import divide_groups

MOST_GROUPS = 9
"""Of a class, largest first, whose every division is tried."""


def drawn(*, classes: int, groups: int, mixed: float, seed: int) -> pd.DataFrame:
    """Groups of 1 to 9 clips; `mixed` (0-1) of them hold two classes."""
    random = np.random.default_rng(seed)
    rows = []
    for group in range(groups):
        labels = random.choice(classes, 2 if random.random() < mixed else 1, replace=False)
        rows += [(f"c{random.choice(labels):02}", f"g{group:04}") for _ in range(random.integers(1, 10))]
    return pd.DataFrame(rows, columns=["label", "group"])


DRAWN = {
    "few classes": {"classes": 4, "groups": 40, "mixed": 0.0, "seed": 1},
    "more classes": {"classes": 12, "groups": 150, "mixed": 0.0, "seed": 2},
    "some mixed": {"classes": 8, "groups": 100, "mixed": 0.3, "seed": 3},
    "mostly mixed": {"classes": 8, "groups": 90, "mixed": 0.8, "seed": 4},
    "many classes": {"classes": 40, "groups": 700, "mixed": 0.1, "seed": 5},
}


def worst(table: pd.DataFrame, part: np.ndarray, folds: int) -> float:
    """Return the greatest difference between a class's share in a fold and 1 / folds."""
    counts = pd.crosstab(table["label"], part).reindex(columns=range(folds), fill_value=0)
    return float((counts.div(counts.sum(axis=1), axis=0) - 1 / folds).abs().to_numpy().max())


def theirs(table: pd.DataFrame, folds: int) -> float:
    """Return the best of scikit-learn without and with three shuffles."""
    found = []
    for shuffle in (None, 0, 1, 2):
        splitter = StratifiedGroupKFold(folds, shuffle=shuffle is not None, random_state=shuffle)
        part = np.zeros(len(table), dtype=int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            for number, (_, test) in enumerate(splitter.split(table, table["label"], table["group"])):
                part[test] = number
        found.append(worst(table, part, folds))
    return min(found)


def ours(table: pd.DataFrame, folds: int) -> float:
    clips = table.assign(has_effects="unknown", duration_s=1.0)
    division = divide_groups(clips, table["group"], shares=(1 / folds,) * folds, seed=0)
    return worst(table, table["group"].map(division.subset_of).to_numpy(), folds)


def bound(table: pd.DataFrame, folds: int) -> float:
    """Return the worst deviation that even a division made for each class by itself would have."""
    sizes = table.groupby(["label", "group"]).size().groupby("label").agg(list)
    return max(_nearest(one, folds) for one in sizes)


def _nearest(sizes: list[int], folds: int) -> float:
    """Return the least worst deviation of one class, from all loads that its groups can give the folds."""
    loads = {(0,) * folds}
    for size in sorted(sizes, reverse=True)[:MOST_GROUPS]:
        loads = {tuple(sorted((*load[:at], load[at] + size, *load[at + 1 :]))) for load in loads for at in range(folds)}
    total = sum(sizes)
    # What smaller groups are left out can only fill up the folds that lack something.
    return (
        min(max(max(load) / total - 1 / folds, 0.0) for load in loads)
        if len(sizes) > MOST_GROUPS
        else min(max(abs(count / total - 1 / folds) for count in load) for load in loads)
    )


def test_on_drawn_tables_the_worst_class_is_never_further_than_scikit_learns_and_mostly_nearer() -> None:
    tables = [(drawn(**plan), folds) for plan in DRAWN.values() for folds in (3, 5)]
    compared = [(ours(*one), theirs(*one), bound(*one)) for one in tables]
    assert all(own <= other + 1e-9 for own, other, _ in compared), compared
    # Where scikit-learn meets the bound already, nothing can be nearer.
    nearer = [own < other - 1e-9 for own, other, least in compared if other > least + 1e-9]
    assert sum(nearer) > len(nearer) / 2, compared


def test_on_real_tables_no_class_is_further_than_with_scikit_learn(realdata: Path) -> None:
    every = pd.read_csv(realdata / "clips.csv").astype({"group": str}).rename(columns={"class": "label"})
    nearer = 0
    for name in ("weizmann", "jhmdb8", "ucf101"):
        table = every[every["set"] == name].reset_index(drop=True)
        groups = table.groupby("label")["group"].nunique()
        table = table[table["label"].isin(groups.index[groups > 1])].reset_index(drop=True)
        if name == "ucf101":
            table["group"] = table["label"] + " " + table["group"]
        for folds in (3, 5):
            own, other = ours(table, folds), theirs(table, folds)
            assert own <= other + 1e-9, (name, folds)
            nearer += own < other - 1e-9
    assert nearer
