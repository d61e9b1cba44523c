"""Observations on disk: one Parquet file for each media and analyser; version and parameters are in its metadata."""

import json
from pathlib import Path
from typing import Any, Literal, overload

import pyarrow as pa
import pyarrow.parquet as pq

from curate.analysis.rows import CameraRow, ObservationRow, QualityRow, TimelineRow, VerdictRow
from slateboard.files import PART, atomic_write
from slateboard.observation_files import Size, read_rows, size_of
from slateboard.observation_files import path_of as path_of
from slateboard.records.observation import Observation


def write(folder: Path, observation: Observation) -> Size:
    """Write an observation atomically; return size and time of its file."""
    origin = {"schema": observation.SCHEMA, **observation.model_dump(mode="json", exclude={"rows"})}
    names = dict.fromkeys(name for row in observation.rows for name in row)
    table = pa.table({name: [row.get(name) for row in observation.rows] for name in names})
    table = table.replace_schema_metadata({"slateboard": json.dumps(origin, sort_keys=True)})
    path = path_of(folder, observation.media_id, observation.analyser)
    clear(path)
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, write_page_checksum=True)
    return size_of(path)


def clear(path: Path) -> None:
    """Remove temporary files of a killed run; only the process that holds the workspace's lock writes them."""
    for leftover in path.parent.glob(f".{path.name}.*{PART}"):
        leftover.unlink()


@overload
def read(folder: Path, media_id: str, analyser: Literal["timeline"]) -> list[TimelineRow]: ...
@overload
def read(folder: Path, media_id: str, analyser: Literal["camera"]) -> list[CameraRow]: ...
@overload
def read(folder: Path, media_id: str, analyser: Literal["quality"]) -> list[QualityRow]: ...
@overload
def read(folder: Path, media_id: str, analyser: str) -> list[ObservationRow]: ...
def read(folder: Path, media_id: str, analyser: str) -> list[Any]:
    """Return the rows of an observation; raises BrokenObservation where its file is damaged."""
    rows, _ = read_rows(folder, media_id, analyser)
    return rows


def read_verdicts(folder: Path, media_id: str, kind: str) -> list[VerdictRow]:
    """Return what the detector of one kind of effect says of each shot; raises BrokenObservation."""
    rows: list[Any] = read(folder, media_id, kind)
    return rows
