"""Stands in for worker processes where a test is about something else: the same outcomes, from this process."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from slateboard.engine import Failure
from slateboard.workers.outcome import RunEnds, attempt


def run(function: Callable[[Any], Any], items: Iterable[Any], **_: object) -> Iterator[tuple[Any, Any]]:
    for item in items:
        outcome = attempt(function, item)
        if isinstance(outcome, RunEnds):
            raise outcome.error
        yield item, outcome


def run_but(dies: Callable[[Any], bool], reason: str) -> Callable[..., Iterator[tuple[Any, Any]]]:
    """Return a stand-in in which the process of some items dies."""

    def run_some(function: Callable[[Any], Any], items: Iterable[Any], **_: object) -> Iterator[tuple[Any, Any]]:
        for item in items:
            yield from [(item, Failure("died", reason))] if dies(item) else run(function, [item])

    return run_some
