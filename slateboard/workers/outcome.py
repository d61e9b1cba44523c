"""Outcome of an item in a worker: its result, or a Failure with the reason; and the budget of one item."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, TypeVar

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.limits import current_limits
from slateboard.settings import Limits
from slateboard.unwritable import UNWRITABLE, error_chain

T = TypeVar("T")
R = TypeVar("R")

_CV2_NO_MEMORY = -4
"""`StsNoMem` of OpenCV."""


class Code(StrEnum):
    """Why an item has no result."""

    EXCEPTION = "exception"
    """The function raised it."""
    DIED = "died"
    """Its process ended in the middle, by a signal or by itself, at every try."""
    TIMEOUT = "timeout"
    """It took longer than its budget allows, and was ended."""
    MEMORY = "memory"
    """It asked for more memory than its budget allows."""


@dataclass(frozen=True)
class Failure:
    """Outcome of an item that has no result."""

    code: Code
    reason: str
    """One sentence for people."""


@dataclass(frozen=True)
class Budget:
    """Time and memory that one item may use; None: no limit."""

    wall_seconds: float | None = None
    memory_bytes: int | None = None
    """Of one process: writable memory that it has to itself, its libraries' included."""
    limits: Limits = field(default_factory=current_limits)
    """What a file may make its process decode."""

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Return the budget that the settings allow."""
        return cls(wall_seconds=limits.item_seconds, memory_bytes=limits.memory_bytes, limits=limits)


@dataclass(frozen=True)
class RunEnds:
    """An error that every other item would meet too, as a full disk: it ends the run."""

    error: Exception


def attempt(function: Callable[[T], R], item: T) -> R | Failure | RunEnds:
    """Return the result of an item, or what prevents one."""
    try:
        return function(item)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return explain(error)


def explain(error: BaseException) -> Failure | RunEnds:
    """Return the Failure of the item, or RunEnds for an error that ends the run."""
    links = list(error_chain(error))
    # Any link of the chain decides: a library wraps `No space left on device` in an error of its own.
    for link in links:
        if isinstance(link, MissingRequirement) or (isinstance(link, OSError) and link.errno in UNWRITABLE):
            return RunEnds(link)
    if any(_lacks_memory(link) for link in links):
        return Failure(Code.MEMORY, f"it needs more memory than it may have ({describe(error)})")
    return Failure(Code.EXCEPTION, describe(error))


def describe(error: BaseException) -> str:
    """Return an error as a sentence: ours unchanged, others with their type and the line that raised them."""
    if isinstance(error, SlateboardError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    return type(error).__name__ == "error" and getattr(error, "code", None) == _CV2_NO_MEMORY
