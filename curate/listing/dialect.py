"""How a table is written: separator, lines above its header, quotes; read from its first lines, or refused."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What tables part cells by; `sep=` in the first line may declare any other sign."""
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_LOOKED_AT = 100_000
"""Letters in which the header must stand: a header is far shorter, and a file may be one line of 200 MB."""
_FIRST_LINES = 6
_DECLARED = re.compile(r"\s*\"?sep=([^\s\"]|\t)\"?[;,\t]*(?:\r\n|\n|\r|\Z)", re.IGNORECASE)
_NAME = re.compile(r"(?!.*://)(?!.*\.\w{2,4}\Z)[^\W\d][\w .:#()%$-]{0,59}\Z")
"""What may be the name of a column: no address, no file, no number, no sign that parts cells."""
_ROUND_QUOTES = "“”„‟«»"


class Ambiguous(ValueError):
    """Two separators give a table."""


class BrokenTable(ValueError):
    """A record is no CSV."""

    def __init__(self, what: str, *, line: int) -> None:
        super().__init__(what)
        self.line = line


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells of a table are told apart."""

    separator: str = ","
    is_declared: bool = False
    """By `sep=` in the first line."""
    above: tuple[str, ...] = ()
    """Lines above the header: a title."""
    inner: str | None = None
    """Separator inside, where each whole line is one cell: `"url,label"`."""
    header: tuple[str, ...] = ()
    """Names of the columns, blanks and quotes around them removed."""
    has_round_quotes: bool = False
    """“ and ” stand where quotes should."""
    has_blanks_above: bool = False
    """Blank lines above the header."""
    empty_columns: int = 0
    """Columns at the end that have no name."""
    has_row_numbers: bool = False
    """The first column has no name and numbers the rows, as pandas writes it."""

    @property
    def form(self) -> str:
        """The separator in words, where it is no comma: `semicolon-separated`; else empty."""
        sign = self.inner or self.separator
        return f"{_WORDS.get(sign, repr(sign))}-separated" if sign != "," or self.is_declared else ""

    @property
    def remarks(self) -> list[str]:
        """What else makes it more than a plain table, a phrase each."""
        phrases = {
            "each line is one cell that holds its cells": self.inner is not None,
            f"{', '.join(repr(title[:40]) for title in self.above)} above the header is passed over": self.above,
            "blank lines above the header are passed over": self.has_blanks_above,
            "round quotes are taken as quotes": self.has_round_quotes,
            f"columns without name are passed over: {self.empty_columns}": self.empty_columns,
            "the first column has no name, numbers the rows and is passed over": self.has_row_numbers,
        }
        return [phrase for phrase, holds in phrases.items() if holds]


def read_dialect(text: str) -> Dialect:
    """Return how a table is written, its header included; raises Ambiguous where two separators give one.

    What is no table (JSON, XML, a list of addresses) gives a plain dialect with whatever its first line holds.
    """
    start = text[:_LOOKED_AT]
    if start.lstrip()[:1] in ("", "{", "[", "<"):
        return Dialect()
    declared = _DECLARED.match(start)
    separators = [declared[1]] if declared else [*SEPARATORS]
    dialects = [_with_header(start, Dialect(separator, is_declared=declared is not None)) for separator in separators]
    tables = [dialect for dialect in dialects if len(_filled(dialect.header)) > 1]
    named = [dialect for dialect in tables if all(map(_NAME.match, _filled(dialect.header)))]
    if not named:
        named = [wrapped for dialect in dialects if (wrapped := _unwrapped(start, dialect)) is not None][:1]
    named.sort(key=lambda dialect: -len(dialect.header))
    if len(named) == 1 or (named and len(named[0].header) > len(named[1].header)):
        return named[0]
    if len(tables) > 1:
        signs = " or ".join(SEPARATORS[dialect.separator] for dialect in tables)
        raise Ambiguous(f"may be separated by {signs}: both stand in its first line")
    return (tables or dialects)[0]


def table_records(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its last line, cells) of the records below the header that are not blank; raises BrokenTable.

    Cells have no blanks around them; empty ones beyond the header are left out.
    """
    width = len(dialect.header)
    records = _records(_with_straight_quotes(text, dialect), dialect)
    next(records, None)  # the header
    for line, cells in records:
        if dialect.has_row_numbers and not cells.pop(0).isdigit():
            raise BrokenTable("its first cell is no number, as those above are", line=line)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if any(cells):
            yield line, cells


