"""Paths of observation files, and the only reader of them, which checks that one is whole and of its media."""

import json
from pathlib import Path
from typing import Any, NamedTuple, Required, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from slateboard.errors import SlateboardError
from slateboard.paths import inside


class BrokenObservation(SlateboardError):
    """An observation that is not there, cannot be read, or is another media's."""

    def __init__(self, media_id: str, analyser: str, reason: str) -> None:
        name = f"{media_id[:12]}.../{analyser}.parquet"
        super().__init__(f"The observation {name} {reason}. `slateboard curate analyse` makes it again.")
        self.reason = reason
        """The end of a sentence that the file begins."""


class Size(NamedTuple):
    """Size and time of an observation file."""

    bytes: int
    mtime_ns: int


def path_of(folder: Path, media_id: str, analyser: str) -> Path:
    """Return where an observation lies."""
    return inside(folder, f"{media_id}/{analyser}.parquet")


def size_of(path: Path) -> Size:
    """Return size and time of a file."""
    status = path.stat()
    return Size(status.st_size, status.st_mtime_ns)


class Origin(TypedDict, total=False):
    """The key `slateboard` of a file's Parquet metadata: what made it."""

    media_id: Required[str]
    analyser: Required[str]
    version: int
    parameters: dict[str, Any]


def read_rows(folder: Path, media_id: str, analyser: str) -> tuple[list[dict[str, Any]], Origin]:
    """Return the rows of an observation and the version and parameters that made them; raise BrokenObservation."""
    path = path_of(folder, media_id, analyser)
    try:
        # Pages carry a CRC-32 each, so that a flipped bit is an error and not another number.
        # read_table imports pandas: a quarter of a second in every worker.
        file = pq.ParquetFile(path, page_checksum_verification=True)
        origin: Origin = json.loads((file.schema_arrow.metadata or {})[b"slateboard"])
        rows = file.read().to_pylist()
        # The file says whose it is: one that was copied into another media's folder is refused.
        owner = (origin["media_id"], origin["analyser"])
    except FileNotFoundError:
        raise BrokenObservation(media_id, analyser, "is not there") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        # An empty file is what a full disk or a power cut leaves, and worth its own word.
        empty = path.is_file() and path.stat().st_size == 0
        reason = "is empty (0 bytes)" if empty else f"cannot be read ({_first_line(error)})"
        raise BrokenObservation(media_id, analyser, reason) from error
    if owner != (media_id, analyser):
        raise BrokenObservation(media_id, analyser, f"holds {owner[1]} of media {str(owner[0])[:12]}...")
    return rows, origin


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
