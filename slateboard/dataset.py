"""Dataset: a released folder as every later stage reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import digest
from slateboard.records.release import Release, ReleasedClip

if TYPE_CHECKING:
    import pandas as pd

CLIP_COLUMNS = tuple(ReleasedClip.model_fields)


@dataclass(frozen=True)
class Dataset:
    """Clips with their classes, and where their files lie."""

    root: Path
    name: str
    version: str
    title: str
    licence: str
    classes: tuple[str, ...]
    """Safe names in the order of classInd.txt; class_index - 1 is the position."""
    labels: tuple[str, ...]
    """The same classes as people wrote them."""
    motion_pairs: tuple[tuple[str, str], ...]
    """Class names (safe form) that one frame cannot tell apart."""
    clips: pd.DataFrame
    """One row a clip, columns of ReleasedClip, ordered by class_index and path."""
    sha256: str
    """Identity of the data, whatever the order of rows and wherever it lies."""

    @property
    def key(self) -> str:
        """<name>-<version>, as in the path of a run."""
        return f"{self.name}-{self.version}"


def dataset_sha256(classes: Sequence[str], clips: pd.DataFrame) -> str:
    """Return the identity of a dataset: its classes, and every clip's id, label, group and file hash."""
    rows = clips[["clip_id", "label", "group", "sha256"]].sort_values("clip_id").to_numpy().tolist()
    return digest([list(classes), rows])


def read_release(folder: Path) -> Dataset:
    """Read a released version; a folder without its SHA256SUMS is none."""
    if not (folder / "SHA256SUMS").is_file():
        raise SlateboardError(
            f"{folder} is not a whole release (no SHA256SUMS). Make it with `slateboard curate release`."
        )
    # Imported here: half a second, which no command that only looks for versions should wait for.
    import pandas as pd

    release = Release.read(folder / "recipe.toml")
    clips = pd.read_parquet(folder / "clips.parquet")
    found = dataset_sha256(release.classes, clips)
    if found != release.dataset_sha256:
        raise BadInput(
            [Problem(str(folder), "clips.parquet is not the one it was released with.", "Restore the release.")]
        )
    return dataset_of(release, clips, root=folder)


def dataset_of(release: Release, clips: pd.DataFrame, *, root: Path) -> Dataset:
    """Put the record of a release and its table of clips together."""
    return Dataset(
        root=root,
        name=release.name,
        version=release.version,
        title=release.title,
        licence=release.licence,
        classes=release.classes,
        labels=release.labels,
        motion_pairs=release.motion_pairs,
        clips=clips,
        sha256=release.dataset_sha256,
    )
