"""probes.json of a run: what it loses on one frame, on shuffled and on reversed frames of each view."""

from leaderboards.comparison import Comparison
from slateboard.records.base import Record

PROBES = "probes.json"
"""In the folder of a run; the last file that a probe writes."""


class Probes(Record):
    """Content of probes.json in the folder of a run."""

    seed: int
    """Of the shuffling."""
    reproduced: float
    """Greatest difference of any probability between predictions.parquet and the same views predicted again, 0-1."""
    frames: dict[str, int]
    """Frames of a view, by stream."""
    probes: dict[str, tuple[Comparison, ...]]
    """Probe -> by stream, the normal views against the altered ones: a positive difference is what was lost."""
    findings: tuple[str, ...]
    """Conclusions, a sentence a stream."""
