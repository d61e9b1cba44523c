"""Check: one question about a split, how many findings it has, and what kind they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

EXAMPLES = 5
"""Most examples kept of one check."""

Kind = Literal["leak", "contradiction", "balance", "unknown"]
"""Leaks and contradictions always fail; balance and unknowns are reported, and fail with `--strict`."""


@dataclass(frozen=True)
class Check:
    """One question about a split, and how many findings it has."""

    name: str
    kind: Kind
    count: int | None
    """None: not run, which is not the same as 0."""
    examples: tuple[str, ...]
    """The first ones, in alphabetical order."""
    note: str = ""
    """How it was run, or why it was not."""


def counted_check(name: str, kind: Kind, hits: Iterable[str], *, note: str = "") -> Check:
    """Return a check that was run: how many hits it has, and the first of them in alphabetical order."""
    names = sorted(map(str, hits))
    return Check(name, kind, len(names), tuple(names[:EXAMPLES]), note)


def skipped_check(name: str, kind: Kind, why: str) -> Check:
    """Return a check that was not run, with the reason."""
    return Check(name, kind, None, (), why)
