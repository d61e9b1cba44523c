"""HMDB51 as it is unpacked, and JHMDB: <class>/<title>_<class>_<six properties>.avi, the title is the group."""

import re
from collections.abc import Iterator
from pathlib import Path

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.folder_dataset import VIDEOS, Hashes, Video, class_files, dataset_of_videos
from slateboard.registry import Card

CARD = Card(title="HMDB51", source="Kuehne et al., HMDB, ICCV 2011; JHMDB: Jhuang et al., ICCV 2013")

# Visible parts, camera motion, number of people, view, quality, number.
_NAME = re.compile(r"(.+)_[fuhl]_(?:cm|nm)_np\d+_(?:fr|ba|le|ri)_(?:goo|med|bad)_\d+")


def recognises(folder: Path) -> bool:
    """True if any video in a class folder is named as HMDB51's are."""
    return any(_NAME.fullmatch(path.stem) and path.suffix.lower() in VIDEOS for path in folder.glob("*/*.*"))


def read(folder: Path, *, hashes: Hashes) -> Dataset:
    """Read a folder; clips of one title are one group, be they of two classes.

    Raises BadInput that names every video with another name.
    """
    return dataset_of_videos(folder, _videos(folder), name="hmdb51", hashes=hashes)


def _videos(folder: Path) -> Iterator[Video]:
    # swing_baseball/Faith_Rewarded_swing_baseball_f_nm_np1_le_bad_51.avi -> title Faith_Rewarded.
    problems = []
    for path, label in class_files(folder):
        match = _NAME.fullmatch(path.stem)
        # From the right: titles hold underscores, and the class may be a word of theirs.
        title = match[1].removesuffix(f"_{label}") if match else ""
        if match and title != match[1]:
            yield Video(path, label, group=title)
        else:
            what = f"is not named <title>_{label}_<properties>, so that its group is not known."
            problems.append(Problem(str(path), what, "Rename it, or move it elsewhere."))
    if problems:
        raise BadInput(problems)
