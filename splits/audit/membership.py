"""Which clips of a table are in train, in test and unused, and which of their groups are in train and test both."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.records.split import Split
from splits.groups import group_keys, with_canonical_addresses
from splits.parts import PARTS

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SplitMembership:
    """Which rows of a clip table are in train, in test and unused, and which linked groups they make."""

    clips: pd.DataFrame
    masks: dict[str, Mask]
    """Part -> [clips]; a clip in two parts is in two masks."""
    keys: pd.Series
    """[clips] key of the group of linked clips."""
    key_codes: NDArray[np.int64]
    """[clips] index of that key in key_names."""
    key_names: NDArray[np.object_]
    """[groups] key of each group."""
    in_two: tuple[str, ...]
    """Ids that the split names twice."""
    foreign: tuple[str, ...]
    """Ids that the split names and the table does not have."""
    repeated: tuple[str, ...]
    """Ids of several rows."""

    @classmethod
    def of(cls, clips: pd.DataFrame, split: Split) -> "SplitMembership":
        """Look every clip of the table up in the parts of a split."""
        clips = with_canonical_addresses(clips)
        # One pass over all names: a million take a second, looking each part up in the table six times that.
        # Table a, b; train a, test b c: names a b c are numbers 0 1 2, table_codes [0, 1], split_codes [0, 1, 2].
        lists = [getattr(split, subset) for subset in PARTS]
        ids = clips["clip_id"].to_numpy(dtype=object)
        codes, names = pd.factorize(np.array([*ids, *(clip for clips in lists for clip in clips)], dtype=object))
        table_codes, split_codes = codes[: len(ids)], codes[len(ids) :]
        masks, start = {}, 0
        for subset, members in zip(PARTS, lists, strict=True):
            is_member = np.zeros(len(names), bool)
            is_member[split_codes[start : start + len(members)]] = True
            masks[subset], start = is_member[table_codes], start + len(members)
        rows = np.bincount(table_codes, minlength=len(names))
        mentions = np.bincount(split_codes, minlength=len(names))
        # rows counts a name in the table, mentions in the split: c above has 0 rows and 1 mention, so it is foreign.
        in_two, foreign, repeated = mentions > 1, (rows == 0) & (mentions > 0), rows > 1
        keys = group_keys(clips)
        key_codes, key_names = pd.factorize(keys.to_numpy(dtype=object))
        faults = (tuple(sorted(map(str, names[mask]))) for mask in (in_two, foreign, repeated))
        return cls(clips, masks, keys, key_codes.astype(np.int64), np.asarray(key_names, object), *faults)

    @property
    def used(self) -> Mask:
        """Rows in train or in test."""
        return self.masks["train"] | self.masks["test"]

    @property
    def broken(self) -> Mask:
        """[groups] which groups have clips in train and in test."""
        return self.in_train_and_test(self.key_codes, len(self.key_names))

    def in_train_and_test(self, codes: NDArray[np.int64], count: int, rows: Mask | None = None) -> Mask:
        """Return which codes have clips in train and in test: [count]; `codes` are those of `rows`, or of all rows."""
        present = np.zeros((2, count), bool)
        for row, subset in enumerate(("train", "test")):
            present[row, codes[self.masks[subset] if rows is None else self.masks[subset][rows]]] = True
        return present[0] & present[1]


def text_of(clips: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as strings, empty where a value is missing or the table is older than the column."""
    if column not in clips:
        return pd.Series("", index=clips.index, dtype=object)
    if isinstance(clips[column].dtype, pd.StringDtype) and not clips[column].hasnans:
        return clips[column]
    return pd.Series(clips[column].to_numpy(dtype=object, na_value=""), index=clips.index, dtype=object)


def is_blank(clips: pd.DataFrame, column: str) -> Mask:
    """Return the rows without a value in a column."""
    return np.asarray(text_of(clips, column) == "", bool)
