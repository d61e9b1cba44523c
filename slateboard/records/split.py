"""Split: which clip of a dataset is for training and which is for testing."""

from typing import Any

from pydantic import Field, model_validator

from slateboard.files import digest
from slateboard.paths import SafeId, SafeName
from slateboard.records.base import Record


class Split(Record):
    """One division of one dataset by one protocol."""

    dataset: SafeId
    """<name>-<version>."""
    dataset_sha256: str
    protocol: SafeName
    number: int = Field(ge=1)
    """1-based number of the split or fold within the protocol."""
    parameters: dict[str, Any]
    seed: int
    safe: bool
    """False for protocols that let groups leak."""
    train: tuple[SafeId, ...]
    """Clip ids in the order of the dataset."""
    test: tuple[SafeId, ...]
    unused: tuple[SafeId, ...] = ()
    """Clips that the protocol leaves out on purpose."""
    report: tuple[str, ...] = ()
    """What could not be met, and names that were not found, a sentence each."""

    @model_validator(mode="after")
    def _no_clip_twice(self) -> "Split":
        everything = [*self.train, *self.test, *self.unused]
        if len(set(everything)) != len(everything):
            raise ValueError("a clip is in more than one part")
        return self

    @property
    def key(self) -> str:
        """<protocol>-<number>, as in the path of a run."""
        return f"{self.protocol}-{self.number}"

    @property
    def sha256(self) -> str:
        """Hash of the train and test ids, whatever their order.

        Stored as `lists_sha256` in a certificate, as `split_sha256` in a run.
        """
        # Unused clips have no part in it: a run neither learns from nor is tested on them.
        return digest([sorted(self.train), sorted(self.test)])
