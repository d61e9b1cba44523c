"""Limits of what is decoded in this process: the workspace's `[limits]` while its command runs, else the defaults.

Files of strangers are opened in many places and by workers of other machines; a limit that each of them had to be
handed was forgotten by some.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from slateboard.settings import Limits

_limits_stack = [Limits()]


def current_limits() -> Limits:
    """Return the limits that hold now."""
    return _limits_stack[-1]


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Hold everything that is decoded, and each item of a worker, to these limits meanwhile."""
    _limits_stack.append(limits)
    try:
        yield
    finally:
        _limits_stack.pop()
