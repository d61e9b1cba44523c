"""A dataset and a split made from official list files alone: what can be asked of them without a video."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.records.split import Split
from splits.listing.entries import LISTS, Entry, Listing

VERSION = "lists"
PROTOCOL = "fixed"

# Soomro et al. 2012: v_<Class>_g<group>_c<clip>. Kuehne et al. 2011: <title>_<class>_<visible parts>_<camera motion>_
# np<people>_<view>_<quality>_<number>; the title alone is the group, as one title may be in two classes. Kinetics:
# <YouTube id>_<start>_<end>.
_UCF101 = re.compile(r"(v_.+_g\d+)_c\d+")
_HMDB51 = re.compile(r"(.+)_[fuhl]_(?:cm|nm)_np\d+_(?:fr|ba|le|ri)_(?:goo|med|bad)_\d+")
_KINETICS = re.compile(r"(.{11})_\d{6}_\d{6}")


def read_lists(folder: Path, *, form: str | None = None) -> Listing:
    """Read list files in the form that is named, or in the only form that the folder has any of.

    Raises BadInput where no form or several fit, and for what is wrong inside the lists.
    """
    if form is not None:
        return LISTS.load(form).read(folder)
    read: dict[str, Listing] = {}
    problems: dict[str, BadInput] = {}
    for name in LISTS.names():
        try:
            read[name] = LISTS.load(name).read(folder)
        except BadInput as error:
            problems[name] = error
    if len(read) == 1:
        return next(iter(read.values()))
    if read:
        what = f"holds lists of several forms: {', '.join(read)}."
        raise BadInput([Problem(str(folder), what, "Name one with --form.")])
    # A file of a form with faults in it says more than the folders that hold no such form.
    faulty = [problem for error in problems.values() for problem in error.problems if problem.where != str(folder)]
    nothing = Problem(
        str(folder), "is neither a release (no SHA256SUMS) nor a folder of lists.", did_you_mean("", LISTS.names())
    )
    raise BadInput(faulty or [nothing])


def dataset_of_lists(folder: Path, listing: Listing) -> Dataset:
    """Return a table of all clips that any list names: id (file name without ending), label, group.

    What lists do not tell is blank or zero: addresses, hashes, fingerprints, times.
    """
    labels = sorted({entry.label for entry in listing.entries})
    classes = listing.classes or tuple(labels)
    position = {name: index for index, name in enumerate(classes, start=1)}
    numbered = {entry.stem: entry.class_index for entry in listing.entries if entry.class_index is not None}
    first = {entry.stem: entry for entry in reversed(listing.entries)}
    rows = pd.DataFrame({"clip_id": list(first), "entry": list(first.values())})
    label = rows["entry"].map(lambda entry: entry.label)
    table = pd.DataFrame(
        {
            **dict.fromkeys(CLIP_COLUMNS, ""),
            "clip_id": rows["clip_id"],
            "label": label,
            "class_index": [numbered.get(clip, position.get(name, 0)) for clip, name in zip(first, label, strict=True)],
            "path": [f"videos/{entry.label}/{Path(entry.path).name}" for entry in first.values()],
            "group": [group_of(entry) for entry in first.values()],
            "has_effects": "unknown",
            "frames": 0,
        },
        columns=list(CLIP_COLUMNS),
    )
    table = table.sort_values(["class_index", "clip_id"]).reset_index(drop=True)
    name = folder.resolve().name
    return dataset_of_table(table, classes=classes, root=folder, name=name, version=VERSION)


def split_of_lists(dataset: Dataset, listing: Listing, number: int) -> Split:
    """Return one numbered split as the lists have it, faults and all: a clip that is in two parts stays in both."""
    chosen = [entry for entry in listing.entries if entry.number == number]
    if not chosen:
        numbers = ", ".join(str(one) for one in sorted({entry.number for entry in listing.entries}))
        raise BadInput([Problem(str(dataset.root), f"has no split {number}.", f"There is: {numbers}.")])
    return Split.model_construct(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=PROTOCOL,
        number=number,
        parameters={},
        seed=0,
        safe=False,
        train=_ids(chosen, "train"),
        test=_ids(chosen, "test"),
        unused=_ids(chosen, "unused"),
        report=(),
    )


def group_of(entry: Entry) -> str:
    """Return the source that a clip's name tells: UCF101's gNN, HMDB51's and JHMDB's title, Kinetics' video; or ''."""
    name = entry.stem
    for pattern in (_UCF101, _KINETICS):
        if match := pattern.fullmatch(name):
            return match[1]
    match = _HMDB51.fullmatch(name)
    if not match:
        return ""
    before = match[1]
    return before.removesuffix(f"_{entry.label}") if before.endswith(f"_{entry.label}") else ""


def _ids(entries: Sequence[Entry], part: str) -> tuple[str, ...]:
    return tuple(entry.stem for entry in entries if entry.part == part)
