"""One fold per group, tested on it and trained on the others: leave-one-person-out, as for Weizmann."""

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameters
from splits.groups import group_keys
from splits.parts import clips_where, few, split_of
from splits.tables import table_problems

CARD = Card(
    title="Leave one group out",
    source="Gorelick et al., Actions as Space-Time Shapes, TPAMI 2007 (there: leave one person out)",
)


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return a split per value of the column `group`, in alphabetical order.

    Groups that share a source or a file make one fold, and its report says so. `left_out` among the
    parameters of a split names the group. Raises BadInput where clips have no group or there is only one, or the
    table is bad.
    """
    clips = dataset.clips
    _refuse(dataset)
    keys = group_keys(clips)
    # Component -> the groups in it, usually one. Two groups that share a file are one fold: left out apart, the file
    # would be in train and in test.
    members = clips["group"].groupby(keys).unique().map(sorted)
    folds = sorted((groups, key) for key, groups in members.items())
    return [
        split_of(
            dataset,
            protocol="leave_one_group_out",
            number=number,
            parameters={**parameters, "left_out": " + ".join(groups)},
            seed=seed,
            test=clips_where(clips, keys == key),
            report=_joined(groups),
            keys=keys,
        )
        for number, (groups, key) in enumerate(folds, start=1)
    ]


def _refuse(dataset: Dataset) -> None:
    clips = dataset.clips
    blank = clips["clip_id"][clips["group"].fillna("").str.strip() == ""]
    problems = table_problems(dataset)
    if len(blank):
        what = f"{len(blank)} of {len(clips)} clips have no group: {few(list(blank))}."
        problems.append(Problem(dataset.key, what, "Fill that column of sources.csv and release again."))
    elif group_keys(clips).nunique() < 2:
        problems.append(Problem(dataset.key, "has a single group.", "Leaving it out leaves nothing: add another."))
    if problems:
        raise BadInput(problems)


def _joined(groups: list[str]) -> tuple[str, ...]:
    if len(groups) == 1:
        return ()
    return (f"{len(groups)} groups share a source or a file and are left out together: {few(groups)}.",)
