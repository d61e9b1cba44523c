"""Clips at random within each class, groups not kept whole: unsafe, only to measure what such a split would claim."""

import numpy as np

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.parts import split_of
from splits.tables import refuse_bad_table

CARD = Card(
    title="Random clips (unsafe)",
    source="scikit-learn's train_test_split with `stratify`, as repositories use it; slateboard marks it unsafe",
    parameters={
        "test_share": Parameter(0.3, "share", "of each class's clips that is for testing"),
        "splits": Parameter(1, "-", "how many splits, drawn independently"),
    },
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return splits whose `safe` is always False: a result on them is not one on unseen videos.

    Each class gives the nearest whole number of clips, at least one and not all. Raises BadInput that names every
    class of fewer than two clips.
    """
    share, count = parameters["test_share"], parameters["splits"]
    if not 0 < share < 1:
        raise BadInput([Problem("test_share", f"is {share}.", "Give a share between 0 and 1, as 0.3.")])
    if count < 1:
        raise BadInput([Problem("splits", f"is {count}.", "Ask for at least 1 split.")])
    refuse_bad_table(dataset, dataset.clips["clip_id"], bond="clip")
    members = dataset.clips.groupby("label")["clip_id"].agg(sorted).sort_index()
    splits = []
    for number in range(1, count + 1):
        random = np.random.default_rng([seed, number])
        test: set[str] = set()
        for clips in members:
            # 25 clips, share 0.3: round(7.5) = 8, to even; 2 clips, share 0.1: at least 1, so one on either side.
            size = min(max(round(share * len(clips)), 1), len(clips) - 1)
            test.update(random.choice(np.array(clips, dtype=object), size, replace=False))
        split = split_of(
            dataset,
            protocol="random",
            number=number,
            parameters=parameters,
            seed=seed,
            test=test,
            report=("Groups are not kept whole: clips of one video may be in train and in test.",),
        )
        splits.append(split.model_copy(update={"safe": False}))
    return splits
