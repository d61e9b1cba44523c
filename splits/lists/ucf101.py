"""UCF101's numbered lists: trainlist01.txt with 1-based labels, testlist01.txt without, classInd.txt."""

import re
from pathlib import Path
from typing import Final

from slateboard.registry import Card
from splits.listing.entries import CLASSES_FILE, Entry, Listing, Reading, folder_label, no_lists, numbered

CARD = Card(
    title="UCF101 lists",
    source="Soomro, Zamir, Shah: UCF101, CRCV-TR-12-01 (2012), ucfTrainTestlist",
)
NAMES: Final = "path"
PARTS: Final = ("train", "test")

_FILE = re.compile(r"(train|test)list(\d+)\.txt")
_LABELLED = re.compile(r"(.*\S)[ \t]+(-?[0-9]+)")


def read(folder: Path) -> Listing:
    """Read all numbered lists of a folder.

    Windows line ends, blank lines, a byte order mark and missing labels are accepted. Raises BadInput that names
    every label below 1, above the number of classes or of another class than the folder, and each number with one
    list only. A name in two subsets is not looked for: an audit counts it.
    """
    files = {path: match for path in sorted(folder.glob("*.txt")) if (match := _FILE.fullmatch(path.name))}
    if not files:
        raise no_lists(folder, "trainlist01.txt and testlist01.txt")
    reading = Reading()
    reading.numbered_classes(folder / CLASSES_FILE)
    _check_pairs(reading, folder, {path.name for path in files})
    for path, match in files.items():
        for where, line in reading.lines(path):
            reading.entries.append(_entry(line, where, match, reading.classes))
    reading.check_labels(base=1)
    return reading.listing()


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text; a line has a label, one blank after the path, where its entry has a class_index."""
    lines = {CLASSES_FILE: numbered(listing.classes)} if listing.classes else {}
    for number in sorted({entry.number for entry in listing.entries}):
        for subset in ("train", "test"):
            entries = [entry for entry in listing.entries if (entry.number, entry.subset) == (number, subset)]
            lines[_name(listing, subset, number)] = [_line(entry) for entry in entries]
    return listing.texts(lines)


def _entry(line: str, where: str, match: re.Match[str], classes: tuple[str, ...]) -> Entry:
    # `Archery/v_Archery_g01_c01.avi 3` in a training list: path and 1-based label; a test list has the path alone. The
    # class is the folder's, and only without one that of the label.
    labelled = _LABELLED.fullmatch(line)
    video, index = (labelled[1], int(labelled[2])) if labelled else (line, None)
    indexed_class = classes[index - 1] if index and 1 <= index <= len(classes) else ""
    return Entry(
        path=video,
        subset="train" if match[1] == "train" else "test",
        number=int(match[2]),
        label=folder_label(video) or indexed_class,
        class_index=index,
        where=where,
    )


def _name(listing: Listing, subset: str, number: int) -> str:
    """Return the name of a list file, with as many zeros as it was read with."""
    for name in listing.styles:
        match = _FILE.fullmatch(name)
        if match and (match[1], int(match[2])) == (subset, number):
            return name
    return f"{subset}list{number:02}.txt"


def _line(entry: Entry) -> str:
    return entry.path if entry.class_index is None else f"{entry.path} {entry.class_index}"


def _check_pairs(reading: Reading, folder: Path, names: set[str]) -> None:
    """Record the train lists without a test list of their number, and the reverse."""
    for name in sorted(names):
        partner = name.replace("train", "test") if "train" in name else name.replace("test", "train")
        if partner not in names:
            reading.wrong(str(folder), f"has {name} but no {partner}.", "Add it.")
