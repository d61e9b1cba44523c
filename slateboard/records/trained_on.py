"""TrainedOn: the clips that influenced the weights of a run; lies in its folder before anything is tested."""

from slateboard.paths import SafeId
from slateboard.records.base import Record


class TrainedOn(Record):
    """trained_on.json of a run, over all its streams."""

    train: tuple[SafeId, ...]
    """Ids of the clips that were learned from, in alphabetical order."""
    validation: tuple[SafeId, ...]
    """Ids of the clips that were held back to watch, and so may have decided when the training ended."""

    @property
    def ids(self) -> frozenset[str]:
        """All of them: none may be tested."""
        return frozenset((*self.train, *self.validation))

    def __or__(self, other: "TrainedOn") -> "TrainedOn":
        """Return the union of the clips that influenced two networks, or one that was trained twice."""
        # Sorted sets: the order of training is not part of it, and equal contents are equal files.
        return TrainedOn(
            train=tuple(sorted({*self.train, *other.train})),
            validation=tuple(sorted({*self.validation, *other.validation})),
        )
