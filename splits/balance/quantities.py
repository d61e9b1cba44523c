"""What a division has to balance: how much of each class, of each effect and of the duration lies in each group."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, hstack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Unit = Literal["clips", "groups"]


@dataclass(frozen=True)
class Quantities:
    """Amounts in each group; groups, classes and effects are in alphabetical order, whatever the order of rows."""

    keys: NDArray[np.object_]
    """[groups]"""
    classes: tuple[str, ...]
    counts: csr_array
    """[groups, classes] clips."""
    names: tuple[str, ...]
    """[quantities] as a person reads them: class 'x', has_effects 'true', duration."""
    amounts: csr_array
    """[groups, quantities] share of the quantity's total that lies in the group, 0-1."""
    totals: Floats
    """[quantities] clips, groups or milliseconds."""
    tiers: NDArray[np.int64]
    """[quantities] order in which they are met, from 0; the last tier is effects and duration."""


def measure_quantities(clips: pd.DataFrame, keys: pd.Series, *, unit: Unit = "clips") -> Quantities:
    """Return the amounts to be balanced: classes, then `has_effects` and duration.

    clips: columns label, has_effects, duration_s; keys: the group of each clip, with the same index. Where
    classes are counted in groups, their clips come second. An unknown duration counts as none.
    """
    group, names = _sorted_codes(keys)
    label, classes = _sorted_codes(clips["label"])
    effect, effects = _sorted_codes(clips["has_effects"])
    counts = _crossed(group, label, (len(names), len(classes)))
    labels = tuple(f"class '{name}'" for name in classes)
    blocks = [(counts, labels)]
    if unit == "groups":
        blocks.insert(0, (_present(counts), labels))
    by_effect = _crossed(group, effect, (len(names), len(effects)))
    # Whole milliseconds: sums of whole numbers do not depend on the order of rows.
    milliseconds = np.rint(clips["duration_s"].fillna(0).to_numpy(dtype=np.float64) * 1000)
    seconds = np.bincount(group, weights=milliseconds, minlength=len(names))
    blocks += [
        (by_effect, tuple(f"has_effects '{effect_name}'" for effect_name in effects)),
        (csr_array(seconds[:, None]), ("duration",)),
    ]
    # Effects and duration share the last tier. Tiers with unit "groups": 0 groups, 1 clips, 2 effects, 2 duration.
    last = len(blocks) - 2
    amounts = csr_array(hstack([matrix for matrix, _ in blocks], format="csr"))
    totals = np.asarray(amounts.sum(axis=0), dtype=np.float64).ravel()
    return Quantities(
        keys=names,
        classes=tuple(map(str, classes)),
        counts=counts,
        names=tuple(name for _, titles in blocks for name in titles),
        amounts=csr_array(amounts.multiply(1 / np.where(totals > 0, totals, 1)[None, :])),
        totals=totals,
        tiers=np.array([min(tier, last) for tier, (_, titles) in enumerate(blocks) for _ in titles]),
    )


def _sorted_codes(values: pd.Series) -> tuple[Ints, NDArray[np.object_]]:
    codes, distinct = pd.factorize(values.to_numpy(dtype=object))
    names = np.array([str(name) for name in distinct], dtype=object)
    order = np.argsort(names)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[codes], names[order]


def _crossed(rows: Ints, columns: Ints, shape: tuple[int, int]) -> csr_array:
    """Return how often each row goes with each column."""
    crossed = csr_array(coo_array((np.ones(len(rows)), (rows, columns)), shape=shape))
    crossed.sum_duplicates()
    return crossed


def _present(counts: csr_array) -> csr_array:
    return csr_array((np.ones(counts.nnz), counts.indices, counts.indptr), shape=counts.shape)
