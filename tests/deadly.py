"""Work on a run of a suite that kills its own process where the run is of HOG: what a system short of memory does."""

import os
import signal

from benchmark.suites.states import Row
from benchmark.suites.work import Order, work


def deadly(order: Order) -> Row:
    """Make the run, or die."""
    if order.job.record.baseline == "hog_svm":
        os.kill(os.getpid(), signal.SIGKILL)
    return work(order)
