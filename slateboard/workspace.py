"""Workspace: the folder in which a dataset grows, and where each thing lies in it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from slateboard.dataset import Dataset, read_release
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.settings import Settings, read_settings


@dataclass(frozen=True)
class Workspace:
    """Paths and settings of one workspace."""

    root: Path

    @cached_property
    def settings(self) -> Settings:
        """slateboard.toml and environment."""
        return read_settings(self.root)

    @property
    def sources(self) -> Path:
        """The list that a person keeps."""
        return self.root / "sources.csv"

    @property
    def catalog(self) -> Path:
        """State of every source, media and clip."""
        return self.root / "catalog.db"

    @property
    def media(self) -> Path:
        """Originals by content hash."""
        return self.root / "media"

    @property
    def observations(self) -> Path:
        """One Parquet per media and analyser."""
        return self.root / "observations"

    @property
    def clips(self) -> Path:
        """Trimmed clips by clip id."""
        return self.root / "clips"

    @property
    def releases(self) -> Path:
        """Frozen versions."""
        return self.root / "releases"

    @property
    def splits(self) -> Path:
        """Divisions made after a release, by dataset."""
        return self.root / "splits"

    @property
    def stores(self) -> Path:
        """Decoded frames at training geometry; can be made again."""
        return self.root / "stores"

    @property
    def runs(self) -> Path:
        """One folder per run."""
        return self.root / "runs"

    @property
    def board(self) -> Path:
        """Tables and pages; can be made again."""
        return self.root / "board"

    def versions(self) -> list[str]:
        """Return the released versions, oldest first."""
        found = [path.parent.name for path in self.releases.glob("v*/SHA256SUMS")]
        return sorted(found, key=lambda version: int(version[1:]) if version[1:].isdigit() else 0)

    def dataset(self, version: str | None = None) -> Dataset:
        """Read a released version; the newest unless named."""
        versions = self.versions()
        if not versions:
            raise SlateboardError(f"{self.root} has no release yet. Make one with `slateboard curate release`.")
        if version is not None and version not in versions:
            raise SlateboardError(f"Unknown release '{version}'. {did_you_mean(version, versions)}")
        return read_release(self.releases / (version or versions[-1]))
