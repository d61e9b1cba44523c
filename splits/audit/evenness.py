"""How evenly a split shares classes and effects between train and test."""

from collections.abc import Collection

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.audit.checks import Check, counted
from splits.audit.sides import Sides, text_of


def balance(dataset: Dataset, split: Split, sides: Sides, *, bound: float) -> tuple[Check, ...]:
    """Return how evenly classes and effects are shared; `bound`: greatest deviation of a test share, 0-1."""
    labels = dataset.clips["label"]
    present = [set(labels[sides.masks[part]].unique()) for part in ("train", "test")]
    wanted = split.parameters.get("test_share")
    note = f"test share more than {bound * 100:g} points from "
    of_classes = note + ("the average" if wanted is None else f"the wanted {wanted * 100:g} %")
    return (
        counted("classes not in both parts", "balance", set(dataset.classes) - (present[0] & present[1])),
        counted(
            "classes out of balance",
            "balance",
            _uneven(labels, sides, wanted=wanted, bound=bound, among=present[0] & present[1]),
            note=of_classes,
        ),
        counted(
            "effects out of balance",
            "balance",
            _uneven(text_of(dataset.clips, "has_effects"), sides, wanted=None, bound=bound),
            note=f"{note}the average, by has_effects",
        ),
    )


def shares_for_test(values: pd.Series, sides: Sides) -> dict[str, float]:
    """Return value -> share of its clips in train and test that is for testing, 0-1."""
    used = sides.used
    shares = pd.Series(sides.masks["test"][used]).groupby(values[used].to_numpy(dtype=object)).mean()
    return {str(value): float(share) for value, share in shares.items()}


def _uneven(
    values: pd.Series, sides: Sides, *, wanted: float | None, bound: float, among: Collection[str] | None = None
) -> list[str]:
    if not sides.used.any():
        return []
    middle = float(sides.masks["test"][sides.used].mean()) if wanted is None else wanted
    # A thousandth of a point allows for the rounding of shares such as 3 of 10.
    return [
        f"{value or 'blank'} {share * 100:.1f} %"
        for value, share in shares_for_test(values, sides).items()
        if abs(share - middle) > bound + 1e-5 and (among is None or value in among)
    ]
