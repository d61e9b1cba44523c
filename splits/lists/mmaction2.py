"""MMAction2's lists of videos: `<dataset>_{train,val,test}_split_1_videos.txt`, a path and a 0-based label a line."""

import re
from pathlib import Path
from typing import Final

from slateboard.registry import Card
from splits.listing.entries import WORDS, Entry, Listing, Reading, folder_label, no_lists, subset_of

CARD = Card(
    title="MMAction2 lists",
    source="open-mmlab/mmaction2 1.x, tools/data/build_file_list.py --format videos; datasets/video_dataset.py",
)
NAMES: Final = "path"
PARTS: Final = ("train", "test")

CLASSES = "label_map.txt"
"""A class a line: the first has label 0."""
_FILE = re.compile(r"(.+)_(train|val|test)_(?:split_(\d+)|list)_videos\.txt")
_LINE = re.compile(r"(.*\S)[ \t]+(-?[0-9]+)")


def read(folder: Path) -> Listing:
    """Read the lists of videos of a folder; those of frame folders (`_rawframes.txt`) are not looked at.

    `val` is for testing, as MMAction2 writes UCF101's and HMDB51's test lists there; `test` is unused where the
    same split has a `val`. Label -1 is unknown (Kinetics' test list). Raises BadInput that names every line
    without a label, every label out of range or of another class than the folder, and lists of several datasets.
    """
    files = {path: match for path in sorted(folder.glob("*.txt")) if (match := _FILE.fullmatch(path.name))}
    if not files:
        raise no_lists(folder, "<dataset>_train_split_1_videos.txt")
    reading = Reading()
    reading.plain_classes(folder / CLASSES)
    names = sorted({match[1] for match in files.values()})
    reading.name = names[0]
    if len(names) > 1:
        reading.wrong(str(folder), f"holds lists of {', '.join(names)}.", "Give each dataset a folder of its own.")
    for path, match in files.items():
        words = [of_split[2] for of_split in files.values() if of_split[3] == match[3]]
        for where, line in reading.lines(path):
            labelled = _LINE.fullmatch(line)
            if not labelled:
                reading.wrong(where, f"is '{line}'.", "Expected a path, a blank, and a label that counts from 0.")
                continue
            reading.entries.append(_entry(labelled, where, match, words, reading.classes))
    reading.check_labels(base=0)
    return reading.listing()


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text; a label that an entry lacks follows from its class, or is -1."""
    lines = {CLASSES: list(listing.classes)} if listing.classes else {}
    for entry in listing.entries:
        split = f"split_{entry.number}"
        name = entry.file or f"{listing.name or 'dataset'}_{WORDS[entry.subset]}_{split}_videos.txt"
        lines.setdefault(name, []).append(f"{entry.path} {_label(entry, listing.classes)}")
    return listing.texts(lines)


def _entry(line: re.Match[str], where: str, file: re.Match[str], words: list[str], classes: tuple[str, ...]) -> Entry:
    # `Archery/v_Archery_g01_c01.avi 2`: labels count from 0, so class_index is 3; -1 says that the label was held back.
    label = int(line[2])
    labelled_class = classes[label] if 0 <= label < len(classes) else ""
    return Entry(
        path=line[1],
        subset=subset_of(file[2], words) or "unused",
        number=int(file[3] or 1),
        label=folder_label(line[1]) or labelled_class,
        class_index=None if label == -1 else label + 1,
        file=file[0],
        where=where,
    )


def _label(entry: Entry, classes: tuple[str, ...]) -> int:
    if entry.class_index is not None:
        return entry.class_index - 1
    # A label that was read as -1 stays so: the list holds it back.
    return classes.index(entry.label) if entry.label in classes and not entry.file else -1
