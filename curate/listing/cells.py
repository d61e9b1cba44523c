"""One row of the list of sources as text cells: what each may hold, from a line to a Row and back."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from curate.listing.labels import class_name
from curate.listing.rows import SourceRow, Unmapped, is_formula, seconds
from curate.listing.times import time_text
from slateboard.escaping import csv_cell, inline, piles_marks, read_csv_cell
from slateboard.records.effect_kinds import NOTHING_SEEN, read_kinds

COLUMNS = ("url", "label", "start", "end", "group", "licence", "effects", "note", "stream")
COLUMNS_OF_NEW_LISTS = COLUMNS[:-1]
"""Few files have several video streams: a list gets the last column with the first row that needs it."""
REQUIRED = ("url", "label")
MOST_LETTERS = 4096
"""Of one cell: what browsers and file systems take of an address or a path."""
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)\Z")
_STREAM = re.compile(r"[0-9]{1,3}\Z")
_SECONDS = re.compile(r"\d+(\.\d+)?\Z")

Report = Callable[[str, str, str], None]
"""Reports one problem: what, why, remedy."""


def read_row(
    cells: Mapping[str, str], *, where: str, folder: Path | None = None
) -> tuple[SourceRow | None, list[Unmapped]]:
    """Return (row of a line, []), or (None, every problem of its cells).

    `folder` is the workspace's: local paths must exist there; None: they are not checked.
    """
    problems: list[Unmapped] = []

    def report(what: str, why: str, remedy: str) -> None:
        problems.append(Unmapped(where, what, why, remedy))

    texts = {}
    for name, cell in cells.items():
        if not cell:
            continue
        # "=HYPERLINK(...)" in a shared list would run in the spreadsheet of whoever opens it; a negative time is no
        # formula and is refused as a time.
        if is_formula(cell) and not (cell[0] == "-" and name in ("start", "end")):
            report(
                f"{name} {cell!r}",
                "begins like a spreadsheet formula.",
                "Remove the first sign, or put an apostrophe before it.",
            )
        texts[name] = read_csv_cell(cell)
        check_signs(name, texts[name], report)
    # macOS decomposes accents (NFD): the same word must be the same label, however it was typed.
    url, label = texts.get("url", ""), unicodedata.normalize("NFC", texts.get("label", ""))
    check_url(url, folder, report)
    check_label(label, report)
    start, end = (_seconds(name, texts.get(name, ""), report) for name in ("start", "end"))
    if start is not None and end is not None and end <= start:
        report(f"end {end:g} s", f"is not after start {start:g} s.", "Correct the times.")
    elif end == 0:
        report("end 0 s", "is not after the beginning.", "Correct the times.")
    effects = _effects(texts.get("effects", ""), report)
    stream = _stream(texts.get("stream", ""), report)
    if problems:
        return None, problems
    group, licence, note = (texts.get(name) or None for name in ("group", "licence", "note"))
    return SourceRow(where, url, label, start, end, group, licence, effects, note, stream), problems


def write_row(row: SourceRow) -> dict[str, str]:
    """Return the cells of a row by column, without empty ones; `read_row` gives the same row back."""
    cells = {"url": row.url, "label": row.label, "group": row.group, "licence": row.licence, "note": row.note}
    times = {"start": row.start_s, "end": row.end_s}
    effects = None if row.effects is None else "|".join(row.effects) or NOTHING_SEEN
    texts = {name: csv_cell(text) for name, text in {**cells, "effects": effects}.items() if text}
    texts |= {name: time_text(value) for name, value in times.items() if value is not None}
    if row.stream is not None:
        texts["stream"] = str(row.stream)
    return {name: texts[name] for name in COLUMNS if name in texts}


def check_signs(name: str, text: str, report: Report) -> None:
    """Report control characters and cells that are too long; all but the address may have several lines."""
    # `inline` shows a control character as U+FFFD: a text that holds more of them afterwards had one. A line break in a
    # note is allowed, one in an address never.
    line = inline(text, most=len(text))
    if (line != text) if name == "url" else (line.count("\ufffd") > text.count("\ufffd")):
        why = "piles marks on one letter." if piles_marks(text) else "holds a control character."
        report(f"{name} {text[:40]!r}", why, "Remove it.")
    elif len(text) > MOST_LETTERS:
        report(f"{name} {text[:40]!r}...", f"has {len(text)} letters.", f"Write up to {MOST_LETTERS}.")


def check_url(url: str, folder: Path | None, report: Report) -> None:
    """Report what is wrong with an address or path."""
    scheme = _scheme(url)
    if not url:
        report("url", "is empty.", "Give an http(s) address or a path.")
    elif scheme in ("http", "https"):
        if not _hostname(url):
            report(f"url {url!r}", "has no host.", "Give the whole address.")
    elif scheme:
        report(f"url {url!r}", "is neither http(s) nor a path.", "Give a path relative to the workspace.")
    elif folder is not None and not _is_file(folder / url):
        report(f"path {url!r}", "is not there.", f"Paths are relative to {folder.resolve()}.")


def check_label(label: str, report: Report) -> None:
    """Report what is wrong with a label, apart from the other rows."""
    if not label:
        report("label", "is empty.", "Name the class.")
    elif not class_name(label):
        report(f"label {label!r}", "holds no letter or digit.", "Name the class.")


def _scheme(url: str) -> str:
    """Return the scheme of an address in lower case; empty for a path, even one with a colon in its name."""
    return url.partition(":")[0].lower() if "://" in url or url.lower().startswith("file:") else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is longer than the file system allows
        return False


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def time_of(cell: str) -> float | None:
    """Return the seconds that a cell says, as seconds or h:mm:ss; None where it says none."""
    # 12.5 -> 12.5 s; 75:10 -> 4510 s; 1:02:03.5 -> 3723.5 s; 1:75:10 is no time: minutes of a full clock end at 59.
    value = math.inf
    if clock := _CLOCK.match(cell):
        hours, minutes, seconds_part = int(clock[1] or 0), int(clock[2]), float(clock[3])
        if seconds_part < 60 and (clock[1] is None or minutes < 60):
            value = hours * 3600 + minutes * 60 + seconds_part
    elif _SECONDS.match(cell):
        value = float(cell)
    return seconds(value) if math.isfinite(value) else None


def _seconds(name: str, cell: str, report: Report) -> float | None:
    value = time_of(cell)
    if cell and value is None:
        report(f"{name} {cell[:40]!r}", "is no time.", "Write seconds (12.5) or h:mm:ss.")
    return value


def _effects(cell: str, report: Report) -> tuple[str, ...] | None:
    if not cell:
        return None
    kinds, bad_kinds = read_kinds(cell)
    for bad in bad_kinds:
        report(bad.what, bad.why, bad.remedy)
    return kinds


def _stream(cell: str, report: Report) -> int | None:
    if cell and not _STREAM.match(cell):
        report(f"stream {cell!r}", "is no number of a stream.", "Write the index that ffprobe prints: 0, 1, ...")
        return None
    return int(cell) if cell else None
