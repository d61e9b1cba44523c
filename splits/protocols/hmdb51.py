"""Three 70/30 splits as HMDB51's: at most 70 clips of a class for training and 30 for testing, the rest unused."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.extension import FixedGroups
from splits.parts import among, clips_where, few, split_of
from splits.rotation import Rotation, rotate_groups

CARD = Card(
    title="HMDB51's three splits",
    source="Kuehne et al., HMDB, ICCV 2011, section 2.3 (70 and 30 clips, no video on both sides)",
    parameters={
        "train_clips": Parameter(70, "clips", "most of each class for training"),
        "test_clips": Parameter(30, "clips", "most of each class for testing; also its share: 30 of 70 + 30"),
        "splits": Parameter(3, "-", "how many splits; their tests share no group"),
    },
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return the splits; raises BadInput that names every class of fewer than two groups.

    Whole groups are put on either side, 70/30. Of a side that holds more than its clips, one of each group is taken
    in turn; the others are unused in that split, which its report counts.
    """
    return extend(dataset, parameters, seed=seed, held=None)


def extend(dataset: Dataset, parameters: Parameters, *, seed: int, held: FixedGroups | None) -> list[Split]:
    """Return the splits in which groups keep their side, and clips that were used are taken before others."""
    train, test, count = (parameters[name] for name in ("train_clips", "test_clips", "splits"))
    if min(train, test, count) < 1 or test * count > train + test:
        what = f"{count} splits with {test} of {train + test} clips in test each."
        raise BadInput([Problem("train_clips, test_clips, splits", what, "The tests must fit into all clips.")])
    # 30 of 70 + 30, three splits: shares 0.3, 0.3, 0.3 and 0.1 that no split tests.
    tests = (test / (train + test),) * count
    rotation = rotate_groups(dataset, protocol="hmdb51", seed=seed, tests=tests, held=held)
    return [
        _split(dataset, rotation, parameters, seed=seed, number=at + 1, before=held.splits[at] if held else None)
        for at in range(count)
    ]


def _split(
    dataset: Dataset, rotation: Rotation, parameters: Parameters, *, seed: int, number: int, before: Split | None
) -> Split:
    clips = dataset.clips
    random = np.random.default_rng([seed, number])
    selected, report = {}, []
    for subset in ("train", "test"):
        side = rotation.fold.eq(number - 1) if subset == "test" else rotation.fold.ne(number - 1)
        most = parameters[f"{subset}_clips"]
        used: Collection[str] = getattr(before, subset) if before else ()
        selected[subset] = _select(clips[side], rotation.keys[side], most, random, used)
        if unselected := int(side.sum()) - len(selected[subset]):
            report.append(f"{unselected} of {len(clips)} clips are unused: beyond {most} of their class in {subset}.")
    report += _describe_short(clips, selected, parameters)
    unused = frozenset(clips["clip_id"].to_numpy(dtype=object)) - selected["train"] - selected["test"]
    return split_of(
        dataset,
        protocol="hmdb51",
        number=number,
        parameters=parameters,
        seed=seed,
        test=selected["test"],
        unused=unused,
        report=(*rotation.held_report, *report),
        keys=rotation.keys,
    )


def _describe_short(clips: pd.DataFrame, selected: Mapping[str, frozenset[str]], parameters: Parameters) -> list[str]:
    """Name the classes that got fewer clips than their size would allow, as groups stay whole."""
    sizes = clips["label"].value_counts().sort_index()
    total = parameters["train_clips"] + parameters["test_clips"]
    sentences = []
    for subset, ids in selected.items():
        most = parameters[f"{subset}_clips"]
        counts = (
            clips["label"][among(clips["clip_id"].to_numpy(dtype=object), ids)]
            .value_counts()
            .reindex(sizes.index, fill_value=0)
        )
        # A class of 50 clips, 70 + 30 asked for: 50 * 30 // 100 = 15 in test; one of 200 clips: 60, so 30.
        targets = (sizes * most // total).clip(upper=most)
        short = [
            f"{label} {counts[label]} of {targets[label]}" for label in sizes.index if counts[label] < targets[label]
        ]
        if short:
            sentences.append(
                f"{len(short)} of {len(sizes)} classes have fewer clips in {subset} than their share, as groups stay "
                f"whole: {few(short)}."
            )
    return sentences


def _select(
    clips: pd.DataFrame, keys: pd.Series, most: int, random: np.random.Generator, before: Collection[str]
) -> frozenset[str]:
    """Return up to `most` clips of each class: those in `before` first, then one of each group in turn, by chance."""
    table = pd.DataFrame({"clip_id": clips["clip_id"], "label": clips["label"], "key": keys}).sort_values("clip_id")
    table["new"] = ~among(table["clip_id"].to_numpy(dtype=object), before)
    table["chance"] = random.random(len(table))
    table = table.sort_values(["label", "new", "chance"])
    # Turn 0 has one clip of each group of the class, turn 1 a second one, ...
    table["turn"] = table.groupby(["label", "key"]).cumcount()
    table = table.sort_values(["label", "new", "turn", "chance"])
    return clips_where(table, table.groupby("label").cumcount() < most)
