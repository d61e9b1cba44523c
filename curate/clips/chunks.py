"""Many short items in worker processes, a chunk at a time: one that fails costs itself alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from slateboard import engine
from slateboard.engine import Budget, Failure
from slateboard.workers.outcome import RunEnds, attempt

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 64
"""Items in one chunk: each is a few milliseconds of reading, less than it takes to send it to a process."""


def run_in_chunks(
    function: Callable[[T], R], items: Sequence[T], *, workers: int | None, budget: Budget
) -> Iterator[tuple[T, R | Failure]]:
    """Yield (item, `function(item)`) or (item, Failure), chunks in any order; arguments are as in `engine.run`."""
    chunks = [_Chunk(function, tuple(items[start : start + _AT_ONCE])) for start in range(0, len(items), _AT_ONCE)]
    # Where an item ends its worker, the engine divides the chunk, so that the item fails alone.
    for chunk, outcome in engine.run(_run_chunk, chunks, workers=workers, budget=budget, divide=_Chunk.divide):
        results = [outcome] * len(chunk.items) if isinstance(outcome, Failure) else outcome
        yield from zip(chunk.items, results, strict=True)


@dataclass(frozen=True)
class _Chunk(Generic[T, R]):
    function: Callable[[T], R]
    items: tuple[T, ...]

    def divide(self) -> "list[_Chunk[T, R]]":
        """Return a chunk for each item."""
        return [replace(self, items=(item,)) for item in self.items] if len(self.items) > 1 else []


def _run_chunk(chunk: _Chunk[T, R]) -> list[R | Failure]:
    outcomes: list[R | Failure] = []
    for item in chunk.items:
        outcome = attempt(chunk.function, item)
        if isinstance(outcome, RunEnds):
            raise outcome.error
        outcomes.append(outcome)
    return outcomes
