"""UCF101 as it is unpacked: <Class>/v_<Class>_gNN_cNN.avi, the group in the name."""

import re
from collections.abc import Iterator
from pathlib import Path

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.folder_dataset import VIDEOS, Hashes, Video, class_files, dataset_of_videos
from slateboard.registry import Card

CARD = Card(title="UCF101", source="Soomro, Zamir, Shah: UCF101, CRCV-TR-12-01 (2012)")

_NAME = re.compile(r"(v_(.+)_g\d+)_c\d+")


def recognises(folder: Path) -> bool:
    """True if any video in a class folder is named as UCF101's are."""
    return any(_NAME.fullmatch(path.stem) and path.suffix.lower() in VIDEOS for path in folder.glob("*/v_*"))


def read(folder: Path, *, hashes: Hashes) -> Dataset:
    """Read a folder; clips of one gNN of a class are one group.

    Raises BadInput that names every video with another name. The class in a name may differ from its folder's in
    case: HandstandPushups holds v_HandStandPushups_g01_c01.avi.
    """
    return dataset_of_videos(folder, _videos(folder), name="ucf101", hashes=hashes)


def _videos(folder: Path) -> Iterator[Video]:
    # HandstandPushups/v_HandStandPushups_g01_c02.avi -> group v_HandStandPushups_g01.
    problems = []
    for path, label in class_files(folder):
        match = _NAME.fullmatch(path.stem)
        if match and match[2].casefold() == label.casefold():
            yield Video(path, label, group=match[1])
        else:
            what = f"is not named v_{label}_gNN_cNN, so that its group is not known."
            problems.append(Problem(str(path), what, "Rename it, or move it elsewhere."))
    if problems:
        raise BadInput(problems)
