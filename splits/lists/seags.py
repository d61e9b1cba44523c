"""The plain lists of SEAGS_V1: trainlist.txt and testlist.txt with a path a line, classInd.txt."""

from pathlib import Path
from typing import Final

from slateboard.registry import Card
from splits.listing.entries import (
    CLASSES_FILE,
    Entry,
    Listing,
    Reading,
    Subset,
    folder_label,
    no_lists,
    numbered,
    one_split,
)

CARD = Card(title="SEAGS lists", source="MEI paper (Informatica 2023), section 4.1.2: paths only")
NAMES: Final = "path"
PARTS: Final = ("train", "test")

_FILES: dict[Subset, str] = {"train": "trainlist.txt", "test": "testlist.txt"}


def read(folder: Path) -> Listing:
    """Read both lists of a folder as split 1; raises BadInput where one is missing."""
    if not all((folder / name).is_file() for name in _FILES.values()):
        raise no_lists(folder, "trainlist.txt and testlist.txt")
    reading = Reading()
    reading.numbered_classes(folder / CLASSES_FILE)
    for subset, name in _FILES.items():
        for where, line in reading.lines(folder / name):
            reading.entries.append(Entry(path=line, subset=subset, number=1, label=folder_label(line), where=where))
    return reading.listing()


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text; raises BadInput for several splits, which this form cannot hold."""
    one_split(listing, "seags")
    lines = {CLASSES_FILE: numbered(listing.classes)} if listing.classes else {}
    for subset, name in _FILES.items():
        lines[name] = [entry.path for entry in listing.entries if entry.subset == subset]
    return listing.texts(lines)
