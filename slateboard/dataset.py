"""Dataset: a released folder as every later stage reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import digest
from slateboard.paths import ID, leading_out
from slateboard.records.release import IN_ORDER, Release, ReleasedClip
from slateboard.sums import SUMS
from slateboard.tables import columns_of, read_checked_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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
    is_plain: bool = False
    """A folder of videos that no release lists: its files are those that lie there, be they symbolic links."""

    @property
    def key(self) -> str:
        """<name>-<version>, as in the path of a run."""
        return f"{self.name}-{self.version}"

    def file(self, path: str) -> Path:
        """Return the file of a clip by its `path`; raises BadInput where that leads out of the release."""
        return self.files([path])[0]

    def files(self, paths: Iterable[str]) -> list[Path]:
        """Return the files of clips by their `path`; raises BadInput with every path that leads out of the release."""
        names = list(paths)
        if not self.is_plain:
            problems = leading_out(self.root, names, where=f"{self.key}: path of a clip")
            if problems:
                raise BadInput(problems)
        return [self.root / name for name in names]


def dataset_sha256(classes: Sequence[str], clips: pd.DataFrame) -> str:
    """Return the identity of a dataset: its classes, and every clip's id, label, group and file hash."""
    # JSON of [classes, [[clip_id, label, group, sha256], ...]] by clip_id: other columns, paths and the order of rows
    # change nothing, another byte in a video changes its sha256 and with it this.
    rows = clips[["clip_id", "label", "group", "sha256"]].sort_values("clip_id").to_numpy().tolist()
    return digest([list(classes), rows])


def table_sha256(classes: Sequence[str], clips: pd.DataFrame) -> str:
    """Return the hash of a whole table: its classes and every column of every clip, by clip_id.

    Each column is hashed as Arrow lays it out, strings as offsets and UTF-8, numbers as 64 bits; what is missing is
    an empty string or not a number.
    """
    # Imported here: see read_release.
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {str(name): _arrow_array(clips[name]) for name in clips.columns}
    order = pc.sort_indices(pa.table(columns), sort_keys=[(name, "ascending") for name in ("clip_id", "path")])
    hashes: list[Any] = [list(classes)]
    for name in sorted(columns):
        ordered = columns[name].take(order)
        # An Arrow string column is one text and n + 1 offsets into it: ("ab", "", "c") -> b"abc" and 0, 2, 2, 3. A
        # slice of a larger column begins elsewhere, so offsets count from its first, and the text is cut to its range.
        buffers: list[Any]
        if pa.types.is_large_string(ordered.type):
            _, offsets, text = ordered.buffers()
            ends = np.frombuffer(offsets, np.int64, len(ordered) + 1)
            buffers = [ends - ends[0], memoryview(text or b"")[ends[0] : ends[-1]]]
        else:
            buffers = [np.ascontiguousarray(ordered.to_numpy())]
        hashed = hashlib.sha256()
        for buffer in buffers:
            hashed.update(buffer)
        hashes.append([name, hashed.hexdigest()])
    return digest(hashes)


def _arrow_array(column: pd.Series) -> pa.Array:
    """Return a column as an Arrow array of one piece, of strings or of 64-bit numbers, with nothing missing."""
    import pyarrow as pa

    kind: Any = pa.large_string()
    if column.dtype.kind in "iufb":
        kind = pa.float64() if column.dtype.kind == "f" else pa.int64()
    values = pa.array(column, from_pandas=True)
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return values.cast(kind).fill_null(float("nan") if kind == pa.float64() else 0 if kind == pa.int64() else "")


def read_release(folder: Path, *, checked: bool = True) -> Dataset:
    """Read a released version; raises SlateboardError for a folder without SHA256SUMS.

    A table that is not the released one raises BadInput; with `checked` False it is read as it is, and `sha256` is that
    of the table: for those who want to know what differs.
    """
    if not (folder / SUMS).is_file():
        raise SlateboardError(f"{folder} is not a whole release (no {SUMS}). Make it with `slateboard curate release`.")
    release = Release.read(folder / "recipe.toml")
    clips = read_checked_table(folder / "clips.parquet", columns_of(ReleasedClip), ordered=IN_ORDER)
    sha256 = dataset_sha256(release.classes, clips)
    if checked and sha256 != release.dataset_sha256:
        raise BadInput(
            [Problem(str(folder), "clips.parquet is not the one it was released with.", "Restore the release.")]
        )
    return replace(dataset_of(release, clips, root=folder), sha256=sha256)


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


def dataset_of_table(clips: pd.DataFrame, *, classes: Sequence[str], root: Path, name: str, version: str) -> Dataset:
    """Return a dataset of a table that no release holds; classes as people wrote them are the same as safe ones.

    A name that is none in a path, as of a hidden folder, becomes `folder`.
    """
    return Dataset(
        root=root,
        name="folder" if ID.fault(name) else name,
        version=version,
        title=name,
        licence="",
        classes=tuple(classes),
        labels=tuple(classes),
        motion_pairs=(),
        clips=clips,
        sha256=dataset_sha256(classes, clips),
        is_plain=True,
    )
