"""A list of sources as JSON lines: one object a line, its keys the columns of sources.csv."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.listing.cells import COLUMNS, REQUIRED, read_row, write_row
from curate.listing.document import Document, without_repeats
from curate.listing.rows import Entry, SourceRow, Unmapped, seconds_text
from slateboard.errors import did_you_mean
from slateboard.records.effect_kinds import NOTHING_SEEN
from slateboard.registry import Card, Parameters

CARD = Card(title="List of sources, JSON lines", source="slateboard: design of the workspace; jsonlines.org")
_DECODER = json.JSONDecoder(object_pairs_hook=without_repeats)


def recognises(document: Document) -> bool:
    """True if the first line is an object that has the keys of a list of sources and no others."""
    first_line = next((line for line in document.text.split("\n") if line.strip()), "")
    try:
        value = json.loads(first_line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(REQUIRED) <= set(value) <= set(COLUMNS)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield the row of each line, or every problem of the line."""
    for line, cells, line_problems in lines(document):
        row, cell_problems = read_row(cells, where=f"line {line}") if cells else (None, [])
        yield from [*line_problems, *cell_problems] if line_problems or row is None else [row]


def lines(document: Document) -> Iterator[tuple[int, dict[str, str], list[Unmapped]]]:
    """Yield (line number, cells by key, problems of the line) of the lines that are not blank.

    A line that is no object has no cells. Times may be numbers, effects a list; null is the same as no key.
    """
    for number, text in enumerate(document.text.split("\n"), 1):
        if not text.strip():
            continue
        where = f"line {number}"
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            yield number, {}, [Unmapped(where, repr(text[:60]), f"is not JSON ({error}).", "Mend the line.")]
            continue
        if not isinstance(value, dict):
            yield number, {}, [Unmapped(where, repr(text[:60]), "is no object.", 'Write {"url": ..., "label": ...}.')]
            continue
        yield number, *_cells(value, where)


def append(text: str, added: Sequence[SourceRow]) -> str:
    """Return the text of a list with rows appended."""
    added_lines = []
    for row in added:
        times = {"start": row.start_s, "end": row.end_s}
        value = {**write_row(row), **{name: time for name, time in times.items() if time is not None}}
        if row.stream is not None:
            value["stream"] = row.stream
        if row.effects is not None:
            value["effects"] = list(row.effects)
        added_lines.append(f"{json.dumps(value, ensure_ascii=False)}\n")
    if text.strip() and not text.endswith("\n"):
        text += "\n"
    return text + "".join(added_lines)


def standard(document: Document) -> str:
    """Return the text of a list as `append` goes on with it: in UTF-8, whatever it was written in."""
    return document.text


def _cells(value: Mapping[str, Any], where: str) -> tuple[dict[str, str], list[Unmapped]]:
    """Return the values of one object as text cells, and the problems of its keys and of its values' types."""
    cells = dict.fromkeys(REQUIRED, "")
    problems = []
    for name, entry in value.items():
        if name not in COLUMNS:
            problems.append(Unmapped(where, f"key {name!r}", "is not known.", did_you_mean(name, COLUMNS)))
        elif isinstance(entry, str):
            cells[name] = entry.strip()
        elif name in ("start", "end") and isinstance(entry, int | float) and not isinstance(entry, bool):
            # The bound keeps a number of 400 digits, which is valid JSON, out of the formatting; `read_row` refuses it.
            cells[name] = seconds_text(entry) if abs(entry) < 1e12 else str(entry)
        elif name == "stream" and isinstance(entry, int) and not isinstance(entry, bool):
            cells[name] = str(entry)[:9]
        elif name == "effects" and isinstance(entry, list) and all(isinstance(kind, str) for kind in entry):
            cells[name] = "|".join(entry) or NOTHING_SEEN
        elif entry is not None:
            problems.append(Unmapped(where, f"{name} {json.dumps(entry)[:60]}", "is no text.", "Write it in quotes."))
    return cells, problems
