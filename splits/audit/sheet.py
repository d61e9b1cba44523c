"""Draw pairs.png: clips of train and of test that should be on one side, next to each other, for a person to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.engine import Failure
from slateboard.escaping import inline
from slateboard.lettering import draw_text
from slateboard.media.colour import rgb_quick
from slateboard.media.errors import Unreadable
from slateboard.media.fingerprints import spread_indices
from slateboard.media.frames import decode
from slateboard.records.split import Split
from splits.audit.links import describe_link
from splits.audit.membership import SplitMembership
from splits.audit.near_duplicates import Pair

SHEET = "pairs.png"
MOST = 24
"""Pairs on a sheet: 24 are 3,200 pixels high."""

_FRAMES = 3
_CELL = (144, 108)
_GAP, _TEXT = 4, 20
"""Pixels between pictures, and of a line of text."""
_WHY = 220
"""Pixels of the column that says why, 26 letters at 14 pixels."""
_SIDE = _FRAMES * (_CELL[0] + _GAP)
_BETWEEN = 24
_LEFT = {"train": _WHY, "test": _WHY + _SIDE + _BETWEEN}
_PAIR = _TEXT + _CELL[1] + 2 * _GAP
_HEAD = 3 * _TEXT
_PAPER, _INK, _LINE = (250, 250, 248), (30, 34, 40), (190, 190, 186)

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class PairSheet:
    """The pairs that pairs.png shows, and how many there are."""

    title: str
    pairs: tuple[Pair, ...]
    """MOST at most: near-duplicates first, then one for each group in train and test, by the group's key."""
    total: int
    """How many pairs there are, shown or not."""

    @property
    def count(self) -> str:
        """How many are shown, in words."""
        if len(self.pairs) < self.total:
            return f"{len(self.pairs)} of {self.total} pairs shown"
        return f"{self.total} pair{'' if self.total == 1 else 's'}"


EMPTY_SHEET = PairSheet("", (), 0)


def choose_pairs(dataset: Dataset, split: Split, near_duplicates: Sequence[Pair]) -> PairSheet:
    """Choose the pairs of the sheet: near-duplicates first, then one for each group that is in train and in test."""
    membership = SplitMembership.of(dataset.clips, split)
    listed = {(pair.train, pair.test) for pair in near_duplicates}
    groups = [(key, train, test) for key, train, test in _broken_groups(membership) if (train, test) not in listed]
    # 30 near-duplicates: 24 of them are shown and no group; 10: these and up to 14 groups that are in train and in
    # test.
    space = max(0, MOST - len(near_duplicates))
    of_groups = (Pair(train, test, describe_link(membership, key)) for key, train, test in groups[:space])
    pairs = (*near_duplicates[:MOST], *of_groups)
    return PairSheet(f"{split.key} of {dataset.key}", pairs, len(near_duplicates) + len(groups))


def draw_pairs(path: Path, dataset: Dataset, pair_sheet: PairSheet) -> None:
    """Draw three frames of the train clip left, three of the test clip right, ids above; unreadable frames are blank.

    Written as PNG whatever the ending of `path`.
    """
    size = (_LEFT["test"] + _SIDE + _GAP, _HEAD + len(pair_sheet.pairs) * _PAIR)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw_text(draw, (_GAP, _TEXT // 2), f"{pair_sheet.title}: {pair_sheet.count}", fill=_INK)
    for name, x in (("why", _GAP), *_LEFT.items()):
        draw_text(draw, (x, _HEAD - _TEXT), name, fill=_INK)
    shown = {clip for pair in pair_sheet.pairs for clip in (pair.train, pair.test)}
    columns = dataset.clips[["clip_id", "path", "frames", "label"]].to_numpy(dtype=object)
    files = {
        str(clip): (dataset.file(path), int(frames), str(label))
        for clip, path, frames, label in columns
        if clip in shown
    }
    pictures = _pictures({path: frames for path, frames, _ in files.values()})
    for place, pair in enumerate(pair_sheet.pairs):
        top = _HEAD + place * _PAIR
        draw.line([(0, top), (size[0], top)], fill=_LINE)
        lines = wrap(inline(pair.why), 26, max_lines=_CELL[1] // _TEXT, placeholder=" ...")
        draw_text(draw, (_GAP, top + _TEXT), "\n".join(lines), fill=_INK)
        for clip, x in zip((pair.train, pair.test), _LEFT.values(), strict=True):
            video, _, label = files[clip]
            draw_text(draw, (x, top + 2), inline(f"{clip}  {label}", most=60), fill=_INK, most_pixels=_SIDE)
            for column, picture in enumerate(pictures[video]):
                fitted = ImageOps.contain(Image.fromarray(picture), _CELL)
                sheet.paste(fitted, (x + column * (_CELL[0] + _GAP), top + _TEXT))
    sheet.quantize(256).save(path, format="PNG", optimize=True)


def _broken_groups(membership: SplitMembership) -> list[tuple[str, str, str]]:
    """Return (key, smallest clip id in train, smallest in test) of each group in both, sorted by key."""
    smallest = []
    for subset in ("train", "test"):
        mask = membership.masks[subset]
        ids = pd.Series(membership.clips["clip_id"][mask].to_numpy(dtype=object))
        smallest.append(ids.groupby(membership.keys[mask].to_numpy(dtype=object)).min())
    train, test = smallest
    return [(str(key), str(train[key]), str(test[key])) for key in sorted(set(train.index) & set(test.index))]


def _pictures(frames: Mapping[Path, int]) -> dict[Path, list[Picture]]:
    """Return pictures of files, given the frame count of each, decoded in worker processes that a file may end."""
    outcomes = engine.run(_sample_frames, frames.items())
    return {path: [] if isinstance(outcome, Failure) else outcome for (path, _), outcome in outcomes}


def _sample_frames(file: tuple[Path, int]) -> list[Picture]:
    """Return _FRAMES pictures spread over a (path, frame count); a frame that does not decode is blank."""
    path, frames = file
    indices = spread_indices(max(1, frames), _FRAMES)
    pictures: dict[int, Picture] = {}
    try:
        for frame in decode(path, short_side=_CELL[1], on_error=lambda _: None):
            if frame.index in indices:
                pictures[frame.index] = rgb_quick(frame)
            if len(pictures) == len(set(indices)):
                break
    except (Unreadable, OSError):
        pass
    blank = np.full((_CELL[1], _CELL[0], 3), _PAPER, np.uint8)
    return [pictures.get(index, blank) for index in indices]
