"""HMDB51's lists, one file per class and split: `<class>_test_split<k>.txt`, a name and 0, 1 or 2 a line."""

import re
from pathlib import Path
from typing import Final

from slateboard.registry import Card
from splits.listing.entries import Entry, Listing, Reading, Subset, no_lists

CARD = Card(
    title="HMDB51 lists",
    source="Kuehne et al., HMDB, ICCV 2011 (0 unused, 1 train, 2 test); JHMDB, ICCV 2013 (1 and 2 only)",
)
NAMES: Final = "file"
PARTS: Final = ("train", "test", "unused")

CLASSES = "class_list.txt"
"""A class a line; not part of the original set, but found beside it."""
_FILE = re.compile(r"(.+)_test_split(\d+)\.txt")
_SUBSETS: dict[str, Subset] = {"0": "unused", "1": "train", "2": "test"}
_FLAGS = {subset: flag for flag, subset in _SUBSETS.items()}


def read(folder: Path) -> Listing:
    """Read the lists of all classes and splits of a folder, and class_list.txt where it lies there.

    Raises BadInput that names every line without a flag of 0, 1 or 2, and lists of a class that class_list.txt
    does not have. Nothing is cut at `#`, `[`, `&` or `;`: names hold them.
    """
    files = {path: match for path in sorted(folder.glob("*.txt")) if (match := _FILE.fullmatch(path.name))}
    if not files:
        raise no_lists(folder, "<class>_test_split1.txt")
    reading = Reading()
    reading.plain_classes(folder / CLASSES)
    for path, match in files.items():
        if reading.classes and match[1] not in reading.classes:
            reading.wrong(path.name, f"is of '{match[1]}', which is not in {CLASSES}.", f"Add it to {CLASSES}.")
        for where, line in reading.lines(path):
            # From the right, as names may hold blanks: `April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1` -> name, train.
            name, _, flag = line.rpartition(" ")
            if not name or flag not in _SUBSETS:
                reading.wrong(where, f"is '{line}'.", "Expected a file name, a blank, and 0, 1 or 2.")
                continue
            reading.entries.append(Entry(name.strip(), _SUBSETS[flag], int(match[2]), match[1], where=where))
    return reading.listing()


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text, lines in the order of the entries."""
    lines = {CLASSES: list(listing.classes)} if listing.classes else {}
    for entry in listing.entries:
        name = f"{entry.label}_test_split{entry.number}.txt"
        lines.setdefault(name, []).append(f"{entry.path} {_FLAGS[entry.subset]}")
    return listing.texts(lines)
