"""Run: one baseline trained and tested once on one split; written as config.toml in its folder."""

from typing import Any

from slateboard.files import digest
from slateboard.records.base import Record


class Run(Record):
    """All that decides the outcome of a run; its hash names the folder."""

    dataset: str
    dataset_sha256: str
    protocol: str
    split: int
    split_sha256: str
    """Hash of the train and test lists."""
    baseline: str
    parameters: dict[str, Any]
    """Of the baseline, defaults filled in."""
    weights: str
    """Name of the weight set, or `none`."""
    weights_sha256: str | None = None
    seed: int
    threads: int
    """CPU threads: another number sums in another order."""

    @property
    def folder(self) -> str:
        """<dataset>/<protocol>-<split>/<baseline>/<seed>-<config hash>, below runs/."""
        return f"{self.dataset}/{self.protocol}-{self.split}/{self.baseline}/{self.seed}-{digest(self.row(), length=8)}"
