"""Bw: no colour, by filter or by nature of the scene."""

import numpy as np

from curate.analysis.stack import Stack
from slateboard.records.observation import Verdict
from slateboard.registry import Card

CARD = Card(
    title="Black and white",
    source="slateboard; rules measured on 62 unseen sources: recall .72 [.57, .84], raised on 0 of 61 clean clips",
)
VERSION = 2
SIZE = 256
FRAMES = 12

# 99 % of pixels within this distance from grey: yes; up to the second number grey scenes and filters look alike.
_YES, _DOUBT = 4.0, 9.0


def detect(stack: Stack) -> list[Verdict]:
    """Judge by the 99th percentile of the chroma radius over all sampled frames."""
    radius = np.hypot(stack.u.astype(np.float32) - 128, stack.v.astype(np.float32) - 128)
    strongest = float(np.quantile(radius, 0.99))
    reason = f"chroma radius {strongest:.1f}"
    if strongest <= _YES:
        return [Verdict(present=True, reason=reason, score=strongest)]
    return [Verdict(present=None if strongest <= _DOUBT else False, reason=reason, score=strongest)]
