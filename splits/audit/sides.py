"""Which clips of a table are in train, in test and unused, and which of their linked groups are on both sides."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.records.split import Split
from splits.groups import group_keys
from splits.parts import PARTS

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sides:
    """Which rows of a table are where."""

    clips: pd.DataFrame
    masks: dict[str, Mask]
    """Part -> [clips]; a clip in two parts is in two masks."""
    keys: pd.Series
    """Component of linked clips of each row."""
    key_codes: NDArray[np.int64]
    """[clips] number of the component."""
    key_names: NDArray[np.object_]
    """Key of each number."""
    in_two: tuple[str, ...]
    """Ids that the split names twice."""
    foreign: tuple[str, ...]
    """Ids that the split names and the table does not have."""
    repeated: tuple[str, ...]
    """Ids of several rows."""

    @classmethod
    def of(cls, clips: pd.DataFrame, split: Split) -> "Sides":
        """Look every clip of the table up in the parts of a split."""
        # One pass over all names: a million take a second, looking each part up in the table six times that.
        lists = [getattr(split, part) for part in PARTS]
        ids = clips["clip_id"].to_numpy(dtype=object)
        codes, names = pd.factorize(np.array([*ids, *(clip for clips in lists for clip in clips)], dtype=object))
        own, divided = codes[: len(ids)], codes[len(ids) :]
        masks, start = {}, 0
        for part, members in zip(PARTS, lists, strict=True):
            there = np.zeros(len(names), bool)
            there[divided[start : start + len(members)]] = True
            masks[part], start = there[own], start + len(members)
        rows, times = (np.bincount(some, minlength=len(names)) for some in (own, divided))
        chosen = (times > 1, (rows == 0) & (times > 0), rows > 1)
        keys = group_keys(clips)
        key_codes, key_names = pd.factorize(keys.to_numpy(dtype=object))
        told = (tuple(sorted(map(str, names[mask]))) for mask in chosen)
        return cls(clips, masks, keys, key_codes.astype(np.int64), np.asarray(key_names, object), *told)

    @property
    def used(self) -> Mask:
        """Rows in train or in test."""
        return self.masks["train"] | self.masks["test"]

    @property
    def broken(self) -> Mask:
        """Components that are in train and in test: [key_names]."""
        return self.on_both(self.key_codes, len(self.key_names))

    def on_both(self, codes: NDArray[np.int64], count: int, rows: Mask | None = None) -> Mask:
        """Return which codes are in train and in test: [count]; `codes` are those of `rows`, or of all."""
        there = []
        for part in ("train", "test"):
            seen = np.zeros(count, bool)
            seen[codes[self.masks[part] if rows is None else self.masks[part][rows]]] = True
            there.append(seen)
        return there[0] & there[1]


def text_of(clips: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as strings, empty where a value is missing or the table is older than the column."""
    if column not in clips:
        return pd.Series("", index=clips.index, dtype=object)
    if isinstance(clips[column].dtype, pd.StringDtype) and not clips[column].hasnans:
        return clips[column]
    return pd.Series(clips[column].to_numpy(dtype=object, na_value=""), index=clips.index, dtype=object)


def blank(clips: pd.DataFrame, column: str) -> Mask:
    """Return the rows without a value in a column."""
    return np.asarray(text_of(clips, column) == "", bool)
