"""Tables that cannot be divided, with all their problems at once."""

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem


def refuse_bad_table(dataset: Dataset, bonds: pd.Series, *, bond: str = "group") -> None:
    """Raise BadInput with every problem that keeps this table from being divided: `table_problems`."""
    problems = table_problems(dataset, bonds, bond=bond)
    if problems:
        raise BadInput(problems)


def table_problems(dataset: Dataset, bonds: pd.Series | None = None, *, bond: str = "group") -> list[Problem]:
    """Return problems: clip ids given twice, labels that are no class, classes without clips or with a single bond.

    bonds: key of the clips that must stay together, as their group's, by the index of `dataset.clips`. If the only
    bond of a class is in test, the class has no training clip; without bonds that is not checked.
    """
    # Class Squat in the groups a and b: a may be tested and b trained on. Class Kick in a alone: tested, it has no
    # training clip; trained on, no test clip; either way its figure means nothing.
    labels = dataset.clips["label"].astype(str)
    counts = {str(label): int(count) for label, count in labels.value_counts().items()}
    bonds_of = {} if bonds is None else bonds.groupby(labels).nunique().to_dict()
    problems = [*_twice(dataset), *_unlisted(dataset, counts)]
    for label in dataset.classes:
        if label not in counts:
            what = "is in the list of classes and has no clip."
            problems.append(Problem(f"class '{label}'", what, "Add clips, or leave the class out of the release."))
        elif bonds_of.get(label, 2) < 2:
            problems.append(undividable(label, counts[label], bond=bond))
    return problems


def undividable(label: str, clips: int, *, bond: str = "group") -> Problem:
    """Return the problem of a class whose clips must all stay together."""
    return Problem(
        f"class '{label}'",
        f"has {clips} clip{'' if clips == 1 else 's'} of one {bond}: with it in test, the class has no training clip.",
        f"Add sources of another {bond}, correct the column `group`, or leave the class out "
        "(`slateboard curate review --reject LABEL`).",
    )


def _twice(dataset: Dataset) -> list[Problem]:
    ids = dataset.clips["clip_id"]
    counts = ids[ids.duplicated(keep=False)].value_counts().sort_index()
    return [
        Problem(f"clip '{clip}'", f"is in {count} rows of the table.", "Keep one of them.")
        for clip, count in counts.items()
    ]


def _unlisted(dataset: Dataset, counts: dict[str, int]) -> list[Problem]:
    return [
        Problem(f"label '{label}'", f"of {counts[label]} clips is not among the classes.", "Release the clips again.")
        for label in sorted(counts.keys() - set(dataset.classes))
    ]
