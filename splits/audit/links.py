"""Which groups are on both sides of a split, by their names, and what links them across it."""

from collections.abc import Collection

import numpy as np

from slateboard.records.release import MACHINE_MADE
from splits.audit.checks import EXAMPLES, Check
from splits.audit.sides import Sides, text_of
from splits.groups import LINKS
from splits.parts import few

GROUPS = "groups on both sides"

_NAMES = {"group": "group", "source_id": "source", "source_url": "address", "sha256": "file"}
"""What a person calls the columns of LINKS, the first that is shared being the name of the component."""
_DIGITS = 12
"""Of a file's hash."""


def groups_on_both(sides: Sides) -> Check:
    """Count the components that are in train and in test; the examples are the first by their smallest clip id."""
    broken = sorted(sides.key_names[sides.broken])
    told = [f"{linked(sides, key)}: {' ~ '.join(_first(sides, key))}" for key in broken[:EXAMPLES]]
    return Check(GROUPS, "leak", len(broken), tuple(told))


def linked(sides: Sides, key: str) -> str:
    """Return in words what links the clips of a component over the two sides.

    Near-duplicates bear one group in the table; where nobody named it, that is said. Without anything that both
    sides share, a chain over other clips links them, and what it is made of is named.
    """
    rows = np.flatnonzero(sides.keys.to_numpy(dtype=object) == key)
    clips = sides.clips.iloc[rows]
    train, test = (sides.masks[part][rows] for part in ("train", "test"))
    columns = [(column, text_of(clips, column).str.strip()) for column in sorted(LINKS, key=list(_NAMES).index)]
    across = [_named(column, set(values[train]) & set(values[test])) for column, values in columns]
    if any(across):
        return ", ".join(filter(None, across))
    # What a single clip has is no link.
    chain = [_named(column, set(values[values.duplicated()])) for column, values in columns]
    return f"chain of {', '.join(filter(None, chain))}"


def _first(sides: Sides, key: str) -> list[str]:
    """Return the smallest clip id of a component in train, and the one in test."""
    there = sides.keys.to_numpy(dtype=object) == key
    return [min(sides.clips["clip_id"][there & sides.masks[part]].astype(str)) for part in ("train", "test")]


def _named(column: str, values: Collection[str]) -> str:
    present = sorted(value for value in values if value)
    if not present:
        return ""
    words = [value[:_DIGITS] if column == "sha256" else value for value in present]
    unnamed = column == "group" and present[0].startswith(MACHINE_MADE)
    note = " (joined by the release: one video or near-duplicates)" if unnamed else ""
    return f"{_NAMES[column]} {few(words)}{note}"
