"""A comparison that ends its process where one pair is among those to compare: what a fault in a library does."""

import os
import signal

from curate.duplicates.comparison import Comparison, ComparisonResult, compare


def compare_but_die(job: Comparison) -> ComparisonResult:
    """Compare, or die over the pair of a and d."""
    pairs = job.pairs if job.pairs is not None else [(first, second) for first in job.fresh for second in job.fresh]
    if ("a" * 64, "d" * 64) in pairs:
        os.kill(os.getpid(), signal.SIGKILL)
    return compare(job)
