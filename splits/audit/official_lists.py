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
    listings: dict[str, Listing] = {}
    problems: dict[str, BadInput] = {}
    for name in LISTS.names():
        try:
            listings[name] = LISTS.load(name).read(folder)
        except BadInput as error:
            problems[name] = error
    if len(listings) == 1:
        return next(iter(listings.values()))
    if listings:
        what = f"holds lists of several forms: {', '.join(listings)}."
        raise BadInput([Problem(str(folder), what, "Name one with --form.")])
    # Problems of the folder itself only say that it holds no such form; those of a file in it are worth reading.
    faulty = [problem for error in problems.values() for problem in error.problems if problem.where != str(folder)]
    nothing = Problem(
        str(folder), "is neither a release (no SHA256SUMS) nor a folder of lists.", did_you_mean("", LISTS.names())
    )
    raise BadInput(faulty or [nothing])


def is_of_lists(dataset: Dataset) -> bool:
    """Return whether a dataset is made of list files alone."""
    return dataset.version == VERSION


def dataset_of_lists(folder: Path, listing: Listing) -> Dataset:
    """Return a dataset of all clips that any list names: id (file name without ending), label, group.

    Columns that lists do not give are blank or zero: addresses, hashes, fingerprints, times.
    """
    labels = sorted({entry.label for entry in listing.entries})
    classes = listing.classes or tuple(labels)
    position = {name: index for index, name in enumerate(classes, start=1)}
    numbered = {entry.stem: entry.class_index for entry in listing.entries if entry.class_index is not None}
    # Reversed, so that of several entries of a clip the first stays.
    entry_of = {entry.stem: entry for entry in reversed(listing.entries)}
    rows = pd.DataFrame({"clip_id": list(entry_of), "entry": list(entry_of.values())})
    label = rows["entry"].map(lambda entry: entry.label)
    table = pd.DataFrame(
        {
            **dict.fromkeys(CLIP_COLUMNS, ""),
            "clip_id": rows["clip_id"],
            "label": label,
            "class_index": [
                numbered.get(clip, position.get(name, 0)) for clip, name in zip(entry_of, label, strict=True)
            ],
            "path": [f"videos/{entry.label}/{Path(entry.path).name}" for entry in entry_of.values()],
            "group": [group_of(entry) for entry in entry_of.values()],
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
    entries = [entry for entry in listing.entries if entry.number == number]
    if not entries:
        numbers = ", ".join(map(str, sorted({entry.number for entry in listing.entries})))
        raise BadInput([Problem(str(dataset.root), f"has no split {number}.", f"There is: {numbers}.")])
    return Split.model_construct(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol=PROTOCOL,
        number=number,
        parameters={},
        seed=0,
        safe=False,
        train=_ids(entries, "train"),
        test=_ids(entries, "test"),
        unused=_ids(entries, "unused"),
        report=(),
    )


def group_of(entry: Entry) -> str:
    """Return the source that a clip's name gives: UCF101's gNN, HMDB51's and JHMDB's title, Kinetics' video; or ''."""
    # v_Archery_g01_c02 -> v_Archery_g01; kd3XKPSvVOE_000010_000020 -> kd3XKPSvVOE;
    # Golf_Swing_@6Iron_golf_f_nm_np1_ri_med_0 of class golf -> Golf_Swing_@6Iron
    name = entry.stem
    for pattern in (_UCF101, _KINETICS):
        if match := pattern.fullmatch(name):
            return match[1]
    match = _HMDB51.fullmatch(name)
    if not match:
        return ""
    before = match[1]
    return before.removesuffix(f"_{entry.label}") if before.endswith(f"_{entry.label}") else ""


def _ids(entries: Sequence[Entry], subset: str) -> tuple[str, ...]:
    return tuple(entry.stem for entry in entries if entry.subset == subset)
