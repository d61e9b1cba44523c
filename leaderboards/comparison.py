"""Compare two predictions of the same clips: paired differences of accuracy, over all and by class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leaderboards.metrics import NO_PREDICTION, Indices
from leaderboards.predictions import check, class_names
from leaderboards.score import difference
from leaderboards.videos import Videos, videos
from slateboard.records.base import Record
from slateboard.records.result import Difference
from slateboard.records.split import Split


class Comparison(Record):
    """One stream on the same clips twice; a clip that failed is wrong."""

    stream: str
    overall: Difference
    """The first accuracy less the second, per video; the interval is of paired draws of groups."""
    by_class: dict[str, Difference]
    """The same of the clips of each class that occurs, in the order of classInd."""
    of_pairs: Difference | None
    """The same of the clips whose class is in a motion pair; None where there is none."""
    n_flipped: int
    """Clips of a motion pair whose class was predicted first and whose partner second."""
    n_changed: int
    """Clips whose predicted class differs."""
    largest_change: float
    """Greatest difference of any probability of any clip, 0-1; a last digit where nothing that matters changed."""


def compare(
    one: pd.DataFrame,
    other: pd.DataFrame,
    clips: pd.DataFrame,
    split: Split,
    *,
    motion_pairs: Sequence[tuple[str, str]] = (),
) -> tuple[Comparison, ...]:
    """Return the first predictions against the second, stream by stream in alphabetical order.

    Both are as `score` takes them. Raises BadInput as it does.
    """
    for predictions in (one, other):
        check(predictions, clips, split, motion_pairs=motion_pairs)
    classes = class_names(clips)
    partner = {classes.index(a): classes.index(b) for pair in motion_pairs for a, b in (pair, pair[::-1])}
    found = []
    for stream in sorted(set(one["stream"]) & set(other["stream"])):
        sides = [
            videos(table[table["stream"] == stream], clips, split.test, classes=len(classes)) for table in (one, other)
        ]
        found.append(_comparison(str(stream), sides[0], sides[1], classes, partner=partner))
    return tuple(found)


def _comparison(
    stream: str, one: Videos, other: Videos, classes: Sequence[str], *, partner: dict[int, int]
) -> Comparison:
    names = np.asarray(one.groups, dtype=str)

    def of(places: Indices) -> Difference:
        groups = names[places].tolist()
        return difference(one.right[places], other.right[places], groups, groups)

    truth = one.truth
    paired = np.flatnonzero(np.isin(truth, list(partner)))
    partners = np.array([partner.get(label, NO_PREDICTION) for label in range(len(classes))])[truth]
    flipped = one.right & (other.predicted == partners) & np.isin(truth, list(partner))
    both = one.read & other.read
    change = np.abs(one.probabilities[both] - other.probabilities[both])
    return Comparison(
        stream=stream,
        overall=of(np.arange(len(truth))),
        by_class={classes[label]: of(np.flatnonzero(truth == label)) for label in np.unique(truth).tolist()},
        of_pairs=of(paired) if len(paired) else None,
        n_flipped=int(flipped.sum()),
        n_changed=int((one.predicted != other.predicted).sum()),
        largest_change=float(change.max(initial=0.0)),
    )
