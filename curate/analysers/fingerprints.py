"""Fingerprint what a video shows over time, with and without its borders, so that reposts of it are found."""

from collections.abc import Sequence

from slateboard.media.fingerprints import RATE_HZ, SHORT_SIDE, Fingerprinter, FingerprintRow
from slateboard.media.frames import Frame
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameters

CARD = Card(
    title="Fingerprints over time",
    source="slateboard; pictures of 32 x 32 cells, up to 30 a second, of the frame and of the content box",
)
VERSION = 4
SIZE = SHORT_SIDE
RATE: float | None = RATE_HZ


class Fingerprints:
    """Hands frames to a Fingerprinter."""

    def __init__(self) -> None:
        self._maker = Fingerprinter()

    def see(self, frame: Frame) -> None:
        """Take one frame."""
        self._maker.see(frame)

    def close(self, end: int) -> None:
        """Look for the borders of the shot that ends before frame `end` while the next is decoded."""
        self._maker.close(end)

    def rows(self, shots: Sequence[Shot] = ()) -> list[FingerprintRow]:
        """Return the fingerprint as one row."""
        return [self._maker.finish(shots).row()]


def start(media: Media, parameters: Parameters) -> Fingerprints:
    """Begin to watch one media."""
    return Fingerprints()
