"""Splits of which each tests one part of a division and trains on all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from splits.balance.balance import Division, divide_groups
from splits.balance.quantities import Unit
from splits.extension import Held
from splits.groups import group_keys
from splits.parts import clips_where, split_of
from splits.tables import refuse_bad_table


@dataclass(frozen=True)
class Rotation:
    """The part of every clip: k where it is for testing in split k + 1, the number of splits where in none."""

    keys: pd.Series
    part: pd.Series
    division: Division
    held_report: tuple[str, ...]
    """Of groups that could not keep their part."""


def rotation(
    dataset: Dataset,
    *,
    protocol: str,
    seed: int,
    tests: Sequence[float],
    unit: Unit = "clips",
    held: Held | None = None,
) -> Rotation:
    """Put whole groups into parts of the shares `tests`, and into one for training alone if they leave something.

    `held` groups keep the part that they had. Raises BadInput that names all that is wrong with the table, or
    where the number of older splits is another.
    """
    keys = group_keys(dataset.clips) if held is None else held.keys
    refuse_bad_table(dataset, keys)
    if held is not None and len(held.splits) != len(tests):
        what = f"has {len(held.splits)} splits to extend, and {len(tests)} are to be made."
        raise BadInput([Problem(f"protocol {protocol}", what, "Ask for as many, or divide anew without --extend.")])
    rest = max(1 - sum(tests), 0.0)
    division = divide_groups(
        dataset.clips,
        keys,
        # What adding up real numbers leaves over is no part.
        shares=(*tests, rest if rest > 1e-9 else 0.0),
        seed=seed,
        unit=unit,
        held=None if held is None else held.parts,
    )
    return Rotation(keys, keys.map(division.subset_of), division, () if held is None else held.report)


def rotated(
    dataset: Dataset,
    *,
    protocol: str,
    parameters: Mapping[str, Any],
    seed: int,
    tests: Sequence[float],
    unit: Unit = "clips",
    held: Held | None = None,
) -> list[Split]:
    """Return a split for each share in `tests`, as `rotation` puts the groups; the others are for training."""
    found = rotation(dataset, protocol=protocol, seed=seed, tests=tests, unit=unit, held=held)
    return [
        split_of(
            dataset,
            protocol=protocol,
            number=number + 1,
            parameters=parameters,
            seed=seed,
            test=clips_where(dataset.clips, found.part == number),
            report=(*found.held_report, *found.division.reports[number]),
            keys=found.keys,
        )
        for number in range(len(tests))
    ]
