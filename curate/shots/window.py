"""The latest thumbnails of a running video, and the distances between them, each pair measured once."""

from curate.shots import thumbs
from curate.shots.thumbs import Thumb

CAPACITY = 160
"""Frames that a window remembers: 2.7 s at 60 a second; thumbnails of them are 0.6 MB."""


class Window:
    """Thumbnails by frame index; those older than the last CAPACITY (to twice as many) are forgotten."""

    def __init__(self) -> None:
        self.first = 0
        """Index of the oldest thumbnail that is remembered."""
        self._thumbs: list[Thumb] = []
        self._changes: list[float] = []
        self._dissimilarities: dict[tuple[int, int], float] = {}

    @property
    def end(self) -> int:
        """Index after the newest."""
        return self.first + len(self._thumbs)

    def add(self, thumb: Thumb) -> None:
        """Take the next thumbnail."""
        self._changes.append(thumbs.change(self._thumbs[-1], thumb) if self._thumbs else 0.0)
        self._thumbs.append(thumb)
        if len(self._thumbs) > 2 * CAPACITY:
            self.first += CAPACITY
            del self._thumbs[:CAPACITY], self._changes[:CAPACITY]
            recent = {pair: distance for pair, distance in self._dissimilarities.items() if min(pair) >= self.first}
            self._dissimilarities = recent

    def __getitem__(self, index: int) -> Thumb:
        """Return the thumbnail of a frame."""
        return self._thumbs[index - self.first]

    def slice(self, start: int, end: int) -> list[Thumb]:
        """Return the thumbnails of frames start to end - 1."""
        return self._thumbs[start - self.first : end - self.first]

    def has(self, index: int) -> bool:
        """Return whether a frame is remembered."""
        return self.first <= index < self.end

    def change(self, index: int) -> float:
        """Return the change from the frame before, in grey levels."""
        return self._changes[index - self.first]

    def changes(self, start: int, end: int) -> list[float]:
        """Return the changes of frames start to end - 1 that are remembered."""
        return self._changes[max(0, start - self.first) : max(0, end - self.first)]

    def dissimilarity(self, a: int, b: int) -> float:
        """Return the structural dissimilarity of two frames, by index, 0-1."""
        pair = (a, b)
        if pair not in self._dissimilarities:
            self._dissimilarities[pair] = thumbs.dissimilarity(self[a], self[b])
        return self._dissimilarities[pair]
