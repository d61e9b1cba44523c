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

# Chroma radius r = hypot(u - 128, v - 128) within which 99 % of the pixels lie: up to 4 the clip is black and white,
# up to 9 grey scenes and filters look the same (undecided), above it has colour.
_BW_RADIUS, _DOUBTFUL_RADIUS = 4.0, 9.0


def detect(stack: Stack) -> list[Verdict]:
    """Return whether the clip is black and white, by the 99th percentile of the chroma radius of all sampled frames."""
    radius = np.hypot(stack.u.astype(np.float32) - 128, stack.v.astype(np.float32) - 128)
    strongest = float(np.quantile(radius, 0.99))
    reason = f"chroma radius {strongest:.1f}"
    if strongest <= _BW_RADIUS:
        return [Verdict(present=True, reason=reason, score=strongest)]
    return [Verdict(present=None if strongest <= _DOUBTFUL_RADIUS else False, reason=reason, score=strongest)]
