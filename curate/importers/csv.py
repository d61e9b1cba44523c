"""A list of sources as CSV: the columns of sources.csv, the first line names them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from curate.listing.cells import COLUMNS, COLUMNS_OF_NEW_LISTS, REQUIRED, read_row, write_row
from curate.listing.document import Document, header_of
from curate.listing.rows import Entry, SourceRow, Unmapped
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.registry import Card, Parameters

CARD = Card(title="List of sources, CSV", source="slateboard: design of the workspace")
_LINE_END = re.compile(r"\r\n|\n|\r")


def recognises(document: Document) -> bool:
    """True if the first line names the columns of a list of sources."""
    header = document.header
    return set(REQUIRED) <= set(header) <= set(COLUMNS)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield the row of each line, or every problem of the line."""
    for line, cells, line_problems in lines(document):
        row, cell_problems = read_row(cells, where=f"line {line}")
        yield from [*line_problems, *cell_problems] if line_problems or row is None else [row]


def lines(document: Document) -> Iterator[tuple[int, dict[str, str], list[Unmapped]]]:
    """Yield (line number, cells by column, problems of the line) of the lines that are not blank.

    Raises BadInput where the file as a whole is no list: empty, an unknown column, a quote that never ends.
    """
    header = _header(document)
    for line, cells in document.records():
        problems = []
        if len(cells) > len(header):
            what = f"{len(cells)} cells for {len(header)} columns"
            problems.append(Unmapped(f"line {line}", what, "are too many.", "Quote cells that hold commas."))
        yield line, dict(zip(header, cells, strict=False)), problems


def append(text: str, added: Sequence[SourceRow]) -> str:
    """Return the text of a list with rows appended, and with the columns that these rows need and it lacks."""
    cells = [write_row(row) for row in added]
    header = header_of(text) or list(COLUMNS_OF_NEW_LISTS)
    # Old lines keep their text even where new columns follow: a line with fewer cells than the header is read as if the
    # last ones were empty. `url,label` and a row with a licence -> header `url,label,licence`, old lines as they were.
    new_columns = [name for name in COLUMNS if name not in header and any(name in row for row in cells)]
    line_end = _LINE_END.search(text)
    ending = line_end[0] if line_end else "\n"
    head, body = (text[: line_end.start()], text[line_end.end() :]) if line_end else (text, "")
    head = ",".join([head, *new_columns] if header_of(text) else header)
    lines = [_line([row.get(name, "") for name in [*header, *new_columns]]) for row in cells]
    return ending.join([head, body.removesuffix(ending), *lines, ""] if body else [head, *lines, ""])


def _line(cells: Sequence[str]) -> str:
    """Return one CSV line without its line end."""
    # csv.writer quotes a cell that holds a sign of the line terminator: with "\r\n" both "\r" and "\n" are quoted.
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n")


def _header(document: Document) -> list[str]:
    """Return the names of the columns; raises BadInput with every problem of the first line."""
    where = f"{document.name} line 1"
    if not document.text.strip():
        raise document.refuse("is empty.", f"Its first line is {','.join(COLUMNS)}.")
    header = document.header
    problems = [
        Problem(where, f"unknown column {name!r}.", did_you_mean(name, COLUMNS))
        for name in header
        if name not in COLUMNS
    ]
    problems += [
        Problem(where, f"column {name!r} is named twice.", "Keep one of them.")
        for name in COLUMNS
        if header.count(name) > 1
    ]
    problems += [
        Problem(where, f"column '{name}' is missing.", "Add it to the first line.")
        for name in REQUIRED
        if name not in header
    ]
    if problems:
        raise BadInput(problems)
    return header
