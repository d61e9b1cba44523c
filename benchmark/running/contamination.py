"""Contamination: test clips that influenced the weights, or are linked to clips that did."""

import pandas as pd

from slateboard.errors import Finding
from slateboard.records.split import Split
from slateboard.records.trained_on import TrainedOn
from splits.groups import group_keys
from splits.parts import few


class ContaminatedTestSet(Finding):
    """Clips of the test list influenced the weights that were to be tested on it."""


def check_contamination(trained_on: TrainedOn, split: Split, *, where: str) -> None:
    """Raise ContaminatedTestSet, which names the test clips that were trained or validated on.

    `where` is the run's folder. A checkpoint of split 1 that is tested on split 2 scores 99.6 rather than 65.9
    (hbilen/dynamic-image-nets, issue 9).
    """
    tested = [clip for clip in split.test if clip in trained_on.ids]
    if tested:
        raise ContaminatedTestSet(
            f"{where}: {len(tested)} of {len(split.test)} test clips of {split.key} were trained or validated on: "
            f"{few(tested)}. The checkpoint is of another split: remove this folder and run again."
        )


def training_warnings(trained_on: TrainedOn, split: Split) -> tuple[str, ...]:
    """Return a warning where clips of the training list were not trained on because they could not be read."""
    unread = [clip for clip in split.train if clip not in trained_on.ids]
    if not unread:
        return ()
    return (
        f"{len(unread)} of {len(split.train)} training clips could not be read, and nothing was learned from them: "
        f"{few(unread)}.",
    )


def group_warnings(trained_on: TrainedOn, clips: pd.DataFrame, split: Split) -> tuple[str, ...]:
    """Return a warning where test clips are linked to clips that were trained on; `clips` is the dataset's table."""
    # A group is all that is linked by source, group or file, directly or through other clips: A and B of one source, B
    # and C one file -> A, B and C are one group, though A and C share nothing.
    keys = group_keys(clips).set_axis(clips["clip_id"])
    trained_groups = set(keys[keys.index.isin(list(trained_on.ids))])
    linked = [clip for clip in split.test if keys[clip] in trained_groups]
    if not linked:
        return ()
    groups = len({keys[clip] for clip in linked})
    return (
        f"{len(linked)} of {len(split.test)} test clips, of {groups} groups, share a source, group or file with clips "
        f"that were trained on, so the figures are not of unseen videos: {few(linked)}.",
    )
