"""An analysis that kills its process on the smallest videos, as a decoder does that divides by nought."""

import ctypes

from curate.analysis.decode_pass import Job, Pass, observe


def deadly_analysis(job: Job) -> Pass:
    """Analyse, or end by SIGFPE."""
    if job.media.width == 4:
        ctypes.CDLL(None).div(1, 0)
    return observe(job)
