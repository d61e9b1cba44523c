"""How evenly a split shares classes and effects between train and test."""

from collections.abc import Collection

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.audit.checks import Check, counted_check
from splits.audit.membership import SplitMembership, text_of


def balance_checks(dataset: Dataset, split: Split, membership: SplitMembership, *, bound: float) -> tuple[Check, ...]:
    """Return the checks of class and effect balance; `bound`: greatest deviation of a test share, 0-1."""
    labels = dataset.clips["label"]
    present = [set(labels[membership.masks[subset]].unique()) for subset in ("train", "test")]
    test_share = split.parameters.get("test_share")
    note = f"test share more than {bound * 100:g} points from "
    of_classes = note + ("the average" if test_share is None else f"the wanted {test_share * 100:g} %")
    return (
        counted_check("classes not in both parts", "balance", set(dataset.classes) - (present[0] & present[1])),
        counted_check(
            "classes out of balance",
            "balance",
            _uneven(labels, membership, target=test_share, bound=bound, among=present[0] & present[1]),
            note=of_classes,
        ),
        counted_check(
            "effects out of balance",
            "balance",
            _uneven(text_of(dataset.clips, "has_effects"), membership, target=None, bound=bound),
            note=f"{note}the average, by has_effects",
        ),
    )


def shares_for_test(values: pd.Series, membership: SplitMembership) -> dict[str, float]:
    """Return value -> share of its clips in train and test that is for testing, 0-1."""
    used = membership.used
    shares = pd.Series(membership.masks["test"][used]).groupby(values[used].to_numpy(dtype=object)).mean()
    return {str(value): float(share) for value, share in shares.items()}


def _uneven(
    values: pd.Series,
    membership: SplitMembership,
    *,
    target: float | None,
    bound: float,
    among: Collection[str] | None = None,
) -> list[str]:
    """Return the values whose test share is further than `bound` from `target`, or from that of all clips."""
    if not membership.used.any():
        return []
    middle = float(membership.masks["test"][membership.used].mean()) if target is None else target
    # 1e-5, a thousandth of a percentage point, allows for the rounding of shares such as 3 of 10.
    return [
        f"{value or 'blank'} {share * 100:.1f} %"
        for value, share in shares_for_test(values, membership).items()
        if abs(share - middle) > bound + 1e-5 and (among is None or value in among)
    ]
