"""Check: one question to a split, how often the answer is bad, and what that means."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

EXAMPLES = 5
"""Most examples kept of one check."""

Kind = Literal["leak", "contradiction", "balance", "unknown"]
"""Leaks and contradictions must not be; balance and what is not known are told, and fail where `--strict` is asked."""


@dataclass(frozen=True)
class Check:
    """One question to a split, and how often the answer is bad."""

    name: str
    kind: Kind
    count: int | None
    """None: not looked at, which is not the same as none found."""
    examples: tuple[str, ...]
    """The first ones, in alphabetical order."""
    note: str = ""
    """How it was looked at, or why it was not."""


def counted(name: str, kind: Kind, found: Iterable[str], *, note: str = "") -> Check:
    """Return a check that was looked at."""
    names = sorted(map(str, found))
    return Check(name, kind, len(names), tuple(names[:EXAMPLES]), note)


def not_looked_at(name: str, kind: Kind, why: str) -> Check:
    """Return a check that was not looked at."""
    return Check(name, kind, None, (), why)
