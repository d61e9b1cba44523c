"""The plain lists of SEAGS_V1: trainlist.txt and testlist.txt with a path a line, classInd.txt."""

from pathlib import Path
from typing import Literal

from slateboard.registry import Card
from splits.entries import (
    Entry,
    Listing,
    classes_text,
    folder_label,
    lines_of,
    no_lists,
    read_classes,
    style_of,
)

CARD = Card(title="SEAGS lists", source="MEI paper (Informatica 2023), section 4.1.2: paths only")

_FILES: dict[Literal["train", "test"], str] = {"train": "trainlist.txt", "test": "testlist.txt"}


def read(folder: Path) -> Listing:
    """Read both lists of a folder as split 1; raises BadInput where one is missing."""
    if not all((folder / name).is_file() for name in _FILES.values()):
        raise no_lists(folder, "trainlist.txt and testlist.txt")
    entries = tuple(
        Entry(path=line, part=part, number=1, label=folder_label(line), where=where)
        for part, name in _FILES.items()
        for where, line in lines_of(folder / name)
    )
    return Listing(entries, read_classes(folder), style_of(folder / _FILES["train"]))


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text of split 1."""
    lists = {
        name: listing.style.text([entry.path for entry in listing.entries if (entry.number, entry.part) == (1, part)])
        for part, name in _FILES.items()
    }
    return {**classes_text(listing), **lists}
