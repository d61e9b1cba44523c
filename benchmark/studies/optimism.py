"""What a leaking split would have claimed: the same baseline on random and on grouped splits, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.baseline import FUSED
from benchmark.running.runs import Outcome, run
from leaderboards.predictions import read_predictions
from leaderboards.score import score
from leaderboards.statistics import DRAWS
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.paths import inside
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.division import PROTOCOLS, divide
from splits.folder import existing, find_split
from splits.groups import group_keys

FOLDER = "optimism"
"""In a workspace, beside runs/, where the board looks: a figure of a leaking split must not get onto it."""
UNSAFE = "random"
"""Protocol of the leaking splits."""
METHOD = (
    "difference of pooled accuracies; 95 % percentile interval over draws of whole groups with replacement, the same "
    "draw for both (paired cluster bootstrap: Field and Welsh 2007; Miller 2024, arXiv 2411.00640)"
)
_BLOCK = 4_000_000
"""Numbers held at once while groups are drawn: 32 MB."""


@dataclass(frozen=True)
class Pair:
    """A grouped split, and a random one of the same clips with its share for testing, to a clip of each class."""

    grouped: Split
    random: Split
    seed: int
    """Of the training on both."""
    is_written: bool
    """The grouped split lies in the release or the workspace, so its runs are ordinary ones."""


@dataclass(frozen=True)
class Inflation:
    """By how much random splits flatter a baseline."""

    random: float
    """Accuracy per clip, 0-1, pooled over the random splits."""
    grouped: float
    """The same over the grouped splits."""
    low: float
    """Lower end of the 95 % interval of random minus grouped."""
    high: float
    groups: int
    """Groups that were tested on either side: what is drawn with replacement."""
    draws: int
    """Draws that held test clips of both sides; others say nothing and are left out."""

    @property
    def difference(self) -> float:
        """Random minus grouped, 0-1."""
        return self.random - self.grouped


def pairs(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int | None, seeds: int) -> list[Pair]:
    """Return the splits to compare, `seeds` times those of the protocol (or its split `number`).

    The first time they are those that were made, where there are any; then, and where there are none, they are
    divided by the protocol's own code with the next seed, as one division tests few of the groups. Protocols that
    have no chance in them give the same lists each time, with another seed of training.
    """
    written = _written(workspace, dataset, protocol=protocol, number=number)
    settings = workspace.settings
    base = written or _chosen(divide(dataset, protocol=protocol, settings=settings.split), number)
    found = []
    for repeat in range(seeds):
        grouped = base if repeat == 0 else _divided_again(dataset, base, repeat)
        for position, split in enumerate(grouped):
            chance = settings.split.seed + repeat * len(grouped) + position
            random = _random_like(workspace, dataset, split, seed=chance)
            is_written = bool(written) and (split.train, split.test) == (base[position].train, base[position].test)
            found.append(Pair(split, random, settings.train.seed + repeat, is_written))
    return found


def _written(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int | None) -> list[Split]:
    known = [key.rpartition("-") for key in existing(workspace, dataset)]
    numbers = sorted(int(last) for name, _, last in known if name == protocol and number in (None, int(last)))
    return [find_split(workspace, dataset, protocol=protocol, number=one) for one in numbers]


def _chosen(splits: Sequence[Split], number: int | None) -> list[Split]:
    chosen = [split for split in splits if number in (None, split.number)]
    if not chosen:
        numbers = ", ".join(str(split.number) for split in splits)
        raise SlateboardError(f"There is no split {number} of {splits[0].protocol}. Its splits are: {numbers}.")
    return chosen


def _divided_again(dataset: Dataset, base: Sequence[Split], repeat: int) -> list[Split]:
    """Return splits of the same numbers and parameters, divided with the seed `repeat` further."""
    module = PROTOCOLS.load(base[0].protocol.partition("-")[0])
    given = {name: value for name, value in base[0].parameters.items() if name in module.CARD.parameters}
    settled = module.CARD.settle(given, where=f"protocol {base[0].protocol}")
    by_number = {split.number: split for split in module.divide(dataset, settled, seed=base[0].seed + repeat)}
    return [by_number[split.number] for split in base]


def _random_like(workspace: Workspace, dataset: Dataset, split: Split, *, seed: int) -> Split:
    """Return a random split of the clips that a split uses, with its share for testing."""
    used = dataset.clips[dataset.clips["clip_id"].isin([*split.train, *split.test])].reset_index(drop=True)
    share = len(split.test) / len(used)
    settings = workspace.settings.split
    given = {"test_share": share}
    return divide(replace(dataset, clips=used), protocol=UNSAFE, settings=settings, overrides=given, seed=seed)[0]


def measure(workspace: Workspace, dataset: Dataset, baseline: str, compared: Sequence[Pair]) -> dict[str, Any]:
    """Run a baseline on all pairs and return what the JSON says; runs that are done are not done again."""
    keys = group_keys(dataset.clips).set_axis(dataset.clips["clip_id"])
    apart = workspace.root / FOLDER
    tallies: dict[int, list[pd.DataFrame]] = {}
    folders = []
    for pair in compared:
        homes = (apart, None if pair.is_written else apart)
        for split, home in zip((pair.random, pair.grouped), homes, strict=True):
            outcome = run(workspace, dataset, split, baseline, seed=pair.seed, runs=home)
            tallies.setdefault(pair.seed, []).append(tally(outcome, dataset, split, keys))
            folders.append(outcome.folder.relative_to(workspace.root).as_posix())
    every = [table for tables in tallies.values() for table in tables]
    found = inflation(_pooled(every[::2]), _pooled(every[1::2]))
    by_seed = {
        seed: _accuracy(_pooled(tables[::2])) - _accuracy(_pooled(tables[1::2])) for seed, tables in tallies.items()
    }
    return {
        "schema": 1,
        "dataset": dataset.key,
        "dataset_sha256": dataset.sha256,
        "baseline": baseline,
        "protocol": compared[0].grouped.protocol,
        "splits": sorted({pair.grouped.number for pair in compared}),
        "seeds": sorted(tallies),
        "random": {"accuracy": found.random, "tests": int(_pooled(every[::2])["clips"].sum())},
        "grouped": {"accuracy": found.grouped, "tests": int(_pooled(every[1::2])["clips"].sum())},
        "inflation": {"difference": found.difference, "low": found.low, "high": found.high},
        "inflation_by_seed": {str(seed): value for seed, value in by_seed.items()},
        "groups": found.groups,
        "draws": found.draws,
        "method": METHOD,
        "runs": folders,
    }


def tally(outcome: Outcome, dataset: Dataset, split: Split, keys: pd.Series) -> pd.DataFrame:
    """Return `right` and `clips` of each group (index, sorted) that a run tested, by its stream that counts.

    `keys` is the group of each clip by clip_id. Every group is scored by leaderboards.score, as nothing else says
    what is right.
    """
    streams = [one.stream for one in outcome.result.scores]
    predictions = read_predictions(outcome.folder)
    predictions = predictions[predictions["stream"] == (FUSED if FUSED in streams else streams[0])]
    group = predictions["clip_id"].map(keys)
    rows = []
    for key, own in predictions.groupby(group.to_numpy(), sort=True):
        clips = tuple(own["clip_id"].unique())
        (found,) = score(own, dataset.clips, split.model_copy(update={"test": clips}))
        rows.append({"group": str(key), "right": round(found.video_accuracy * len(clips)), "clips": len(clips)})
    return pd.DataFrame(rows).set_index("group")


def inflation(random: pd.DataFrame, grouped: pd.DataFrame, *, seed: int = 0, draws: int = DRAWS) -> Inflation:
    """Return the difference of two accuracies with its interval; `right` and `clips` by group on either side.

    Groups are drawn, not clips: clips of one video are right or wrong together, and several seeds test the same
    clips again, so that clips times seeds would give far too narrow an interval. Not seeds either: three say nothing
    of a 2.5 % tail. A group keeps its clips of both sides, as one that is hard is hard on both. What the interval
    leaves out is the chance of training, which the differences by seed show. Fewer than two groups: (-1, 1).
    """
    groups = sorted({*random.index, *grouped.index})
    table = np.column_stack(
        [side[column].reindex(groups, fill_value=0) for side in (random, grouped) for column in ("right", "clips")]
    ).astype(np.float64)
    whole = _accuracy(random), _accuracy(grouped)
    if len(groups) < 2:
        return Inflation(*whole, low=-1.0, high=1.0, groups=len(groups), draws=0)
    differences = _drawn(table, seed=seed, draws=draws)
    low, high = np.quantile(differences, [0.025, 0.975])
    return Inflation(*whole, low=float(low), high=float(high), groups=len(groups), draws=len(differences))


def _drawn(table: NDArray[np.float64], *, seed: int, draws: int) -> NDArray[np.float64]:
    """Return the difference in each draw of groups, table: [group, (right, clips) of random and of grouped]."""
    chance, n = np.random.default_rng(seed), len(table)
    at_once = max(1, _BLOCK // n)
    found = []
    for first in range(0, draws, at_once):
        times = chance.multinomial(n, np.full(n, 1 / n), size=min(at_once, draws - first))
        sums = times @ table
        sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
        found.append(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])
    return np.concatenate(found)


def _pooled(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables).groupby(level=0).sum()


def _accuracy(table: pd.DataFrame) -> float:
    return float(table["right"].sum() / table["clips"].sum())


def path_of(workspace: Workspace, found: dict[str, Any], *, number: int | None) -> Path:
    """Return where the JSON of one baseline lies: optimism/<dataset>/<protocol>[-<number>]/<baseline>.json."""
    folder = found["protocol"] if number is None else f"{found['protocol']}-{number}"
    return inside(workspace.root / FOLDER, f"{found['dataset']}/{folder}/{found['baseline']}.json")
