"""A clock that is set back, for the process of one command and the workers that are forked from it."""

import sys
import time
from datetime import datetime, timedelta, tzinfo
from typing import Self

PACKAGES = ("slateboard", "curate", "splits", "leaderboards", "benchmark")


def set_back(hours: float) -> None:
    """Let the wall clock tell a time so long ago; the clocks that measure durations go on, as the system's do."""
    wall, wall_ns = time.time, time.time_ns
    time.time = lambda: wall() - 3600 * hours
    time.time_ns = lambda: wall_ns() - int(3600 * hours) * 10**9

    class Behind(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) - timedelta(hours=hours)

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES and getattr(module, "datetime", None) is datetime:
            module.datetime = Behind  # type: ignore[attr-defined]
