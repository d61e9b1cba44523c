"""Hold what a run learned from against its test list before its evaluation counts."""

import pandas as pd

from slateboard.errors import Finding
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn
from splits.groups import group_keys
from splits.parts import few


class SeenInTraining(Finding):
    """Clips of a test list decided the weights that were to be tested on it."""


def refuse_seen(trained_on: TrainedOn, split: Split, *, where: str) -> None:
    """Raise SeenInTraining that names the test clips which were learned from or validated on.

    As where a checkpoint of split 1 is tested on split 2: the same weights then score 65.9 and 99.6
    (hbilen/dynamic-image-nets, issue 9). `where` is the folder of the run.
    """
    seen = [clip for clip in split.test if clip in trained_on.ids]
    if seen:
        raise SeenInTraining(
            f"{where}: {len(seen)} of {len(split.test)} test clips of {split.key} were trained or validated on: "
            f"{few(seen)}. The checkpoint is of another split: remove this folder and run again."
        )


def training_warnings(trained_on: TrainedOn, split: Split) -> tuple[str, ...]:
    """Return a sentence where clips of the training list were not learned from, as they could not be read."""
    lost = [clip for clip in split.train if clip not in trained_on.ids]
    if not lost:
        return ()
    return (
        f"{len(lost)} of {len(split.train)} training clips could not be read, and nothing was learned from them: "
        f"{few(lost)}.",
    )


def group_warnings(trained_on: TrainedOn, clips: pd.DataFrame, split: Split) -> tuple[str, ...]:
    """Return a sentence where test clips are linked to clips that were trained on; `clips` are all of the dataset."""
    keys = group_keys(clips).set_axis(clips["clip_id"])
    known = set(keys[keys.index.isin(list(trained_on.ids))])
    linked = [clip for clip in split.test if keys[clip] in known]
    if not linked:
        return ()
    groups = len({keys[clip] for clip in linked})
    return (
        f"{len(linked)} of {len(split.test)} test clips, of {groups} groups, share a source, group or file with clips "
        f"that were trained on, so the figures are not of unseen videos: {few(linked)}.",
    )
