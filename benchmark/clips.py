"""Clips of a split as the engine reads them: ids, classes, groups and frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.frames.store import Store
from slateboard.progress import say
from slateboard.records.split import Split
from splits.groups import group_keys
from splits.validation import held_back


@dataclass(frozen=True)
class Clips:
    """Some clips of a dataset, in the order of a list."""

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    """0-based position of each clip's class in classInd.txt."""
    store: Store

    @property
    def lengths(self) -> list[int]:
        """Decoded frames of each clip; 0 for one that failed."""
        return [self.store.frames(clip_id) for clip_id in self.ids]


def clips_of(table: pd.DataFrame, ids: Sequence[str], store: Store) -> Clips:
    """Return the clips with these ids; `table` has the columns of ReleasedClip."""
    labels = table.set_index("clip_id")["class_index"].loc[list(ids)].to_numpy(dtype=np.int64) - 1
    return Clips(tuple(ids), labels, store)


def readable(clips: Clips, *, purpose: str) -> Clips:
    """Return the clips that could be decoded; the others are named."""
    kept = [position for position, frames in enumerate(clips.lengths) if frames]
    for position in sorted(set(range(len(clips.ids))) - set(kept)):
        clip_id = clips.ids[position]
        say(f"left out of {purpose}: {clip_id}: {clips.store.failed(clip_id)}")
    return Clips(tuple(clips.ids[position] for position in kept), clips.labels[kept], clips.store)


def inner_split(table: pd.DataFrame, split: Split, *, share: float, seed: int) -> Split:
    """Divide the training list of a split: `test` is now the validation part, of about `share` of each class.

    Linked clips stay together, be the link a clip of the test list. With share 0, or where no group can be spared,
    `test` is empty.
    """
    keys = group_keys(table)
    train = table.set_index("clip_id", drop=False).loc[list(split.train)]
    keys = keys.set_axis(table["clip_id"]).loc[list(split.train)]
    held = held_back(train, keys, share=share, seed=seed)
    if share and not held:
        say("Each group of training clips is all that a class has, so none can be held back to validate.")
    validation = train["clip_id"].isin(held).to_numpy()
    return Split(
        dataset=split.dataset,
        dataset_sha256=split.dataset_sha256,
        protocol=f"validation of {split.key}",
        number=1,
        parameters={"share": share},
        seed=seed,
        safe=True,
        train=tuple(train["clip_id"][~validation]),
        test=tuple(train["clip_id"][validation]),
    )
