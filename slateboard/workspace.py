"""Workspace: the folder in which a dataset grows, and where each thing lies in it."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from slateboard.catalog.health import REVIEWS
from slateboard.dataset import Dataset, read_release
from slateboard.errors import BadInput, NewerSchema, Problem, SlateboardError, did_you_mean
from slateboard.paths import PATH, inside
from slateboard.records.release import Takedown
from slateboard.settings import Settings, read_settings

LOST_TAKEDOWN = (
    "Restore it from a copy. Without one, delete it, since `fetch` and `release` stop at it: its sources stay taken "
    "down, but the same file may come again from another address, and the next version's takedowns.csv lacks them."
)
"""What to do about a record of a takedown that cannot be read."""
_VERSION = re.compile(r"v[1-9][0-9]*")
_NUMBERED = re.compile(r"v([1-9][0-9]*)(?:-list)?")


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
        """The list that a person keeps: sources.jsonl where there is one, else sources.csv; never both."""
        table, lines = self.root / "sources.csv", self.root / "sources.jsonl"
        if not lines.exists():
            return table
        if table.exists():
            raise SlateboardError(
                f"{self.root} has two lists, {table.name} and {lines.name}. Move one of them elsewhere, and "
                "`slateboard curate import` it from there if it lists what the other lacks."
            )
        return lines

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
    def reviews(self) -> Path:
        """People's decisions, a file a person."""
        return self.root / REVIEWS

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

    @property
    def takedowns(self) -> Path:
        """One record per takedown."""
        return self.root / "takedowns"

    def file(self, relative: str) -> Path:
        """Return a file that a record names; only its first folder may be a link, as of media/ to a larger disk.

        Raises BadInput where the name leads elsewhere.
        """
        # media/ab12.mp4: `media` may be a link to another disk, `ab12.mp4` must lie inside it.
        top, _, rest = relative.partition("/")
        if rest and not PATH.fault(relative):
            return inside(self.root / top, rest)
        return inside(self.root, relative)

    def taken_down(self) -> list[Takedown]:
        """Return the takedowns of this workspace, oldest first."""
        records = [_takedown(path) for path in sorted(self.takedowns.glob("*.json"))]
        return sorted(records, key=lambda record: (record.at, record.takedown_id))

    def versions(self) -> list[str]:
        """Return the released versions, oldest first; v1-list and folders without their sums are none."""
        names = [path.parent.name for path in self.releases.glob("v*/SHA256SUMS")]
        return sorted((name for name in names if _VERSION.fullmatch(name)), key=lambda name: int(name[1:]))

    def next_version(self) -> str:
        """Return the next version, one above every folder of a release, of a list, or that was taken down."""
        matches = [_NUMBERED.fullmatch(path.name) for path in self.releases.glob("v*")]
        return f"v{max((int(match[1]) for match in matches if match), default=0) + 1}"

    def dataset(self, version: str | None = None) -> Dataset:
        """Read a released version; the newest unless named."""
        versions = self.versions()
        if not versions:
            raise SlateboardError(f"{self.root} has no release yet. Make one with `slateboard curate release`.")
        if version is not None and version not in versions:
            raise SlateboardError(f"Unknown release '{version}'. {did_you_mean(version, versions)}")
        return read_release(self.releases / (version or versions[-1]))


def _takedown(path: Path) -> Takedown:
    try:
        return Takedown.read(path)
    except NewerSchema:
        raise
    except BadInput as error:
        raise BadInput([Problem(problem.where, problem.what, LOST_TAKEDOWN) for problem in error.problems]) from None
