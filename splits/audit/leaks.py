"""What train and test share by the table alone: clips, groups, sources, addresses, files, pictures, twins."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from splits.audit.checks import Check, counted, not_looked_at
from splits.audit.links import groups_on_both
from splits.audit.sides import Mask, Sides, blank, text_of
from splits.parts import few

TWICE = "clips in two parts"


def leaks(sides: Sides) -> tuple[Check, ...]:
    """Return what train and test share by the table."""
    broken = sides.broken
    # What LINKS tells is shared only inside such components: where there is none, there is nothing to look through.
    linked = sides.used & broken[sides.key_codes]
    return (
        counted(TWICE, "leak", sides.in_two),
        groups_on_both(sides),
        _on_both("sources on both sides", sides, "source_id", linked),
        _on_both("addresses on both sides", sides, "source_url", linked),
        _on_both("equal files on both sides", sides, "sha256", linked),
        _on_both("equal pictures on both sides", sides, "frames_sha256", sides.used),
        _across_labels("groups under two labels on both sides", sides, "group", linked),
        _across_labels("sources under two labels on both sides", sides, "source_id", linked),
        _across_labels("addresses under two labels on both sides", sides, "source_url", linked),
        counted("twins on both sides", "leak", _parted_twins(sides)),
    )


def _shared(sides: Sides, column: str, rows: Mask) -> tuple[Mask, NDArray[np.int64], NDArray[np.object_]]:
    """Return the rows whose value is in train and in test, the code of each of them, and the value of each code."""
    rows = rows & ~blank(sides.clips, column)
    codes, found = pd.factorize(sides.clips[column][rows].to_numpy(dtype=object) if rows.any() else np.empty(0, object))
    here = sides.on_both(codes, len(found), rows)[codes]
    chosen = rows.copy()
    chosen[rows] = here
    return chosen, codes[here].astype(np.int64), np.asarray(found, object)


def _on_both(name: str, sides: Sides, column: str, rows: Mask) -> Check:
    """Count the values of a column that are in train and in test; a blank is no value."""
    missing, used = int((blank(sides.clips, column) & sides.used).sum()), int(sides.used.sum())
    if used and missing == used:
        return not_looked_at(name, "leak", f"the table has no {column}")
    note = f"{missing} of {used} clips have no {column}" if missing else ""
    _, codes, found = _shared(sides, column, rows)
    return counted(name, "leak", found[np.unique(codes)], note=note)


def _across_labels(name: str, sides: Sides, column: str, rows: Mask) -> Check:
    """Count what is in train under one label and in test under another: a group id of class and title hides it."""
    chosen, codes, found = _shared(sides, column, rows)
    labels = sides.clips["label"][chosen].to_numpy(dtype=object)
    of_value = pd.DataFrame({"code": codes, "label": labels}).drop_duplicates()
    several = of_value[of_value["code"].duplicated(keep=False)].sort_values(["code", "label"])
    told = several.groupby(several["code"].to_numpy())["label"].agg(list)
    values = found[told.index.to_numpy(np.int64)]
    return counted(name, "leak", [f"{value} ({few(names)})" for value, names in zip(values, told, strict=True)])


def _parted_twins(sides: Sides) -> Iterable[str]:
    clips = sides.clips
    twin = text_of(clips, "twin_of")
    has_twin = (twin != "").to_numpy(bool)
    if not has_twin.any():
        return []
    ids = clips["clip_id"]
    crossing = np.zeros(len(clips), bool)
    for here, there in (("train", "test"), ("test", "train")):
        crossing |= sides.masks[here] & twin.isin(ids[sides.masks[there]]).to_numpy(bool)
    return ids[crossing & has_twin]
