"""Observations on disk: one Parquet per media and analyser, its origin in the metadata."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slateboard.files import PART, whole
from slateboard.observation_files import Size, read_rows, size_of
from slateboard.observation_files import path_of as path_of
from slateboard.records.observation import Observation


def write(folder: Path, observation: Observation) -> Size:
    """Write an observation whole; return what its file looks like."""
    origin = {"schema": observation.SCHEMA, **observation.model_dump(mode="json", exclude={"rows"})}
    names = dict.fromkeys(name for row in observation.rows for name in row)
    table = pa.table({name: [row.get(name) for row in observation.rows] for name in names})
    table = table.replace_schema_metadata({"slateboard": json.dumps(origin, sort_keys=True)})
    path = path_of(folder, observation.media_id, observation.analyser)
    clear(path)
    with whole(path) as temporary:
        pq.write_table(table, temporary, write_page_checksum=True)
    return size_of(path)


def clear(path: Path) -> None:
    """Remove what a killed run left half written of a file; only the process that holds the workspace writes it."""
    for left in path.parent.glob(f".{path.name}.*{PART}"):
        left.unlink()


def read(folder: Path, media_id: str, analyser: str) -> list[dict[str, Any]]:
    """Return the rows of an observation; raises BrokenObservation, which says what is wrong and what to do."""
    rows, _ = read_rows(folder, media_id, analyser)
    return rows
