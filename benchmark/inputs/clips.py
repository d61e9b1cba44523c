"""Clips of a dataset as networks read them: ids, classes, frames and twins; a training list divided for validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.frames.frames import Frames
from slateboard.dataset import Dataset
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
    classes: tuple[str, ...]
    """All classes of the dataset (safe names)."""
    frames: Frames
    twin_of: Mapping[str, str] = field(default_factory=dict)
    """Id of a twin with effects -> id of the clip it was rendered from, whether or not they are among these clips."""

    @cached_property
    def lengths(self) -> list[int]:
        """Decoded frames of each clip; 0 for one that failed."""
        return [self.frames.facts(clip_id).frames for clip_id in self.ids]

    @cached_property
    def twins(self) -> dict[int, list[int]]:
        """Position of each original -> positions of its twins, both among these clips; other twins count as clips."""
        # ids (a, b, a~fx), a~fx a twin of a -> {0: [2]}. Without a in ids: {}, and a~fx is a clip like b. A twin of a
        # twin counts as a clip too, because its original is not one.
        positions = {clip_id: position for position, clip_id in enumerate(self.ids)}
        originals = {clip_id: at for clip_id, at in positions.items() if self.twin_of.get(clip_id) not in positions}
        twins: dict[int, list[int]] = {}
        for clip_id, position in positions.items():
            original = originals.get(self.twin_of.get(clip_id, ""))
            if original is not None:
                twins.setdefault(original, []).append(position)
        return twins


def clips_of(dataset: Dataset, ids: Sequence[str], frames: Frames) -> Clips:
    """Return the clips with these ids."""
    clips = dataset.clips.set_index("clip_id").loc[list(ids)]
    labels = clips["class_index"].to_numpy(dtype=np.int64) - 1
    twin_of = {twin: clip for twin, clip in zip(ids, clips["twin_of"].tolist(), strict=True) if clip}
    return Clips(tuple(ids), labels, dataset.classes, frames, twin_of)


def readable(clips: Clips, *, purpose: str) -> Clips:
    """Return the clips that could be decoded; say which could not and why."""
    positions = [position for position, length in enumerate(clips.lengths) if length]
    for position in sorted(set(range(len(clips.ids))) - set(positions)):
        clip_id = clips.ids[position]
        say(f"left out of {purpose}: {clip_id}: {clips.frames.facts(clip_id).failed}")
    return replace(clips, ids=tuple(clips.ids[position] for position in positions), labels=clips.labels[positions])


def inner_split(table: pd.DataFrame, split: Split, *, share: float, seed: int) -> Split:
    """Divide the training list of a split into `train` and, as `test`, about `share` of each class for validation.

    Linked clips stay together, even where the link runs through a clip of the test list. With share 0, or where no
    group can be spared, `test` is empty.
    """
    # Groups are of the whole table: two training clips may be linked through a test clip alone.
    keys = group_keys(table)
    train = table.set_index("clip_id", drop=False).loc[list(split.train)]
    keys = keys.set_axis(table["clip_id"]).loc[list(split.train)]
    validation_ids = held_back(train, keys, share=share, seed=seed)
    if share and not validation_ids:
        say("No validation split possible: every group is the only one of some class.")
    validation = train["clip_id"].isin(validation_ids).to_numpy()
    return Split(
        dataset=split.dataset,
        dataset_sha256=split.dataset_sha256,
        protocol=f"validation-{split.key}",
        number=1,
        parameters={"share": share},
        seed=seed,
        safe=True,
        train=tuple(train["clip_id"][~validation]),
        test=tuple(train["clip_id"][validation]),
    )
