"""Compare two predictions of the same clips: paired differences of accuracy, over all and by class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leaderboards.clip_predictions import ClipPredictions, clip_predictions
from leaderboards.metrics import NO_PREDICTION, Indices
from leaderboards.predictions import check_predictions, class_names
from leaderboards.score import difference
from slateboard.records.base import Record
from slateboard.records.result import Difference
from slateboard.records.split import Split


class Comparison(Record):
    """Two predictions of one stream on the same clips; a clip that failed counts as wrong."""

    stream: str
    overall: Difference
    """Accuracy of the predictions less that of the reference, per video; paired bootstrap over groups."""
    by_class: dict[str, Difference]
    """The same of the clips of each class that occurs, in the order of classInd."""
    of_pairs: Difference | None
    """The same of the clips whose class is in a motion pair; None where there is none."""
    n_flipped: int
    """Clips of a motion pair that the predictions have right, and that the reference takes for the partner class."""
    n_changed: int
    """Clips whose predicted class differs."""
    largest_change: float
    """Greatest difference of any probability of any clip, 0-1; a last digit where nothing that matters changed."""


def compare(
    predictions: pd.DataFrame,
    reference: pd.DataFrame,
    clips: pd.DataFrame,
    split: Split,
    *,
    motion_pairs: Sequence[tuple[str, str]] = (),
) -> tuple[Comparison, ...]:
    """Return the comparison of predictions with a reference, for each stream of both in alphabetical order.

    Both tables are as `score` takes them, and BadInput is raised as there.
    """
    for table in (predictions, reference):
        check_predictions(table, clips, split, motion_pairs=motion_pairs)
    classes = class_names(clips)
    partner = {classes.index(a): classes.index(b) for pair in motion_pairs for a, b in (pair, pair[::-1])}
    comparisons = []
    for stream in sorted(set(predictions["stream"]) & set(reference["stream"])):
        pair = [
            clip_predictions(table[table["stream"] == stream], clips, split.test, classes=len(classes))
            for table in (predictions, reference)
        ]
        comparisons.append(_comparison(str(stream), pair[0], pair[1], classes, partner=partner))
    return tuple(comparisons)


def _comparison(
    stream: str, tested: ClipPredictions, reference: ClipPredictions, classes: Sequence[str], *, partner: dict[int, int]
) -> Comparison:
    names = np.asarray(tested.groups, dtype=str)

    def difference_at(places: Indices) -> Difference:
        groups = names[places].tolist()
        return difference(tested.right[places], reference.right[places], groups, groups)

    truth = tested.truth
    paired = np.flatnonzero(np.isin(truth, list(partner)))
    # partners[i] is the partner of clip i's true class, NO_PREDICTION where it has none.
    partners = np.array([partner.get(label, NO_PREDICTION) for label in range(len(classes))])[truth]
    # Flipped: here the right class, there its partner; open predicted as open, then as close.
    flipped = tested.right & (reference.predicted == partners) & np.isin(truth, list(partner))
    read_in_both = tested.read & reference.read
    # Compared where both have a picture to compare: a clip that failed on one side has NaN there.
    change = np.abs(tested.probabilities[read_in_both] - reference.probabilities[read_in_both])
    return Comparison(
        stream=stream,
        overall=difference_at(np.arange(len(truth))),
        by_class={classes[label]: difference_at(np.flatnonzero(truth == label)) for label in np.unique(truth).tolist()},
        of_pairs=difference_at(paired) if len(paired) else None,
        n_flipped=int(flipped.sum()),
        n_changed=int((tested.predicted != reference.predicted).sum()),
        largest_change=float(change.max(initial=0.0)),
    )
