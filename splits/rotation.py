"""Splits of which each tests one fold of a division and trains on all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Parameters
from splits.balance.balance import Division, divide_groups
from splits.balance.quantities import Unit
from splits.extension import FixedGroups
from splits.groups import group_keys
from splits.parts import clips_where, split_of
from splits.tables import refuse_bad_table


@dataclass(frozen=True)
class Rotation:
    """The fold of every clip: k where it is for testing in split k + 1, the number of splits where in none."""

    keys: pd.Series
    """[clips] key of the group."""
    fold: pd.Series
    """[clips]"""
    division: Division
    held_report: tuple[str, ...]
    """Sentences on groups that could not keep their fold."""


def rotate_groups(
    dataset: Dataset,
    *,
    protocol: str,
    seed: int,
    tests: Sequence[float],
    unit: Unit = "clips",
    held: FixedGroups | None = None,
) -> Rotation:
    """Put whole groups into folds of the shares `tests`, and into one for training alone if these are less than 1.

    `held` groups keep the fold that they had. Raises BadInput that names all problems of the table, or
    where the number of older splits is another.
    """
    # tests = (0.3, 0.3, 0.3): folds 0, 1 and 2 of 30 % each and fold 3 of 10 %. Split k + 1 tests fold k and trains on
    # the three others, so that a group is tested by one split at most.
    keys = group_keys(dataset.clips) if held is None else held.keys
    refuse_bad_table(dataset, keys)
    if held is not None and len(held.splits) != len(tests):
        what = f"has {len(held.splits)} splits to extend, and {len(tests)} are to be made."
        raise BadInput([Problem(f"protocol {protocol}", what, "Ask for as many, or divide anew without --extend.")])
    train_share = max(1 - sum(tests), 0.0)
    division = divide_groups(
        dataset.clips,
        keys,
        # 1 - (0.1 + ... + 0.1), ten times, is 1.1e-16: rounding, no fold for training alone.
        shares=(*tests, train_share if train_share > 1e-9 else 0.0),
        seed=seed,
        unit=unit,
        held=None if held is None else held.folds,
    )
    return Rotation(keys, keys.map(division.subset_of), division, () if held is None else held.report)


def rotation_splits(
    dataset: Dataset,
    *,
    protocol: str,
    parameters: Parameters,
    seed: int,
    tests: Sequence[float],
    unit: Unit = "clips",
    held: FixedGroups | None = None,
) -> list[Split]:
    """Return a split for each share in `tests`: its fold of `rotate_groups` is for testing, the others for training."""
    rotation = rotate_groups(dataset, protocol=protocol, seed=seed, tests=tests, unit=unit, held=held)
    return [
        split_of(
            dataset,
            protocol=protocol,
            number=number + 1,
            parameters=parameters,
            seed=seed,
            test=clips_where(dataset.clips, rotation.fold == number),
            report=(*rotation.held_report, *rotation.division.reports[number]),
            keys=rotation.keys,
        )
        for number in range(len(tests))
    ]
