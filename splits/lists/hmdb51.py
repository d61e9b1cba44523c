"""HMDB51's lists, one file per class and split: `<class>_test_split<k>.txt`, a name and 0, 1 or 2 a line."""

import re
from pathlib import Path
from typing import Literal

from slateboard.errors import BadInput, Problem
from slateboard.registry import Card
from splits.entries import Entry, Listing, lines_of, no_lists, style_of

CARD = Card(
    title="HMDB51 lists",
    source="Kuehne et al., HMDB, ICCV 2011 (0 unused, 1 train, 2 test); JHMDB, ICCV 2013 (1 and 2 only)",
)

_FILE = re.compile(r"(.+)_test_split(\d+)\.txt")
_PARTS: dict[str, Literal["unused", "train", "test"]] = {"0": "unused", "1": "train", "2": "test"}
_FLAGS = {part: flag for flag, part in _PARTS.items()}


def read(folder: Path) -> Listing:
    """Read the lists of all classes and splits of a folder; other files are not looked at.

    Raises BadInput that names every line without a flag of 0, 1 or 2.
    """
    files = {path: match for path in sorted(folder.glob("*.txt")) if (match := _FILE.fullmatch(path.name))}
    if not files:
        raise no_lists(folder, "<class>_test_split1.txt")
    entries, problems = [], []
    for path, match in files.items():
        for where, line in lines_of(path):
            name, _, flag = line.rpartition(" ")
            if not name or flag not in _PARTS:
                problems.append(Problem(where, f"is '{line}'.", "Expected a file name, a blank, and 0, 1 or 2."))
                continue
            entries.append(Entry(name.strip(), _PARTS[flag], int(match[2]), match[1], where=where))
    if problems:
        raise BadInput(problems)
    return Listing(tuple(entries), style=style_of(next(iter(files))))


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text, lines in the order of the entries."""
    lines: dict[str, list[str]] = {}
    for entry in listing.entries:
        name = f"{entry.label}_test_split{entry.number}.txt"
        lines.setdefault(name, []).append(f"{entry.path} {_FLAGS[entry.part]}")
    return {name: listing.style.text(texts) for name, texts in lines.items()}
