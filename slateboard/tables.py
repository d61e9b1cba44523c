"""Read tables of people we do not know and check them: the type of each column, and every name and number in it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from slateboard.errors import BadInput, Problem
from slateboard.escaping import read_csv_cell
from slateboard.paths import REMEDY, Text
from slateboard.reading import read_table, read_text, refusal
from slateboard.records.base import Record

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 20
"""Rows of one column that are named as wrong; further ones are only counted."""


@dataclass(frozen=True)
class Column:
    """Type and constraints of one column of a table."""

    kind: Literal["text", "whole", "real", "flag"] = "text"
    text: Text | None = None
    """What a text may hold; None: anything."""
    choices: tuple[str, ...] = ()
    """Texts that are allowed; none: any."""
    least: float = -math.inf
    is_needed: bool = True
    """False: older tables lack the column."""
    may_lack: bool = False
    """True: a cell may be blank, or missing in Parquet."""

    def fault(self, value: object) -> str:
        """Return the fault of a value, the end of a sentence; '' if it fits."""
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            # A text that may hold anything may hold nothing; older releases have no value where newer ones have "".
            is_free = self.kind == "text" and self.text is None and not self.choices
            return "" if self.may_lack or is_free else "is not given"
        if self.kind == "text":
            if self.choices and value not in self.choices:
                return f"is {value!r:.100}, which is none of {', '.join(self.choices)}"
            if not isinstance(value, str):
                return f"is {value!r:.100}, which is no text"
            return self.text.fault(value) if self.text is not None else ""
        if self.kind == "flag":
            return "" if isinstance(value, bool) else f"is {value!r:.100}, which is neither true nor false"
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"is {value!r:.100}, which is no number"
        if self.kind == "whole" and value != int(value):
            return f"is {value!r:.100}, which is no whole number"
        return "" if value >= self.least else f"is {value!r:.100}, which is below {self.least:g}"


def columns_of(record: type[Record], *names: str) -> dict[str, Column]:
    """Return the columns of a table that has a record a row: all fields, or these."""
    fields = record.model_fields
    return {name: _column(fields[name]) for name in names or fields}


def _column(field: Any) -> Column:
    kinds = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else (field.annotation,)
    value_types = [kind for kind in kinds if kind is not type(None)]
    choices = tuple(choice for kind in value_types if get_origin(kind) is Literal for choice in get_args(kind))
    metadata = [*field.metadata, *(note for kind in value_types for note in getattr(kind, "__metadata__", ()))]
    plain = getattr(value_types[0], "__origin__", value_types[0])
    return Column(
        kind={int: "whole", float: "real", bool: "flag"}.get(plain, "text"),  # type: ignore[arg-type]
        text=next((note for note in metadata if isinstance(note, Text)), None),
        choices=choices,
        least=max([note.ge for note in metadata if hasattr(note, "ge")], default=-math.inf),
        is_needed=field.is_required(),
        may_lack=len(value_types) < len(kinds),
    )


def read_checked_table(
    path: Path,
    columns: Mapping[str, Column],
    *,
    ordered: Sequence[tuple[str, str]] = (),
) -> "pd.DataFrame":
    """Read a table, Parquet by its types or CSV as text; raises BadInput with everything that is wrong in it.

    `ordered` are columns of which the first may not be above the second.
    Columns beyond these are let through as they are.
    """
    table = _read(path)
    problems: list[Problem] = [
        Problem(str(path), f"has no column {name}.", "Take the table as it was released.")
        for name, column in columns.items()
        if column.is_needed and name not in table
    ]
    for name, column in columns.items():
        if name in table:
            problems += _column_problems(path, name, _faults(table[name], column))
    if not problems:
        problems = list(_out_of_order(path, table, ordered))
    if problems:
        raise BadInput(problems)
    return table


def _out_of_order(path: Path, table: "pd.DataFrame", ordered: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    for low_name, high_name in ordered:
        rows = (table[low_name] > table[high_name]).to_numpy().nonzero()[0].tolist()
        pairs = zip(rows, table[low_name].iloc[rows], table[high_name].iloc[rows], strict=True)
        faults = ((row, f"is {low}, above {high_name} {high}") for row, low, high in pairs)
        yield from _column_problems(path, low_name, faults)


def _read(path: Path) -> "pd.DataFrame":
    what = "table"
    if path.suffix == ".parquet":
        return read_table(path, what=what, remedy=REMEDY).reset_index(drop=True)
    # Imported here: half a second, which no command that reads no table should wait for.
    import pandas as pd

    text = read_text(path, what=what, remedy=REMEDY)
    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:
        raise refusal(path, what, error, remedy=REMEDY) from None
    return table.apply(_unguarded).reset_index(drop=True)


def _unguarded(column: "pd.Series") -> "pd.Series":
    """Return the texts of a column as they were before they were written as CSV."""
    return column.map(read_csv_cell) if column.str.startswith("'").any() else column


def _faults(column: "pd.Series", rule: Column) -> Iterator[tuple[int, str]]:
    """Yield (row, fault); each distinct value is checked once."""
    values = column.tolist()
    try:
        # A column of a million rows has few classes, licences or groups: each is checked once.
        wrong = {value: fault for value in set(values) if (fault := rule.fault(value))}
    except TypeError:  # lists and such, which cannot be in a set
        wrong = None
    if wrong == {}:
        return
    for row, value in enumerate(values):
        fault = rule.fault(value) if wrong is None or value != value else wrong.get(value, "")
        if fault:
            yield row, fault


def _column_problems(path: Path, name: str, faults: Iterator[tuple[int, str]]) -> list[Problem]:
    """Return problems by row, counted from 1 without the line of names, the first ones in full."""
    problems: list[Problem] = []
    more = 0
    for row, fault in faults:
        if len(problems) < _SHOWN:
            problems.append(Problem(f"{path} row {row + 1}: {name}", f"{fault}.", REMEDY))
        else:
            more += 1
    return [*problems, Problem(f"{path}: {name}", f"is wrong in {more} more rows.", REMEDY)] if more else problems
