"""What train and test share by the table alone: clips, groups, sources, addresses, files, pictures, twins."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from splits.audit.checks import Check, counted_check, skipped_check
from splits.audit.links import check_groups
from splits.audit.membership import Mask, SplitMembership, is_blank, text_of
from splits.parts import few

TWICE = "clips in two parts"


def leaks(membership: SplitMembership) -> tuple[Check, ...]:
    """Return what train and test share by the table."""
    broken = membership.broken
    # A value of LINKS is shared only within a group, so only clips of broken groups need to be looked through.
    linked = membership.used & broken[membership.key_codes]
    return (
        counted_check(TWICE, "leak", membership.in_two),
        check_groups(membership),
        _on_both("sources on both sides", membership, "source_id", linked),
        _on_both("addresses on both sides", membership, "source_url", linked),
        _on_both("equal files on both sides", membership, "sha256", linked),
        _on_both("equal pictures on both sides", membership, "frames_sha256", membership.used),
        _across_labels("groups under two labels on both sides", membership, "group", linked),
        _across_labels("sources under two labels on both sides", membership, "source_id", linked),
        _across_labels("addresses under two labels on both sides", membership, "source_url", linked),
        counted_check("twins on both sides", "leak", _parted_twins(membership)),
    )


def _shared(
    membership: SplitMembership, column: str, rows: Mask
) -> tuple[Mask, NDArray[np.int64], NDArray[np.object_]]:
    """Return the rows whose value is in train and in test, the code of each of them, and the value of each code."""
    rows = rows & ~is_blank(membership.clips, column)
    codes, values = pd.factorize(
        membership.clips[column][rows].to_numpy(dtype=object) if rows.any() else np.empty(0, object)
    )
    is_shared = membership.in_train_and_test(codes, len(values), rows)[codes]
    shared_rows = rows.copy()
    shared_rows[rows] = is_shared
    return shared_rows, codes[is_shared].astype(np.int64), np.asarray(values, object)


def _on_both(name: str, membership: SplitMembership, column: str, rows: Mask) -> Check:
    """Count the values of a column that are in train and in test; a blank is no value."""
    missing, used = int((is_blank(membership.clips, column) & membership.used).sum()), int(membership.used.sum())
    if used and missing == used:
        return skipped_check(name, "leak", f"the table has no {column}")
    note = f"{missing} of {used} clips have no {column}" if missing else ""
    _, codes, values = _shared(membership, column, rows)
    return counted_check(name, "leak", values[np.unique(codes)], note=note)


def _across_labels(name: str, membership: SplitMembership, column: str, rows: Mask) -> Check:
    """Count values in train under one label and in test under another: a group id made of class and title hides it."""
    shared_rows, codes, values = _shared(membership, column, rows)
    labels = membership.clips["label"][shared_rows].to_numpy(dtype=object)
    # Upload u has clips of Golf in train and of Swing in test. A group made of class and title, Golf_u and Swing_u,
    # parts them without a broken group; the value that both share, u, is what betrays them.
    of_value = pd.DataFrame({"code": codes, "label": labels}).drop_duplicates()
    several = of_value[of_value["code"].duplicated(keep=False)].sort_values(["code", "label"])
    labels_of = several.groupby(several["code"].to_numpy())["label"].agg(list)
    names = values[labels_of.index.to_numpy(np.int64)]
    return counted_check(name, "leak", [f"{value} ({few(of)})" for value, of in zip(names, labels_of, strict=True)])


def _parted_twins(membership: SplitMembership) -> Iterable[str]:
    """Return the twins of which the clip that they were rendered from is on the other side."""
    clips = membership.clips
    twin = text_of(clips, "twin_of")
    has_twin = (twin != "").to_numpy(bool)
    if not has_twin.any():
        return []
    ids = clips["clip_id"]
    crossing = np.zeros(len(clips), bool)
    for subset, opposite in (("train", "test"), ("test", "train")):
        crossing |= membership.masks[subset] & twin.isin(ids[membership.masks[opposite]]).to_numpy(bool)
    return ids[crossing & has_twin]
