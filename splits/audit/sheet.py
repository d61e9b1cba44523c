"""Draw pairs.png: clips of train and of test that ought not to be apart, side by side, for a person to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib import font_manager
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.engine import Failure
from slateboard.escaping import inline
from slateboard.media.colour import rgb_quick
from slateboard.media.errors import Unreadable
from slateboard.media.fingerprints import sampled
from slateboard.media.frames import decode
from slateboard.records.split import Split
from splits.audit.alike import Pair
from splits.audit.links import linked
from splits.audit.sides import Sides

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
class Shown:
    """Pairs to look at."""

    title: str
    pairs: tuple[Pair, ...]
    """MOST at most: near-duplicates first, then one for each group on both sides, by the group's key."""
    of: int
    """How many there are in all."""

    @property
    def count(self) -> str:
        """How many are shown, in words."""
        if len(self.pairs) < self.of:
            return f"{len(self.pairs)} of {self.of} pairs shown"
        return f"{self.of} pair{'' if self.of == 1 else 's'}"


NOTHING = Shown("", (), 0)


def shown(dataset: Dataset, split: Split, alike: Sequence[Pair]) -> Shown:
    """Choose what the sheet shows of near-duplicates and of groups on both sides."""
    sides = Sides.of(dataset.clips, split)
    told = {(pair.train, pair.test) for pair in alike}
    groups = [(key, train, test) for key, train, test in _broken(sides) if (train, test) not in told]
    pairs = [
        *alike[:MOST],
        *(Pair(train, test, linked(sides, key)) for key, train, test in groups[: max(0, MOST - len(alike))]),
    ]
    return Shown(f"{split.key} of {dataset.key}", tuple(pairs), len(alike) + len(groups))


def draw_pairs(path: Path, dataset: Dataset, shown: Shown) -> None:
    """Draw three frames of the train clip left, three of the test clip right, ids above; what is unreadable is blank.

    Written as PNG under any name.
    """
    size = (_LEFT["test"] + _SIDE + _GAP, _HEAD + len(shown.pairs) * _PAIR)
    sheet = Image.new("RGB", size, _PAPER)
    # matplotlib brings this font everywhere, Vietnamese letters included.
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)
    draw.text((_GAP, _TEXT // 2), inline(f"{shown.title}: {shown.count}"), fill=_INK, font=font)
    for name, left in (("why", _GAP), *_LEFT.items()):
        draw.text((left, _HEAD - _TEXT), name, fill=_INK, font=font)
    drawn = {clip for pair in shown.pairs for clip in (pair.train, pair.test)}
    columns = dataset.clips[["clip_id", "path", "frames", "label"]].to_numpy(dtype=object)
    files = {
        str(clip): (dataset.file(path), int(frames), str(label))
        for clip, path, frames, label in columns
        if clip in drawn
    }
    pictures = _pictures({path: frames for path, frames, _ in files.values()})
    for place, pair in enumerate(shown.pairs):
        top = _HEAD + place * _PAIR
        draw.line([(0, top), (size[0], top)], fill=_LINE)
        lines = wrap(inline(pair.why), 26, max_lines=_CELL[1] // _TEXT, placeholder=" ...")
        draw.multiline_text((_GAP, top + _TEXT), "\n".join(lines), fill=_INK, font=font)
        for clip, left in zip((pair.train, pair.test), _LEFT.values(), strict=True):
            path_of, _, label = files[clip]
            draw.text((left, top + 2), inline(f"{clip}  {label}", most=60), fill=_INK, font=font)
            for column, picture in enumerate(pictures[path_of]):
                fitted = ImageOps.contain(Image.fromarray(picture), _CELL)
                sheet.paste(fitted, (left + column * (_CELL[0] + _GAP), top + _TEXT))
    sheet.quantize(256).save(path, format="PNG", optimize=True)


def _broken(sides: Sides) -> list[tuple[str, str, str]]:
    """Return key, first clip in train and first in test of each group on both sides, by the group's key."""
    first = []
    for part in ("train", "test"):
        mask = sides.masks[part]
        ids = pd.Series(sides.clips["clip_id"][mask].to_numpy(dtype=object))
        first.append(ids.groupby(sides.keys[mask].to_numpy(dtype=object)).min())
    keys = sorted(set(first[0].index) & set(first[1].index))
    return [(str(key), str(first[0][key]), str(first[1][key])) for key in keys]


def _pictures(frames: Mapping[Path, int]) -> dict[Path, list[Picture]]:
    """Return pictures of files of so many frames, made in processes: a file of somebody's may end the one it is in."""
    outcomes = engine.run(_frames, frames.items())
    return {path: [] if isinstance(outcome, Failure) else outcome for (path, _), outcome in outcomes}


def _frames(file: tuple[Path, int]) -> list[Picture]:
    """Return pictures of a file of so many frames, blank ones where it cannot be read."""
    path, frames = file
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
    blank = np.full((_CELL[1], _CELL[0], 3), _PAPER, np.uint8)
    return [found.get(index, blank) for index in wanted]
