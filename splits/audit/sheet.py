"""Draw pairs.png: clips of train and of test that ought not to be apart, side by side, for a person to judge."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.dataset import Dataset
from slateboard.media.colour import rgb_quick
from slateboard.media.errors import Unreadable
from slateboard.media.fingerprints import sampled
from slateboard.media.frames import decode
from slateboard.media.sheets import Row, contact_sheet
from slateboard.records.split import Split
from splits.audit.alike import Pair
from splits.audit.checks import Sides

SHEET = "pairs.png"
MOST = 24
"""Pairs on a sheet: 24 rows are 2,700 pixels high."""

_FRAMES = 3
_CELL = (144, 108)
_PAPER = (250, 250, 248)

Picture = NDArray[np.uint8]


def draw_pairs(path: Path, dataset: Dataset, split: Split, alike: Sequence[Pair]) -> int:
    """Draw three frames of the train clip left, three of the test clip right; return how many pairs there are.

    First the near-duplicates, then a pair for each group on both sides; what cannot be read stays blank. Nothing is
    written where there is no pair.
    """
    pairs = _chosen(dataset, split, alike)
    if not pairs:
        return 0
    table = dataset.clips
    files = {str(clip): (path, int(frames)) for clip, path, frames in table[["clip_id", "path", "frames"]].values}
    rows = []
    for pair in pairs:
        left, right = (_frames(dataset.root / files[clip][0], files[clip][1]) for clip in (pair.train, pair.test))
        rows.append(Row(f"{pair.train}\n{pair.test}\n{_broken(pair.why)}", [*left, _gap(), *right]))
    contact_sheet(path, rows, cell=_CELL)
    return len(pairs)


def _chosen(dataset: Dataset, split: Split, alike: Sequence[Pair]) -> list[Pair]:
    found = list(alike[:MOST])
    told = {(pair.train, pair.test) for pair in found}
    for pair in _of_groups(Sides.of(dataset.clips, split)):
        if len(found) == MOST:
            break
        if (pair.train, pair.test) not in told:
            found.append(pair)
    return found


def _of_groups(sides: Sides) -> Iterator[Pair]:
    """Yield the first clip in train and the first in test of each group on both sides, by the group's key."""
    first = []
    for part in ("train", "test"):
        mask = sides.masks[part]
        ids = pd.Series(sides.clips["clip_id"][mask].to_numpy(dtype=object))
        first.append(ids.groupby(sides.keys[mask].to_numpy(dtype=object)).min())
    for key in sorted(set(first[0].index) & set(first[1].index)):
        yield Pair(str(first[0][key]), str(first[1][key]), "same group")


def _frames(path: Path, frames: int) -> list[Picture]:
    wanted = sampled(max(1, frames), _FRAMES)
    found: dict[int, Picture] = {}
    try:
        for frame in decode(path, short_side=_CELL[1], on_error=lambda _: None):
            if frame.index in wanted:
                found[frame.index] = rgb_quick(frame)
            if len(found) == len(set(wanted)):
                break
    except (Unreadable, OSError):
        pass
    return [found.get(index, _gap()) for index in wanted]


def _gap() -> Picture:
    """Return a picture of the sheet's own colour."""
    return np.full((_CELL[1], _CELL[0] // 4, 3), _PAPER, np.uint8)


def _broken(text: str) -> str:
    """Return a text on lines of at most 17 letters: the sheet keeps 150 pixels for it."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) > 16:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
