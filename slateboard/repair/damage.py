"""Damage: one thing that is not as it should be, and how it is mended if it can be."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong."""

    where: str
    """File or folder, relative to the workspace, or what is counted."""
    what: str
    """What is wrong: the end of a sentence that `where` begins."""
    remedy: str
    """What mending does, or, where it cannot be mended here, what a person can do: a sentence."""
    mend: Callable[[], object] | None = None
    """Mends it; None: that is not for a program to do."""

    def __str__(self) -> str:
        return f"{self.where} {self.what}. {self.remedy}"
