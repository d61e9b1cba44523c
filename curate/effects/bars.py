"""Bars: a uniform border of any colour on one to four sides, nested or not."""

from curate.analysis.borders import content
from curate.analysis.stack import Stack
from slateboard.records.observation import Verdict
from slateboard.registry import Card

CARD = Card(
    title="Bars (letterbox, pillarbox, frame)",
    source="slateboard; rules measured on 62 unseen sources: recall 1.00 [.91, 1], raised on 1 of 61 clean clips",
)
VERSION = 2
SIZE = 256
FRAMES = 12


def detect(stack: Stack) -> list[Verdict]:
    """Return the box of the content if a border surrounds it; flat sides without a straight edge are undecided."""
    return [_verdict(stack)]


def _verdict(stack: Stack) -> Verdict:
    count, height, width = stack.y.shape
    if count < 2:
        return Verdict(present=None, reason="one frame")
    box = content(stack.y, stack.u, stack.v)
    if (box.top, box.bottom, box.left, box.right) == (0, height, 0, width):
        if box.doubtful:
            return Verdict(present=None, reason="flat sides, no straight edge")
        return Verdict(present=False, reason="none")
    # The box is that of the content, in shares of the frame: 455 x 256 with bars of 32 px above and below -> x 0, y
    # 0.125, w 1, h 0.75.
    widest = max(box.top, height - box.bottom, box.left, width - box.right)
    return Verdict(
        present=True,
        reason=f"{widest} px of {width}x{height}",
        x=box.left / width,
        y=box.top / height,
        w=(box.right - box.left) / width,
        h=(box.bottom - box.top) / height,
        score=1.0,
    )
