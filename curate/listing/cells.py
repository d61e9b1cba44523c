"""One row of the list of sources as text cells: what each may hold, from a line to a Row and back."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from curate.listing.labels import class_name
from curate.listing.rows import Row, Unmapped, is_formula, seconds, seconds_text
from slateboard.escaping import csv_cell, inline, read_csv_cell

COLUMNS = ("url", "label", "start", "end", "group", "licence", "effects", "note")
REQUIRED = ("url", "label")
MOST_LETTERS = 4096
"""Of one cell: what browsers and file systems take of an address or a path."""
NOTHING_SEEN = "none"
_KIND = re.compile(r"[a-z][a-z0-9_.]*\Z")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)\Z")
_SECONDS = re.compile(r"\d+(\.\d+)?\Z")

Tell = Callable[[str, str, str], None]
"""Notes one thing that is wrong: what, why, remedy."""


def read_row(cells: Mapping[str, str], *, where: str, folder: Path | None = None) -> tuple[Row | None, list[Unmapped]]:
    """Return the row of a line, or None and everything that is wrong with its cells.

    `folder` is that of the workspace: local paths are looked for there; None: they are not looked for.
    """
    wrong: list[Unmapped] = []

    def tell(what: str, why: str, remedy: str) -> None:
        wrong.append(Unmapped(where, what, why, remedy))

    plain = {}
    for name, cell in cells.items():
        if not cell:
            continue
        if is_formula(cell) and not (cell[0] == "-" and name in ("start", "end")):
            tell(
                f"{name} {cell!r}",
                "begins like a spreadsheet formula.",
                "Remove the first sign, or put an apostrophe before it.",
            )
        plain[name] = read_csv_cell(cell)
        check_signs(name, plain[name], tell)
    # Some systems write accents as letters of their own: the same word is to be the same label.
    url, label = plain.get("url", ""), unicodedata.normalize("NFC", plain.get("label", ""))
    check_url(url, folder, tell)
    check_label(label, tell)
    start, end = (_seconds(name, plain.get(name, ""), tell) for name in ("start", "end"))
    if start is not None and end is not None and end <= start:
        tell(f"end {end:g} s", f"is not after start {start:g} s.", "Correct the times.")
    elif end == 0:
        tell("end 0 s", "is not after the beginning.", "Correct the times.")
    effects = _effects(plain.get("effects", ""), tell)
    if wrong:
        return None, wrong
    group, licence, note = (plain.get(name) or None for name in ("group", "licence", "note"))
    return Row(where, url, label, start, end, group, licence, effects, note), wrong


def write_row(row: Row) -> dict[str, str]:
    """Return the cells of a row, by column, empty ones left out: `read_row` gives the same row."""
    cells = {"url": row.url, "label": row.label, "group": row.group, "licence": row.licence, "note": row.note}
    times = {"start": row.start_s, "end": row.end_s}
    effects = None if row.effects is None else "|".join(row.effects) or NOTHING_SEEN
    given = {name: csv_cell(text) for name, text in {**cells, "effects": effects}.items() if text}
    given |= {name: seconds_text(value) for name, value in times.items() if value is not None}
    return {name: given[name] for name in COLUMNS if name in given}


def check_signs(name: str, text: str, tell: Tell) -> None:
    """Tell of control characters, which no page or terminal takes; texts but for the address may have several lines."""
    line = inline(text, most=len(text))
    if (line != text) if name == "url" else (line.count("\ufffd") > text.count("\ufffd")):
        tell(f"{name} {text[:40]!r}", "holds a control character.", "Remove it.")
    elif len(text) > MOST_LETTERS:
        tell(f"{name} {text[:40]!r}...", f"has {len(text)} letters.", f"Write up to {MOST_LETTERS}.")


def check_url(url: str, folder: Path | None, tell: Tell) -> None:
    """Tell what is wrong with an address or path."""
    scheme = _scheme(url)
    if not url:
        tell("url", "is empty.", "Give an http(s) address or a path.")
    elif scheme in ("http", "https"):
        if not _hostname(url):
            tell(f"url {url!r}", "has no host.", "Give the whole address.")
    elif scheme:
        tell(f"url {url!r}", "is neither http(s) nor a path.", "Give a path relative to the workspace.")
    elif folder is not None and not _is_file(folder / url):
        tell(f"path {url!r}", "is not there.", f"Paths are relative to {folder.resolve()}.")


def check_label(label: str, tell: Tell) -> None:
    """Tell what is wrong with a label by itself."""
    if not label:
        tell("label", "is empty.", "Name the class.")
    elif not class_name(label):
        tell(f"label {label!r}", "holds no letter or digit.", "Name the class.")


def _scheme(url: str) -> str:
    """Return the scheme of an address in lower case; empty for a path, a colon in its name included."""
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


def _seconds(name: str, cell: str, tell: Tell) -> float | None:
    if not cell:
        return None
    value = math.inf
    if clock := _CLOCK.match(cell):
        hours, minutes, rest = int(clock[1] or 0), int(clock[2]), float(clock[3])
        if rest < 60 and (clock[1] is None or minutes < 60):
            value = hours * 3600 + minutes * 60 + rest
    elif _SECONDS.match(cell):
        value = float(cell)
    if math.isfinite(value):
        return seconds(value)
    tell(f"{name} {cell[:40]!r}", "is no time.", "Write seconds (12.5) or h:mm:ss.")
    return None


def _effects(cell: str, tell: Tell) -> tuple[str, ...] | None:
    if not cell:
        return None
    kinds = sorted({kind.strip() for kind in cell.split("|")})
    if kinds == [NOTHING_SEEN]:
        return ()
    for kind in kinds:
        if kind == NOTHING_SEEN:
            tell("effects", "says 'none' beside other kinds.", "Keep one of them.")
        elif not _KIND.match(kind):
            tell(f"effect {kind!r}", "is no kind.", "Write kinds such as text|sticker, or none.")
    return tuple(kinds)
