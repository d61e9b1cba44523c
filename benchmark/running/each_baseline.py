"""Baselines one after the other: one that fails stops no other, and is named at the end."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from slateboard.errors import Finding, SlateboardError
from slateboard.progress import say
from slateboard.workers.outcome import RunEnds, describe, explain

R = TypeVar("R")


def for_each_baseline(names: Sequence[str], execute: Callable[[str], R]) -> list[R]:
    """Return what `execute` returns for each name; once all were tried, raise an error that names those that failed.

    What no other baseline can escape either, as a full disk, ends the command at once. The error is a Finding where
    each of the failures is one.
    """
    results: list[R] = []
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            results.append(execute(name))
        except Exception as error:
            if isinstance(explain(error), RunEnds):
                raise
            say(f"{name}: failed: {describe(error)}")
            failures[name] = error
    if failures:
        kind = Finding if all(isinstance(error, Finding) for error in failures.values()) else SlateboardError
        lines = [f"{name}: {describe(error)}" for name, error in failures.items()]
        raise kind(f"{len(failures)} of {len(names)} baselines failed:\n" + "\n".join(lines))
    return results
