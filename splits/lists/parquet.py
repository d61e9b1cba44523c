"""A Parquet table of clip_id, fold and part: all splits of a dataset in one place, unused clips included."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from slateboard.errors import BadInput
from slateboard.reading import read_table
from slateboard.registry import Card
from splits.listing.entries import Entry, Listing, Reading, Subset, no_lists

CARD = Card(title="Parquet of folds", source="slateboard")
NAMES: Final = "clip_id"
PARTS: Final = ("train", "test", "unused")

COLUMNS = ("clip_id", "fold", "part")
_SCHEMA = pa.schema([("clip_id", pa.string()), ("fold", pa.int64()), ("part", pa.string())])
_SUBSETS: tuple[Subset, ...] = ("train", "test", "unused")


def read(folder: Path) -> Listing:
    """Read every Parquet file of a folder; folds count from 1.

    Raises BadInput that names every file that is no such table, and every row without a clip, with a fold below
    1 or with an unknown part.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise no_lists(folder, "a Parquet file with the columns clip_id, fold and part")
    reading = Reading()
    for path in files:
        what = f"table of {', '.join(COLUMNS)}"
        try:
            table = read_table(path, what=what, columns=COLUMNS, remedy="Take it out of this folder.")
        except BadInput as error:
            reading.problems += [replace(problem, where=path.name) for problem in error.problems]
            continue
        for row, cells in enumerate(table[list(COLUMNS)].itertuples(index=False), start=1):
            _add(reading, f"{path.name}: row {row}", path.name, *cells)
    return reading.listing()


def write(listing: Listing) -> dict[str, bytes]:
    """Return file name -> bytes, rows in the order of the entries."""
    rows: dict[str, list[Entry]] = {}
    for entry in listing.entries:
        rows.setdefault(entry.file or "folds.parquet", []).append(entry)
    return {name: _bytes(entries) for name, entries in rows.items()}


def _add(reading: Reading, where: str, name: str, clip: object, fold: object, word: object) -> None:
    subset = next((subset for subset in _SUBSETS if subset == word), None)
    if not isinstance(clip, str) or not clip:
        reading.wrong(where, f"has clip_id {clip!r}.", "Give the id of a clip.")
    # True is an int in Python, and a column of booleans is no column of folds.
    elif not isinstance(fold, int) or isinstance(fold, bool) or fold < 1:
        reading.wrong(where, f"has fold {fold!r}.", "Folds are whole numbers that count from 1.")
    elif subset is None:
        reading.wrong(where, f"is for {word!r}.", f"Expected {', '.join(_SUBSETS)}.")
    else:
        reading.entries.append(Entry(clip, subset, fold, "", file=name, where=where))


def _bytes(entries: list[Entry]) -> bytes:
    rows = [{"clip_id": entry.path, "fold": entry.number, "part": entry.subset} for entry in entries]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), buffer)
    return buffer.getvalue()
