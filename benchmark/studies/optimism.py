"""What a leaking split would have claimed: the same baseline on random and on grouped splits, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.baseline import FUSED
from benchmark.running.runs import FinishedRun, run
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
"""In a workspace, apart from runs/: the board reads that, and must not show a figure of a leaking split."""
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
    """A grouped split, and a random one of the same clips whose test share is the same to within a clip of a class."""

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
    """Groups that were tested in either kind of split: the units of the bootstrap."""
    draws: int
    """Draws with test clips of both kinds; those without have no difference and are left out."""

    @property
    def difference(self) -> float:
        """Random minus grouped, 0-1."""
        return self.random - self.grouped


class PooledAccuracy(TypedDict):
    """Accuracy over all splits of a kind."""

    accuracy: float
    """Per clip, 0-1."""
    tests: int
    """Tested clips; a clip counts once for each split that tests it."""


class InflationFigures(TypedDict):
    """An Inflation as it is written."""

    difference: float
    """Random minus grouped, 0-1."""
    low: float
    high: float


class Measurement(TypedDict):
    """The JSON of one baseline."""

    schema: int
    dataset: str
    """<name>-<version>."""
    dataset_sha256: str
    baseline: str
    protocol: str
    """Of the grouped splits."""
    splits: list[int]
    """Their numbers."""
    seeds: list[int]
    """Of the trainings."""
    random: PooledAccuracy
    grouped: PooledAccuracy
    inflation: InflationFigures
    inflation_by_seed: dict[str, float]
    """Random minus grouped of one seed."""
    groups: int
    draws: int
    method: str
    runs: list[str]
    """Folders in the workspace."""


def pairs(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int | None, seeds: int) -> list[Pair]:
    """Return the splits to compare, `seeds` times those of the protocol (or its split `number`).

    The first time they are the written ones, where there are any; after that, and where there are none, they are
    divided by the protocol's own code with the next seed, as one division tests few of the groups. Protocols without
    randomness give the same lists each time, with another seed of training.
    """
    written = _written_splits(workspace, dataset, protocol=protocol, number=number)
    settings = workspace.settings
    base = written or _with_number(divide(dataset, protocol=protocol, settings=settings.split), number)
    compared = []
    for repeat in range(seeds):
        grouped = base if repeat == 0 else _divide_again(dataset, base, repeat)
        for position, split in enumerate(grouped):
            # A seed for each pair: three folds and two repeats take 0, 1, 2 and 3, 4, 5 beyond that of the settings.
            seed = settings.split.seed + repeat * len(grouped) + position
            random = _random_like(workspace, dataset, split, seed=seed)
            is_written = bool(written) and (split.train, split.test) == (base[position].train, base[position].test)
            compared.append(Pair(split, random, settings.train.seed + repeat, is_written))
    return compared


def _written_splits(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int | None) -> list[Split]:
    keys = [key.rpartition("-") for key in existing(workspace, dataset)]
    numbers = sorted(int(last) for name, _, last in keys if name == protocol and number in (None, int(last)))
    return [find_split(workspace, dataset, protocol=protocol, number=at) for at in numbers]


def _with_number(splits: Sequence[Split], number: int | None) -> list[Split]:
    selected = [split for split in splits if number in (None, split.number)]
    if not selected:
        numbers = ", ".join(str(split.number) for split in splits)
        raise SlateboardError(f"There is no split {number} of {splits[0].protocol}. Its splits are: {numbers}.")
    return selected


def _divide_again(dataset: Dataset, base: Sequence[Split], repeat: int) -> list[Split]:
    """Return splits of the same numbers and parameters, divided with their seed plus `repeat`."""
    module = PROTOCOLS.load(base[0].protocol.partition("-")[0])
    stored = {name: value for name, value in base[0].parameters.items() if name in module.CARD.parameters}
    parameters = module.CARD.settle(stored, where=f"protocol {base[0].protocol}")
    by_number = {split.number: split for split in module.divide(dataset, parameters, seed=base[0].seed + repeat)}
    return [by_number[split.number] for split in base]


def _random_like(workspace: Workspace, dataset: Dataset, split: Split, *, seed: int) -> Split:
    """Return a random split of the clips that a split uses, with its test share."""
    used = dataset.clips[dataset.clips["clip_id"].isin([*split.train, *split.test])].reset_index(drop=True)
    settings = workspace.settings.split
    # 160 of 800 clips tested by the grouped split -> a random split that tests a fifth of the same 800, so that both
    # train on as many clips and only the groups differ.
    overrides = {"test_share": len(split.test) / len(used)}
    return divide(replace(dataset, clips=used), protocol=UNSAFE, settings=settings, overrides=overrides, seed=seed)[0]


def measure(workspace: Workspace, dataset: Dataset, baseline: str, compared: Sequence[Pair]) -> Measurement:
    """Run a baseline on all pairs and return the content of the JSON; finished runs are not repeated."""
    keys = group_keys(dataset.clips).set_axis(dataset.clips["clip_id"])
    own_runs = workspace.root / FOLDER
    tallies: dict[int, list[pd.DataFrame]] = {}
    folders = []
    for pair in compared:
        for split, runs in ((pair.random, own_runs), (pair.grouped, None if pair.is_written else own_runs)):
            outcome = run(workspace, dataset, split, baseline, seed=pair.seed, runs=runs)
            tallies.setdefault(pair.seed, []).append(tally(outcome, dataset, split, keys))
            folders.append(outcome.folder.relative_to(workspace.root).as_posix())
    # Tables alternate: random, grouped, random, grouped, ...
    tables = [table for of_seed in tallies.values() for table in of_seed]
    random, grouped = _pooled(tables[::2]), _pooled(tables[1::2])
    result = inflation(random, grouped)
    by_seed = {
        seed: _accuracy(_pooled(of_seed[::2])) - _accuracy(_pooled(of_seed[1::2])) for seed, of_seed in tallies.items()
    }
    return {
        "schema": 1,
        "dataset": dataset.key,
        "dataset_sha256": dataset.sha256,
        "baseline": baseline,
        "protocol": compared[0].grouped.protocol,
        "splits": sorted({pair.grouped.number for pair in compared}),
        "seeds": sorted(tallies),
        "random": {"accuracy": result.random, "tests": int(random["clips"].sum())},
        "grouped": {"accuracy": result.grouped, "tests": int(grouped["clips"].sum())},
        "inflation": {"difference": result.difference, "low": result.low, "high": result.high},
        "inflation_by_seed": {str(seed): difference for seed, difference in by_seed.items()},
        "groups": result.groups,
        "draws": result.draws,
        "method": METHOD,
        "runs": folders,
    }


def tally(outcome: FinishedRun, dataset: Dataset, split: Split, keys: pd.Series) -> pd.DataFrame:
    """Return `right` and `clips` of each group (index, sorted) that a run tested, by the fused or only stream.

    `keys` is the group of each clip by clip_id. Every group is scored by leaderboards.score, the only place that
    decides what is right.
    """
    streams = [stream_score.stream for stream_score in outcome.result.scores]
    predictions = read_predictions(outcome.folder)
    predictions = predictions[predictions["stream"] == (FUSED if FUSED in streams else streams[0])]
    group = predictions["clip_id"].map(keys)
    rows = []
    for key, of_group in predictions.groupby(group.to_numpy(), sort=True):
        clips = tuple(of_group["clip_id"].unique())
        (group_score,) = score(of_group, dataset.clips, split.model_copy(update={"test": clips}))
        # The score gives right / clips, a float: 1 / 49 * 49 = 0.9999999999999999 is 1 clip.
        rows.append({"group": str(key), "right": round(group_score.video_accuracy * len(clips)), "clips": len(clips)})
    return pd.DataFrame(rows).set_index("group")


def inflation(random: pd.DataFrame, grouped: pd.DataFrame, *, seed: int = 0, draws: int = DRAWS) -> Inflation:
    """Return the difference of two accuracies with its interval, from `right` and `clips` by group of either kind.

    Groups are drawn, not clips: clips of one video are right or wrong together, and several seeds test the same
    clips again, so that clips times seeds would give far too narrow an interval. Not seeds either: three say nothing
    about a 2.5 % tail. A group keeps its clips of both kinds, as one that is hard is hard in both. What the interval
    leaves out is the chance of training, which the differences by seed show. Fewer than two groups: (-1, 1).
    """
    # A group that only one kind of split tested has 0 right of 0 clips in the other: it is drawn with the rest and
    # moves the accuracy of its own kind alone.
    groups = sorted({*random.index, *grouped.index})
    table = np.column_stack(
        [side[column].reindex(groups, fill_value=0) for side in (random, grouped) for column in ("right", "clips")]
    ).astype(np.float64)
    accuracies = _accuracy(random), _accuracy(grouped)
    if len(groups) < 2:
        return Inflation(*accuracies, low=-1.0, high=1.0, groups=len(groups), draws=0)
    differences = _bootstrap(table, seed=seed, draws=draws)
    # Of 2,000 draws 50 lie below the lower end and 50 above the upper one.
    low, high = np.quantile(differences, [0.025, 0.975])
    return Inflation(*accuracies, low=float(low), high=float(high), groups=len(groups), draws=len(differences))


def _bootstrap(table: NDArray[np.float64], *, seed: int, draws: int) -> NDArray[np.float64]:
    """Return the difference in each draw of groups, table: [group, (right, clips) of random and of grouped]."""
    generator, n = np.random.default_rng(seed), len(table)
    block = max(1, _BLOCK // n)
    differences = []
    for start in range(0, draws, block):
        # Drawing n groups with replacement is one multinomial of n trials: times[d, g] is how often draw d has group g.
        # With it, sum over g of times[d, g] (right_g, clips_g) gives the pooled accuracies of the draw.
        times = generator.multinomial(n, np.full(n, 1 / n), size=min(block, draws - start))
        # Groups A, B, C drawn as A, C, A: times (2, 0, 1), sums 2 A + C. The same draw gives both accuracies, so that
        # what makes a group hard in both cancels in their difference.
        sums = times @ table
        sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
        differences.append(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])
    return np.concatenate(differences)


def _pooled(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables).groupby(level=0).sum()


def _accuracy(table: pd.DataFrame) -> float:
    return float(table["right"].sum() / table["clips"].sum())


def path_of(workspace: Workspace, measured: Measurement, *, number: int | None) -> Path:
    """Return the path of a baseline's JSON: optimism/<dataset>/<protocol>[-<number>]/<baseline>.json."""
    folder = measured["protocol"] if number is None else f"{measured['protocol']}-{number}"
    return inside(workspace.root / FOLDER, f"{measured['dataset']}/{folder}/{measured['baseline']}.json")
