"""Read files from outside, with limits on size and depth, and finite numbers only; else BadInput with a remedy."""

from __future__ import annotations

import json
import math
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slateboard.errors import BadInput, Problem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_BYTES = 256_000_000
"""Of a text file: the lists of a million clips take a tenth of it."""
MOST_TOML_BYTES = 8_000_000
"""A person or a release wrote it; the reader is pure Python, at about a megabyte a second."""
MOST_DEPTH = 64
"""Objects inside objects: ours have six."""
MOST_TABLE_BYTES = 2_000_000_000
"""Of a table in memory: predictions of all of Kinetics-700, 10 views of 700 numbers a clip, take 1.5 GB."""
_ROWS_AT_ONCE = 2_000
"""One long text can stand in every row: so many are made of it before they are counted."""

_REMAKE = "Restore it, or make it anew."


def read_bytes(path: Path, *, what: str, most_bytes: int = MOST_BYTES, remedy: str = _REMAKE) -> bytes:
    """Return the content of a plain file; a pipe or a device, which may never end, is refused unread."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no plain file")
        if status.st_size > most_bytes:
            raise ValueError(f"it has {status.st_size} bytes, and up to {most_bytes} are read")
        with path.open("rb") as file:
            # Not more than was looked at, should it grow meanwhile.
            content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise refusal(path, what, error, remedy=remedy) from None
    return content


def read_text(path: Path, *, what: str, most_bytes: int = MOST_BYTES, remedy: str = _REMAKE) -> str:
    """Return a file as UTF-8 text."""
    content = read_bytes(path, what=what, most_bytes=most_bytes, remedy=remedy)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refusal(path, what, error, remedy=remedy) from None


def read_json(path: Path, *, what: str, remedy: str = _REMAKE) -> Any:
    """Return the value of a JSON file; `what` it should be is part of the error, as `Result record`."""
    text = read_text(path, what=what, remedy=remedy)
    try:
        return check_parsed(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise refusal(path, what, error, remedy=remedy) from None


def read_toml(path: Path, *, what: str, remedy: str = _REMAKE) -> dict[str, Any]:
    """Return the tables of a TOML file."""
    text = read_text(path, what=what, most_bytes=MOST_TOML_BYTES, remedy=remedy)
    try:
        value: dict[str, Any] = check_parsed(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise refusal(path, what, error, remedy=remedy) from None
    return value


def check_parsed(value: Any, *, finite: bool = True) -> Any:
    """Return a parsed value unchanged; raises ValueError for values nested too deeply, halves of characters, NaN, inf.

    With `finite` False numbers are left to those who know which item one belongs to.
    """
    # Breadth first, one depth after the other, without recursion: {"a": [1]} -> [{...}], [[1]], [1], [].
    level = [value]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend((*item.keys(), *item.values()))
            elif isinstance(item, str) and _has_half(item):
                raise ValueError(f"it holds half of a character in {item[:40]!r}")
            elif isinstance(item, list):
                below.extend(item)
            elif finite and isinstance(item, float) and not math.isfinite(item):
                raise ValueError(f"it holds the number {item}")
        if not below:
            return value
        level = below
    raise ValueError(f"values lie in each other deeper than {MOST_DEPTH}")


def _has_half(text: str) -> bool:
    """Return whether a text holds a surrogate alone, which JSON can write as an escape and no file can hold."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def read_table(path: Path, *, what: str, columns: Sequence[str] = (), remedy: str = _REMAKE) -> pd.DataFrame:
    """Return a Parquet file with at least these columns, each of plain values or of lists of such.

    A few bytes can stand for any number of rows: reading ends as soon as the table outgrows MOST_TABLE_BYTES in memory.
    """
    # Imported here: half a second, which no command that reads no table should wait for.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("it is no plain file")
        with pq.ParquetFile(path) as file:
            _check_columns(file.schema_arrow, columns)
            # Parquet compresses: 10 kB can be ten million equal rows. Sizes are added up while they are read.
            batches, size = [], 0
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                size += batch.nbytes
                if size > MOST_TABLE_BYTES:
                    raise ValueError(f"its {file.metadata.num_rows} rows take more than {MOST_TABLE_BYTES} bytes")
                batches.append(batch)
            table: pd.DataFrame = pa.Table.from_batches(batches, file.schema_arrow).to_pandas()
    # Arrow raises what the file makes it raise: its own errors, Python's, and those of its metadata.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, MemoryError, pa.ArrowException) as error:
        raise refusal(path, what, error, remedy=remedy) from None
    return table


def _check_columns(schema: pa.Schema, columns: Sequence[str]) -> None:
    """Raise ValueError for a column that lacks, that is there twice, or whose values are tables themselves."""
    import pyarrow as pa

    missing = [name for name in columns if name not in schema.names]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    if len(set(schema.names)) < len(schema.names):
        raise ValueError("it has two columns of one name")
    for field in schema:
        kind = field.type
        inner = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
        if pa.types.is_nested(inner) or isinstance(inner, pa.BaseExtensionType):
            raise ValueError(f"the values of its column {field.name} are {kind}")


def refusal(path: Path, what: str, error: BaseException | str, *, remedy: str = _REMAKE) -> BadInput:
    """Return the error for a file that cannot be read as `what`, with the reason on one line."""
    lines = str(error).split("\n")
    reason = lines[0][:300] or type(error).__name__
    return BadInput([Problem(str(path), f"is no {what} ({reason}).", remedy)])