def _records(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its last line, stripped cells) of the header and all that is below it, blank lines too."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator, strict=True)
    skipped = len(dialect.above) + dialect.is_declared
    try:
        for cells in reader:
            filled = _filled(cells)
            if filled and skipped:
                skipped -= 1
                continue
            is_wrapped = dialect.inner is not None and len(filled) == 1
            if filled:
                yield reader.line_num, _cells_of(filled[0], dialect.inner) if is_wrapped else [*map(_stripped, cells)]
    except csv.Error as error:
        raise BrokenTable(str(error), line=reader.line_num) from None


def _cells_of(line: str, separator: str | None) -> list[str]:
    """Return the stripped cells of a line that was one cell of another table."""
    reader = csv.reader(io.StringIO(line, newline=""), delimiter=separator or ",", strict=True)
    return [_stripped(cell) for cell in next(reader, [])]


def _with_header(start: str, dialect: Dialect) -> Dialect:
    """Return a dialect with the first record that is no title as header; none where the text is no CSV in it."""
    # My videos;;;        one cell filled: a title
    # URL;Label;Start;;   the header; its last cells, which are empty, are no columns
    lines: list[list[str]] = []
    straight = replace(dialect, has_round_quotes=_is_round_quoted(start))
    try:
        for _, cells in islice(_records(_with_straight_quotes(start, straight), straight), _FIRST_LINES):
            lines.append(cells)
    except BrokenTable:
        if not lines:
            return dialect
    titles = next((at for at, cells in enumerate(lines) if len(_filled(cells)) > 1), 0)
    if not lines or not all(map(_NAME.match, _filled(lines[titles]))):
        titles = 0
    header = [_stripped(cell) for cell in lines[titles]] if lines else []
    width = len(header)
    while header and not header[-1]:
        header.pop()
    has_numbers = len(header) > 2 and header[0].casefold() in ("", "unnamed: 0") and len(lines) > titles + 1
    has_numbers = has_numbers and all(cells[0].isdigit() for cells in lines[titles + 1 :])
    above = tuple(_filled(cells)[0] for cells in lines[:titles])
    return replace(
        straight, above=above, has_blanks_above=start[:1] in ("\r", "\n"), header=tuple(header[has_numbers:]),
        empty_columns=width - len(header), has_row_numbers=has_numbers,
    )  # fmt: skip


def _unwrapped(start: str, dialect: Dialect) -> Dialect | None:
    """Return the dialect in which each line is one cell that holds a table's line; None where it is not so."""
    # "url,label" / "http://h/a,""kick, high""": a spreadsheet took the lines of a table for one column each.
    if len(_filled(dialect.header)) != 1:
        return None
    for inner in SEPARATORS:
        if inner == dialect.separator and not start.lstrip().startswith('"'):
            continue
        unwrapped = _with_header(start, Dialect(dialect.separator, is_declared=dialect.is_declared, inner=inner))
        names = _filled(unwrapped.header)
        if len(names) > 1 and all(map(_NAME.match, names)):
            return unwrapped
    return None


def _is_round_quoted(start: str) -> bool:
    """Return whether the first line quotes its cells by round quotes."""
    return start.lstrip()[:1] in _ROUND_QUOTES[:-1]


def _with_straight_quotes(text: str, dialect: Dialect) -> str:
    """Return text with the round quotes around cells replaced by straight ones, where they are meant as such."""
    # “url”,“label” quotes all cells; http://h/a,“kick, high” one that holds the separator: what stands between two
    # round quotes that lie at the ends of a cell can be nothing else. “Kick”, a cell without it, is left to its reader.
    # Within a cell that is quoted straight they are letters, so one straight quote leaves the whole text as it is.
    if '"' in text or not any(sign in text for sign in _ROUND_QUOTES):
        return text
    sign = re.escape(dialect.inner or dialect.separator)
    inside = rf"[^{_ROUND_QUOTES}\"\r\n]*" + ("" if dialect.has_round_quotes else rf"{sign}[^{_ROUND_QUOTES}\"\r\n]*")
    pattern = rf"(^|{sign})[ \t]*[{_ROUND_QUOTES}]({inside})[{_ROUND_QUOTES}][ \t]*(?=$|\r|{sign})"
    if dialect.separator == "\t":
        pattern = pattern.replace("[ \\t]", " ")
    return re.sub(pattern, r'\1"\2"', text, flags=re.MULTILINE)


def _stripped(cell: str) -> str:
    """Return a cell without blanks of any kind and byte order marks around it."""
    return cell.strip().strip("\ufeff").strip()


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]
