"""Observations on disk: one Parquet per media and analyser, its origin in the metadata."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slateboard.files import PART, whole
from slateboard.paths import inside
from slateboard.records.observation import Observation


def path_of(folder: Path, media_id: str, analyser: str) -> Path:
    """Return where an observation lies."""
    return inside(folder, f"{media_id}/{analyser}.parquet")


def write(folder: Path, observation: Observation) -> None:
    """Write an observation whole."""
    origin = {"schema": observation.SCHEMA, **observation.model_dump(mode="json", exclude={"rows"})}
    names = dict.fromkeys(name for row in observation.rows for name in row)
    table = pa.table({name: [row.get(name) for row in observation.rows] for name in names})
    table = table.replace_schema_metadata({"slateboard": json.dumps(origin, sort_keys=True)})
    path = path_of(folder, observation.media_id, observation.analyser)
    clear(path)
    with whole(path) as temporary:
        pq.write_table(table, temporary)


def clear(path: Path) -> None:
    """Remove what a killed run left half written of a file; only the process that holds the workspace writes it."""
    for left in path.parent.glob(f".{path.name}.*{PART}"):
        left.unlink()


def read(folder: Path, media_id: str, analyser: str) -> list[dict[str, Any]]:
    """Return the rows of an observation."""
    # read_table imports pandas: a quarter of a second in every worker.
    return pq.ParquetFile(path_of(folder, media_id, analyser)).read().to_pylist()


def media_ids(folder: Path) -> set[str]:
    """Return the ids of media of which any observation lies there."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}
