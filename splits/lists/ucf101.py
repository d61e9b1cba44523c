"""UCF101's numbered lists: trainlist01.txt with 1-based labels, testlist01.txt without, classInd.txt."""

import re
from collections.abc import Sequence
from pathlib import Path

from slateboard.errors import BadInput, Problem
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

CARD = Card(
    title="UCF101 lists",
    source="Soomro, Zamir, Shah: UCF101, CRCV-TR-12-01 (2012), ucfTrainTestlist",
)

_FILE = re.compile(r"(train|test)list(\d+)\.txt")


def read(folder: Path) -> Listing:
    """Read all numbered lists of a folder.

    Windows line ends, blank lines, a byte order mark and missing labels are taken as they come. Raises
    BadInput for a label below 1 or above the number of classes, and for a number with one list only.
    """
    files = {path: match for path in sorted(folder.glob("*.txt")) if (match := _FILE.fullmatch(path.name))}
    if not files:
        raise no_lists(folder, "trainlist01.txt and testlist01.txt")
    classes = read_classes(folder)
    entries = [entry for path, match in files.items() for entry in _entries(path, match)]
    problems = [*_lonely(folder, {path.name for path in files}), *_wrong_labels(entries, len(classes))]
    if problems:
        raise BadInput(problems)
    return Listing(tuple(entries), classes, style_of(next(iter(files))))


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text; a line has a label where its entry has a class_index."""
    texts = classes_text(listing)
    for number in sorted({entry.number for entry in listing.entries}):
        for part in ("train", "test"):
            chosen = [entry for entry in listing.entries if (entry.number, entry.part) == (number, part)]
            texts[f"{part}list{number:02}.txt"] = listing.style.text([_line(entry) for entry in chosen])
    return texts


def _entries(path: Path, match: re.Match[str]) -> list[Entry]:
    entries = []
    for where, line in lines_of(path):
        name, _, last = line.rpartition(" ")
        labelled = bool(name) and last.lstrip("-").isdigit()
        video = name.strip() if labelled else line
        entries.append(
            Entry(
                path=video,
                part="train" if match[1] == "train" else "test",
                number=int(match[2]),
                label=folder_label(video),
                class_index=int(last) if labelled else None,
                where=where,
            )
        )
    return entries


def _line(entry: Entry) -> str:
    return entry.path if entry.class_index is None else f"{entry.path} {entry.class_index}"


def _wrong_labels(entries: Sequence[Entry], classes: int) -> list[Problem]:
    allowed = f"1 to {classes}" if classes else "1 or more"
    return [
        Problem(entry.where, f"has label {entry.class_index}.", f"Labels count from 1: give {allowed}.")
        for entry in entries
        if entry.class_index is not None and not 1 <= entry.class_index <= (classes or entry.class_index)
    ]


def _lonely(folder: Path, names: set[str]) -> list[Problem]:
    other = {
        name: name.replace("train", "test") if "train" in name else name.replace("test", "train") for name in names
    }
    return [
        Problem(str(folder), f"has {name} but no {other[name]}.", "Add it.")
        for name in sorted(names)
        if other[name] not in names
    ]
