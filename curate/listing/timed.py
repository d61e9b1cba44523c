"""Rows of other people's CSV with their times in seconds, however a spreadsheet wrote them."""

from collections.abc import Iterator, Sequence

from curate.listing.annotations import number
from curate.listing.cells import time_of
from curate.listing.document import Document
from curate.listing.rows import Unmapped
from curate.listing.times import TimeCells


def timed_rows(
    document: Document, *, needed: Sequence[str], times: Sequence[str]
) -> Iterator[tuple[str, dict[str, str] | Unmapped]]:
    """Yield (place, cells by column in lower case) of each row, or why it is none: damaged, or a time of two meanings.

    `needed` are columns of the table that each row must reach; `times` are those that hold times.
    """
    columns = document.columns
    records = list(document.records())
    reader = TimeCells((dict(zip(columns, cells, strict=False)) for _, cells in records), times)
    for line, cells in records:
        where = f"line {line}"
        # Spreadsheets leave out empty cells at the end of a line; those that are needed must be there.
        if not max(map(columns.index, needed)) < len(cells) <= len(columns):
            what = f"{len(cells)} cells for {len(columns)} columns"
            yield where, Unmapped(where, what, "is a damaged row.", "Correct the line.")
            continue
        row, bad_times = reader.read({**dict.fromkeys(columns, ""), **dict(zip(columns, cells, strict=False))})
        for bad in bad_times:
            yield where, Unmapped(where, f"{bad.name} {bad.cell!r}", bad.why, bad.remedy)
        if not bad_times:
            yield where, row
    document.understood += reader.notes()


def seconds_of(text: str) -> float | str:
    """Return the seconds of a time in seconds or h:mm:ss; what is none as it is, which `span` then refuses."""
    seconds = time_of(text)
    return number(text) if seconds is None else seconds
