"""Which groups have clips in train and in test, and what links these clips."""

from collections.abc import Collection

import numpy as np

from slateboard.records.release import MACHINE_MADE
from splits.audit.checks import EXAMPLES, Check
from splits.audit.membership import SplitMembership, text_of
from splits.groups import LINKS
from splits.parts import few

GROUPS = "groups on both sides"

_NAMES = {"group": "group", "source_id": "source", "source_url": "address", "sha256": "file"}
"""What a person calls the columns of LINKS, in the order in which they are named."""
_DIGITS = 12
"""Of a file's hash."""


def check_groups(membership: SplitMembership) -> Check:
    """Count the components that are in train and in test; the examples are the first by their smallest clip id."""
    broken = sorted(membership.key_names[membership.broken])
    examples = [
        f"{describe_link(membership, key)}: {' ~ '.join(_first_clips(membership, key))}" for key in broken[:EXAMPLES]
    ]
    return Check(GROUPS, "leak", len(broken), tuple(examples))


def describe_link(membership: SplitMembership, key: str) -> str:
    """Return in words what links the train and test clips of a group.

    Near-duplicates bear one group in the table; where nobody named it, that is said. Where train and test share no
    value, other clips link them as a chain, and the columns that it runs over are named.
    """
    rows = np.flatnonzero(membership.keys.to_numpy(dtype=object) == key)
    clips = membership.clips.iloc[rows]
    train, test = (membership.masks[subset][rows] for subset in ("train", "test"))
    columns = [(column, text_of(clips, column).str.strip()) for column in sorted(LINKS, key=list(_NAMES).index)]
    across = [_describe(column, set(values[train]) & set(values[test])) for column, values in columns]
    if any(across):
        return ", ".join(filter(None, across))
    # Train has a, test has c; a and b share a group, b and c a file, so b, wherever it is, links them: "chain of group
    # g, file f". A value of a single clip links nothing.
    chain = [_describe(column, set(values[values.duplicated()])) for column, values in columns]
    return f"chain of {', '.join(filter(None, chain))}"


def _first_clips(membership: SplitMembership, key: str) -> list[str]:
    """Return the smallest clip id of a group in train, and the one in test."""
    in_group = membership.keys.to_numpy(dtype=object) == key
    return [
        min(membership.clips["clip_id"][in_group & membership.masks[subset]].astype(str))
        for subset in ("train", "test")
    ]


def _describe(column: str, values: Collection[str]) -> str:
    present = sorted(value for value in values if value)
    if not present:
        return ""
    words = [value[:_DIGITS] if column == "sha256" else value for value in present]
    unnamed = column == "group" and present[0].startswith(MACHINE_MADE)
    note = " (joined by the release: one video or near-duplicates)" if unnamed else ""
    return f"{_NAMES[column]} {few(words)}{note}"
