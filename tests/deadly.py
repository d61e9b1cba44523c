"""Work on a run of a suite that kills its own process where the run is of HOG: what a system short of memory does."""

import os
import signal

from benchmark.suites.run_job import JobOrder, run_job
from benchmark.suites.table import SuiteRow


def deadly(order: JobOrder) -> SuiteRow:
    """Make the run, or die."""
    if order.job.record.baseline == "hog_svm":
        os.kill(os.getpid(), signal.SIGKILL)
    return run_job(order)
