"""What becomes of an item in a worker: its result, or a failure with its reason; and what one item may use."""

import errno
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.settings import Limits

T = TypeVar("T")
R = TypeVar("R")

HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that every other item would meet as well: no room on the disk, a file system that cannot be written."""

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
    """What an item has in place of a result."""

    code: Code
    reason: str
    """One sentence for people."""


@dataclass(frozen=True)
class Budget:
    """What one item may use; None: as much as it likes."""

    wall_seconds: float | None = None
    memory_bytes: int | None = None
    """Of one process: writable memory that it has to itself, its libraries' included."""

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Return the budget that the settings allow."""
        return cls(wall_seconds=limits.item_seconds, memory_bytes=limits.memory_bytes)


@dataclass(frozen=True)
class RunEnds:
    """An error that no item can help: it ends the run."""

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
    """Return what an error means for its item or for the whole run."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, MissingRequirement) or (isinstance(link, OSError) and link.errno in HOPELESS):
            return RunEnds(link)
    if any(_lacks_memory(link) for link in chain):
        return Failure(Code.MEMORY, f"it needs more memory than it may have ({describe(error)})")
    return Failure(Code.EXCEPTION, describe(error))


def describe(error: BaseException) -> str:
    """Return an error as a sentence: ours as they stand, others with their type and where they were raised."""
    if isinstance(error, SlateboardError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what caused it, and so on."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    return type(error).__name__ == "error" and getattr(error, "code", None) == _CV2_NO_MEMORY
