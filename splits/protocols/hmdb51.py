"""Three 70/30 splits as HMDB51's: at most 70 clips of a class for training and 30 for testing, the rest unused."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter
from splits.extension import Held
from splits.parts import among, clips_where, few, split_of
from splits.rotation import Rotation, rotation

CARD = Card(
    title="HMDB51's three splits",
    source="Kuehne et al., HMDB, ICCV 2011, section 2.3 (70 and 30 clips, no video on both sides)",
    parameters={
        "train_clips": Parameter(70, "clips", "most of each class for training"),
        "test_clips": Parameter(30, "clips", "most of each class for testing; also its share: 30 of 70 + 30"),
        "splits": Parameter(3, "-", "how many splits; their tests share no group"),
    },
)


def divide(dataset: Dataset, parameters: Mapping[str, Any], *, seed: int) -> list[Split]:
    """Return the splits; raises BadInput that names every class of fewer than two groups.

    Whole groups are put on either side, 70/30. Of a side that holds more than its clips, one of each group is taken
    in turn; the others are unused in that split, which its report counts.
    """
    return extend(dataset, parameters, seed=seed, held=None)


def extend(dataset: Dataset, parameters: Mapping[str, Any], *, seed: int, held: Held | None) -> list[Split]:
    """Return the splits in which groups keep their side, and clips that were used are taken before others."""
    train, test, count = (parameters[name] for name in ("train_clips", "test_clips", "splits"))
    if min(train, test, count) < 1 or test * count > train + test:
        what = f"{count} splits with {test} of {train + test} clips in test each."
        raise BadInput([Problem("train_clips, test_clips, splits", what, "The tests must fit into all clips.")])
    tests = (test / (train + test),) * count
    found = rotation(dataset, protocol="hmdb51", seed=seed, tests=tests, held=held)
    return [
        _split(dataset, found, parameters, seed=seed, number=at + 1, before=held.splits[at] if held else None)
        for at in range(count)
    ]


def _split(
    dataset: Dataset, found: Rotation, parameters: Mapping[str, Any], *, seed: int, number: int, before: Split | None
) -> Split:
    clips = dataset.clips
    random = np.random.default_rng([seed, number])
    kept, report = {}, []
    for part in ("train", "test"):
        side = found.part.eq(number - 1) if part == "test" else found.part.ne(number - 1)
        most = parameters[f"{part}_clips"]
        used: Collection[str] = getattr(before, part) if before else ()
        kept[part] = _taken(clips[side], found.keys[side], most, random, used)
        if left := int(side.sum()) - len(kept[part]):
            report.append(f"{left} of {len(clips)} clips are unused: beyond {most} of their class in {part}.")
    report += _short(clips, kept, parameters)
    unused = frozenset(clips["clip_id"].to_numpy(dtype=object)) - kept["train"] - kept["test"]
    return split_of(
        dataset,
        protocol="hmdb51",
        number=number,
        parameters=parameters,
        seed=seed,
        test=kept["test"],
        unused=unused,
        report=(*found.held_report, *report),
        keys=found.keys,
    )


def _short(clips: pd.DataFrame, kept: Mapping[str, frozenset[str]], parameters: Mapping[str, Any]) -> list[str]:
    """Name the classes that got fewer clips than their size would allow, as groups stay whole."""
    sizes = clips["label"].value_counts().sort_index()
    whole = parameters["train_clips"] + parameters["test_clips"]
    sentences = []
    for part, ids in kept.items():
        most = parameters[f"{part}_clips"]
        got = (
            clips["label"][among(clips["clip_id"].to_numpy(dtype=object), ids)]
            .value_counts()
            .reindex(sizes.index, fill_value=0)
        )
        wanted = (sizes * most // whole).clip(upper=most)
        short = [f"{label} {got[label]} of {wanted[label]}" for label in sizes.index if got[label] < wanted[label]]
        if short:
            sentences.append(
                f"{len(short)} of {len(sizes)} classes have fewer clips in {part} than their share, as groups stay "
                f"whole: {few(short)}."
            )
    return sentences


def _taken(
    clips: pd.DataFrame, keys: pd.Series, most: int, random: np.random.Generator, before: Collection[str]
) -> frozenset[str]:
    """Return up to `most` clips of each class: those of before first, then one of each group in turn, by chance."""
    table = pd.DataFrame({"clip_id": clips["clip_id"], "label": clips["label"], "key": keys}).sort_values("clip_id")
    table["new"] = ~among(table["clip_id"].to_numpy(dtype=object), before)
    table["chance"] = random.random(len(table))
    table = table.sort_values(["label", "new", "chance"])
    table["turn"] = table.groupby(["label", "key"]).cumcount()
    table = table.sort_values(["label", "new", "turn", "chance"])
    return clips_where(table, table.groupby("label").cumcount() < most)
