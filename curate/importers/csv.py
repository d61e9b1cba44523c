"""A list of sources as CSV: the columns of sources.csv, the first line names them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from curate.listing.cells import COLUMNS, COLUMNS_OF_NEW_LISTS, REQUIRED, read_row, write_row
from curate.listing.dialect import SEPARATORS, read_dialect
from curate.listing.document import Document
from curate.listing.rows import Entry, SourceRow, Unmapped
from curate.listing.times import TimeCells
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.registry import Card, Parameters

CARD = Card(title="List of sources, CSV", source="slateboard: design of the workspace")
NEEDED = REQUIRED
TIMES = ("start", "end")
_LINE_END = re.compile(r"\r\n|\n|\r")
_ROUND_QUOTED = re.compile(r"[“„‟«]([^“”„‟«»]*)[”“‟»]\Z")


def recognises(document: Document) -> bool:
    """True if the first line names the columns of a list of sources."""
    header = set(document.columns) - {""}
    return set(REQUIRED) <= header <= set(COLUMNS)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield the row of each line, or every problem of the line."""
    for line, cells, line_problems in lines(document):
        row, cell_problems = read_row(cells, where=f"line {line}") if cells else (None, [])
        yield from [*line_problems, *cell_problems] if line_problems or row is None else [row]


def lines(document: Document) -> Iterator[tuple[int, dict[str, str], list[Unmapped]]]:
    """Yield (line number, cells by column, problems of the line) of the lines that are not blank.

    Raises BadInput where the file as a whole is no list: empty, an unknown column, a quote that never ends.
    """
    header = _header(document)
    records = list(document.records())
    table = [{name: cell for name, cell in zip(header, cells, strict=False) if name} for _, cells in records]
    times = TimeCells(table, TIMES)
    round_quoted = 0
    for (line, cells), row in zip(records, table, strict=True):
        where = f"line {line}"
        misplaced = _misplaced(where, header, cells, document.dialect.inner or document.dialect.separator)
        if misplaced is not None:
            yield line, {}, [misplaced]
            continue
        for name in set(row) - {"note"}:
            if match := _ROUND_QUOTED.match(row[name]):
                row[name] = match[1].strip()
                round_quoted += 1
        texts, bad_times = times.read(row)
        problems = [Unmapped(where, f"{bad.name} {texts.pop(bad.name)!r}", bad.why, bad.remedy) for bad in bad_times]
        yield line, texts, problems
    document.understood += times.notes()
    if round_quoted:
        document.understood.append(f"round quotes around {round_quoted} cell{'s' if round_quoted > 1 else ''}")


def _misplaced(where: str, header: Sequence[str], cells: Sequence[str], separator: str) -> Unmapped | None:
    """Return the problem of a line whose cells do not lie under their columns; None where they do."""
    unnamed = [number for number, (name, cell) in enumerate(zip(header, cells, strict=False), 1) if cell and not name]
    if unnamed:
        what = f"column {unnamed[0]} {cells[unnamed[0] - 1][:40]!r}"
        return Unmapped(where, what, "has no name.", "Name it in the first line, or delete it.")
    if len(cells) == 1 < len(header):
        # The header is url;label;start, the line http://h/a,kick,5.
        separators = [sign for sign in SEPARATORS if sign != separator and cells[0].count(sign) == len(header) - 1]
        if separators:
            header_separator = SEPARATORS.get(separator, separator)
            why = f"is separated by {SEPARATORS[separators[0]]}, the first line by {header_separator}."
            return Unmapped(where, "the line", why, "Write all lines one way.")
    row = dict(zip(header, cells, strict=False))
    # 12,5 in two cells moves all that follows: end is 5, and the licence a number.
    is_number = [cell.isdigit() for cell in cells]
    if separator == "," and (
        (len(cells) > len(header) and sum(is_number) > len(set(TIMES) & set(header)))
        or (row.get("licence", "").isdigit() and row.get("start", "").isdigit())
    ):
        why = "seem to have commas both between cells and in numbers."
        return Unmapped(where, f"{len(cells)} cells", why, "Write 12.5, quote such cells, or save with semicolons.")
    if len(cells) > len(header):
        what = f"{len(cells)} cells for {len(header)} columns"
        return Unmapped(where, what, "are too many.", "Quote cells that hold commas.")
    return None


def append(text: str, added: Sequence[SourceRow]) -> str:
    """Return the text of a list with rows appended, and with the columns that these rows need and it lacks."""
    cells = [write_row(row) for row in added]
    listed = [name.casefold() for name in read_dialect(text.removeprefix("\ufeff")).header]
    header = listed or list(COLUMNS_OF_NEW_LISTS)
    # Old lines keep their text even where new columns follow: a line with fewer cells than the header is read as if the
    # last ones were empty. `url,label` and a row with a licence -> header `url,label,licence`, old lines as they were.
    new_columns = [name for name in COLUMNS if name not in header and any(name in row for row in cells)]
    line_end = _LINE_END.search(text)
    ending = line_end[0] if line_end else "\n"
    head, body = (text[: line_end.start()], text[line_end.end() :]) if line_end else (text, "")
    head = ",".join([head, *new_columns] if listed else header)
    added_lines = [_line([row.get(name, "") for name in [*header, *new_columns]]) for row in cells]
    return ending.join([head, body.removesuffix(ending), *added_lines, ""] if body else [head, *added_lines, ""])


def standard(document: Document) -> str:
    """Return the text of a list as `append` goes on with it: commas and UTF-8, whatever it was written in."""
    columns = [name for name in document.columns if name]
    table = [[cells.get(name, "") for name in columns] for _, cells, _ in lines(document)]
    return "".join(f"{_line(row)}\n" for row in [columns, *table])


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
    document.dialect  # noqa: B018 (raises where two separators give a table)
    header = document.columns
    if any("://" in name for name in header):
        raise document.refuse("names no columns.", f"Put a line {','.join(REQUIRED)} above it.", where="line 1")
    problems = [
        Problem(where, f"unknown column {name!r}.", did_you_mean(name, COLUMNS))
        for name in header
        if name and name not in COLUMNS
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
