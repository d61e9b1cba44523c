"""An analysis that kills its process on the smallest videos, as a decoder does that divides by nought."""

import ctypes

from curate.analysis.decode_pass import DecodeJob, DecodeResult, analyse_and_write


def deadly_analysis(job: DecodeJob) -> DecodeResult:
    """Analyse, or end by SIGFPE."""
    if job.media.width == 4:
        ctypes.CDLL(None).div(1, 0)
    return analyse_and_write(job)
