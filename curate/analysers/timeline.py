"""Keep the presentation time of every decoded frame: labels and cuts never compute it as frame number over rate."""

from collections.abc import Sequence

from curate.analysis.rows import TimelineRow
from slateboard.media.frames import Frame
from slateboard.media.rates import in_order
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameters

CARD = Card(title="Presentation times", source="slateboard")
VERSION = 2
SIZE = 0
RATE = None
PER_SHOT = False


class Timeline:
    """Collects presentation times."""

    def __init__(self) -> None:
        self._rows: list[TimelineRow] = []

    def see(self, frame: Frame) -> None:
        """Record one frame."""
        self._rows.append({"frame": frame.index, "pts": frame.pts, "seconds": frame.seconds})

    def rows(self, shots: Sequence[Shot]) -> list[TimelineRow]:
        """Return frame, PTS, and seconds on the player's clock."""
        moments = in_order([row["seconds"] for row in self._rows])
        return [{**row, "seconds": moment} for row, moment in zip(self._rows, moments, strict=True)]


def start(media: Media, parameters: Parameters) -> Timeline:
    """Begin to watch one media."""
    return Timeline()
