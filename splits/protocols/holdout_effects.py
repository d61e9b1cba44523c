"""Train on clips without effects and test on those with them, and the reverse: what captions do to a model."""

from collections.abc import Mapping

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.balance.balance import divide_groups
from splits.groups import group_keys
from splits.parts import clips_where, few, split_of
from splits.tables import table_problems

CARD = Card(
    title="Effects held out",
    source="slateboard; SEAGS_V1 has clips with and without image effects: MEI paper (Informatica 2023), section 4.1.2",
    parameters={"test_share": Parameter(0.3, "share", "of groups that have both kinds of clips, put on the test side")},
)

_TESTED = {1: "true", 2: "false"}
"""Number of the split -> has_effects of its test."""


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return split 1, tested on clips with effects, and split 2, tested on those without.

    A group with clips of both kinds is put on one side whole: there its clips of the other kind are unused, as are
    all whose effects are unknown; the report counts them. Raises BadInput that names every class without groups of
    either kind in a split.
    """
    share = parameters["test_share"]
    if not 0 < share < 1:
        raise BadInput([Problem("test_share", f"is {share}.", "Give a share between 0 and 1, as 0.3.")])
    keys = group_keys(dataset.clips)
    is_decided = dataset.clips["has_effects"].isin(list(_TESTED.values()))
    problems = [*table_problems(dataset, keys.where(is_decided)), *_one_kind(dataset)]
    if problems:
        raise BadInput(problems)
    return [_split(dataset, keys, parameters, seed, number) for number in _TESTED]


def _one_kind(dataset: Dataset) -> list[Problem]:
    """Name the classes that lack clips with effects, or without."""
    effects = dataset.clips["has_effects"].groupby(dataset.clips["label"]).unique().map(set)
    kinds = {"true": "with", "false": "without"}
    return [
        Problem(
            f"class '{label}'",
            f"has no clip that is known to be {kind} effects, so one of the two splits cannot train or test on it.",
            "Confirm the effects of its clips (`slateboard curate label`), or leave the class out.",
        )
        for label in effects.index
        for value, kind in kinds.items()
        if value not in effects[label]
    ]


def _split(dataset: Dataset, keys: pd.Series, parameters: Parameters, seed: int, number: int) -> Split:
    clips = dataset.clips
    tested = _TESTED[number]
    is_decided = clips["has_effects"].isin(list(_TESTED.values()))
    kinds = clips["has_effects"][is_decided].groupby(keys[is_decided]).unique()
    # Groups of one kind can only be on its side.
    held = {str(key): 0 if kind[0] == tested else 1 for key, kind in kinds.items() if len(kind) == 1}
    share = parameters["test_share"]
    division = divide_groups(clips[is_decided], keys[is_decided], shares=(share, 1 - share), seed=seed, held=held)
    on_test_side = keys.map(division.subset_of).eq(0)
    # Split 1 tests clips with effects. Of a mixed group on the test side its clips with effects are tested and those
    # without are unused; on the train side it is the reverse.
    test = is_decided & on_test_side & clips["has_effects"].eq(tested)
    train = is_decided & ~on_test_side & clips["has_effects"].ne(tested)
    _refuse_missing(clips["label"], {"train": train, "test": test}, number)
    between = is_decided & ~test & ~train
    return split_of(
        dataset,
        protocol="holdout_effects",
        number=number,
        parameters=parameters,
        seed=seed,
        test=clips_where(clips, test),
        unused=clips_where(clips, ~test & ~train),
        report=_report(clips, keys, between, ~is_decided),
        keys=keys,
    )


def _refuse_missing(labels: pd.Series, masks: Mapping[str, pd.Series], number: int) -> None:
    problems = [
        Problem(
            f"class '{label}'",
            f"has no clip in {subset} of split {number}: its groups hold clips with and without effects.",
            "Add sources of another group, or leave the class out.",
        )
        for subset, rows in masks.items()
        for label in sorted(set(labels) - set(labels[rows]))
    ]
    if problems:
        raise BadInput(problems)


def _report(clips: pd.DataFrame, keys: pd.Series, between: pd.Series, unknown: pd.Series) -> list[str]:
    groups = sorted(keys[between].unique())
    sentences = [
        (
            between,
            f"{between.sum()} of {len(clips)} clips are unused, as their groups ({len(groups)}) lie on the other side "
            f"with clips of the other kind: {few(groups)}.",
        ),
        (unknown, f"{unknown.sum()} of {len(clips)} clips are unused, as their effects are unknown."),
    ]
    return [sentence for rows, sentence in sentences if rows.any()]
