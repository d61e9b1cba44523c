"""Questions to a split that the table of its dataset answers by itself: who is where, and what both sides share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slateboard.dataset import Dataset
from slateboard.records.release import MACHINE_MADE
from slateboard.records.split import Split
from splits.groups import group_keys
from splits.parts import PARTS, few

EXAMPLES = 5
"""Most examples kept of one check."""

TWICE = "clips in two parts"
GROUPS = "groups on both sides"

Kind = Literal["leak", "contradiction", "balance", "unknown"]
"""Leaks and contradictions must not be; balance and what is not known are told, and fail where `--strict` is asked."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """One question to a split, and how often the answer is bad."""

    name: str
    kind: Kind
    count: int | None
    """None: not looked at, which is not the same as none found."""
    examples: tuple[str, ...]
    """The first ones, in alphabetical order."""
    note: str = ""
    """How it was looked at, or why it was not."""


def counted(name: str, kind: Kind, found: Iterable[str], *, note: str = "") -> Check:
    """Return a check that was looked at."""
    names = sorted(map(str, found))
    return Check(name, kind, len(names), tuple(names[:EXAMPLES]), note)


def not_looked_at(name: str, kind: Kind, why: str) -> Check:
    """Return a check that was not looked at."""
    return Check(name, kind, None, (), why)


@dataclass(frozen=True)
class Sides:
    """Which rows of a table are where."""

    clips: pd.DataFrame
    masks: dict[str, Mask]
    """Part -> [clips]; a clip in two parts is in two masks."""
    keys: pd.Series
    """Component of linked clips of each row."""
    key_codes: NDArray[np.int64]
    """[clips] number of the component."""
    key_names: NDArray[np.object_]
    """Key of each number."""
    in_two: tuple[str, ...]
    """Ids that the split names twice."""
    foreign: tuple[str, ...]
    """Ids that the split names and the table does not have."""
    repeated: tuple[str, ...]
    """Ids of several rows."""

    @classmethod
    def of(cls, clips: pd.DataFrame, split: Split) -> "Sides":
        """Look every clip of the table up in the parts of a split."""
        # One pass over all names: a million take a second, looking each part up in the table six times that.
        lists = [getattr(split, part) for part in PARTS]
        ids = clips["clip_id"].to_numpy(dtype=object)
        codes, names = pd.factorize(np.array([*ids, *(clip for clips in lists for clip in clips)], dtype=object))
        own, divided = codes[: len(ids)], codes[len(ids) :]
        masks, start = {}, 0
        for part, members in zip(PARTS, lists, strict=True):
            there = np.zeros(len(names), bool)
            there[divided[start : start + len(members)]] = True
            masks[part], start = there[own], start + len(members)
        rows, times = (np.bincount(some, minlength=len(names)) for some in (own, divided))
        chosen = (times > 1, (rows == 0) & (times > 0), rows > 1)
        keys = group_keys(clips)
        key_codes, key_names = pd.factorize(keys.to_numpy(dtype=object))
        told = (tuple(sorted(map(str, names[mask]))) for mask in chosen)
        return cls(clips, masks, keys, key_codes.astype(np.int64), np.asarray(key_names, object), *told)

    @property
    def used(self) -> Mask:
        """Rows in train or in test."""
        return self.masks["train"] | self.masks["test"]

    @property
    def broken(self) -> Mask:
        """Components that are in train and in test: [key_names]."""
        return _both(self.key_codes, len(self.key_names), self)


def leaks(sides: Sides) -> tuple[Check, ...]:
    """Return what train and test share by the table."""
    broken = sides.broken
    # What LINKS tells is shared only inside such components: where there is none, there is nothing to look through.
    linked = sides.used & broken[sides.key_codes]
    return (
        counted(TWICE, "leak", sides.in_two),
        counted(GROUPS, "leak", sides.key_names[broken]),
        _on_both("sources on both sides", sides, "source_id", linked),
        _on_both("addresses on both sides", sides, "source_url", linked),
        _on_both("equal files on both sides", sides, "sha256", linked),
        _on_both("equal pictures on both sides", sides, "frames_sha256", sides.used),
        _across_labels("groups under two labels on both sides", sides, "group", linked),
        _across_labels("sources under two labels on both sides", sides, "source_id", linked),
        _across_labels("addresses under two labels on both sides", sides, "source_url", linked),
        counted("twins on both sides", "leak", _parted_twins(sides)),
    )


def contradictions(dataset: Dataset, split: Split, sides: Sides) -> tuple[Check, ...]:
    """Return what makes a split unusable as it is, without being a leak."""
    nowhere = ~(sides.used | sides.masks["unused"])
    return (
        counted("clips twice in the table", "contradiction", sides.repeated),
        counted("clips in no part", "contradiction", dataset.clips["clip_id"][nowhere].unique()),
        counted("clips not in the dataset", "contradiction", sides.foreign),
        counted("other dataset", "contradiction", _other_dataset(dataset, split)),
        counted("labels inconsistent", "contradiction", _inconsistent(dataset)),
        counted("equal files under two labels", "contradiction", _two_labels(dataset.clips)),
    )


def unknowns(sides: Sides) -> tuple[Check, ...]:
    """Return what the table does not tell of clips in train or test."""
    named_by_nobody = text_of(sides.clips, "group").str.startswith(MACHINE_MADE).to_numpy(bool)
    without = sides.used & (_blank(sides.clips, "group") | named_by_nobody)
    return (counted("clips without a group", "unknown", sides.clips["clip_id"][without]),)


def balance(dataset: Dataset, split: Split, sides: Sides, *, bound: float) -> tuple[Check, ...]:
    """Return how evenly classes and effects are shared; `bound`: greatest deviation of a test share, 0-1."""
    labels = dataset.clips["label"]
    present = [set(labels[sides.masks[part]].unique()) for part in ("train", "test")]
    wanted = split.parameters.get("test_share")
    note = f"test share more than {bound * 100:g} points from "
    of_classes = note + ("the average" if wanted is None else f"the wanted {wanted * 100:g} %")
    return (
        counted("classes not in both parts", "balance", set(dataset.classes) - (present[0] & present[1])),
        counted(
            "classes out of balance",
            "balance",
            _uneven(labels, sides, wanted=wanted, bound=bound, among=present[0] & present[1]),
            note=of_classes,
        ),
        counted(
            "effects out of balance",
            "balance",
            _uneven(text_of(dataset.clips, "has_effects"), sides, wanted=None, bound=bound),
            note=f"{note}the average, by has_effects",
        ),
    )


def shares_for_test(values: pd.Series, sides: Sides) -> dict[str, float]:
    """Return value -> share of its clips in train and test that is for testing, 0-1."""
    used = sides.used
    shares = pd.Series(sides.masks["test"][used]).groupby(values[used].to_numpy(dtype=object)).mean()
    return {str(value): float(share) for value, share in shares.items()}


def _uneven(
    values: pd.Series, sides: Sides, *, wanted: float | None, bound: float, among: Collection[str] | None = None
) -> list[str]:
    if not sides.used.any():
        return []
    middle = float(sides.masks["test"][sides.used].mean()) if wanted is None else wanted
    # A thousandth of a point allows for the rounding of shares such as 3 of 10.
    return [
        f"{value or 'blank'} {share * 100:.1f} %"
        for value, share in shares_for_test(values, sides).items()
        if abs(share - middle) > bound + 1e-5 and (among is None or value in among)
    ]


def text_of(clips: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as strings, empty where a value is missing or the table is older than the column."""
    if column not in clips:
        return pd.Series("", index=clips.index, dtype=object)
    if isinstance(clips[column].dtype, pd.StringDtype) and not clips[column].hasnans:
        return clips[column]
    return pd.Series(clips[column].to_numpy(dtype=object, na_value=""), index=clips.index, dtype=object)


def _blank(clips: pd.DataFrame, column: str) -> Mask:
    return np.asarray(text_of(clips, column) == "", bool)


def _both(codes: NDArray[np.int64], count: int, sides: Sides, rows: Mask | None = None) -> Mask:
    """Return which codes are in train and in test: [count]; `codes` are those of `rows`, or of all."""
    there = []
    for part in ("train", "test"):
        seen = np.zeros(count, bool)
        seen[codes[sides.masks[part] if rows is None else sides.masks[part][rows]]] = True
        there.append(seen)
    return there[0] & there[1]


def _shared(sides: Sides, column: str, rows: Mask) -> tuple[Mask, NDArray[np.int64], NDArray[np.object_]]:
    """Return the rows whose value is in train and in test, the code of each of them, and the value of each code."""
    rows = rows & ~_blank(sides.clips, column)
    codes, found = pd.factorize(sides.clips[column][rows].to_numpy(dtype=object) if rows.any() else np.empty(0, object))
    here = _both(codes, len(found), sides, rows)[codes]
    chosen = rows.copy()
    chosen[rows] = here
    return chosen, codes[here].astype(np.int64), np.asarray(found, object)


def _on_both(name: str, sides: Sides, column: str, rows: Mask) -> Check:
    """Count the values of a column that are in train and in test; a blank is no value."""
    blank, used = int((_blank(sides.clips, column) & sides.used).sum()), int(sides.used.sum())
    if used and blank == used:
        return not_looked_at(name, "leak", f"the table has no {column}")
    note = f"{blank} of {used} clips have no {column}" if blank else ""
    _, codes, found = _shared(sides, column, rows)
    return counted(name, "leak", found[np.unique(codes)], note=note)


def _across_labels(name: str, sides: Sides, column: str, rows: Mask) -> Check:
    """Count what is in train under one label and in test under another: a group id of class and title hides it."""
    chosen, codes, found = _shared(sides, column, rows)
    labels = sides.clips["label"][chosen].to_numpy(dtype=object)
    of_value = pd.DataFrame({"code": codes, "label": labels}).drop_duplicates()
    several = of_value[of_value["code"].duplicated(keep=False)].sort_values(["code", "label"])
    told = several.groupby(several["code"].to_numpy())["label"].agg(list)
    values = found[told.index.to_numpy(np.int64)]
    return counted(name, "leak", [f"{value} ({few(names)})" for value, names in zip(values, told, strict=True)])


def _parted_twins(sides: Sides) -> Iterable[str]:
    clips = sides.clips
    twin = text_of(clips, "twin_of")
    has_twin = (twin != "").to_numpy(bool)
    if not has_twin.any():
        return []
    ids = clips["clip_id"]
    crossing = np.zeros(len(clips), bool)
    for here, there in (("train", "test"), ("test", "train")):
        crossing |= sides.masks[here] & twin.isin(ids[sides.masks[there]]).to_numpy(bool)
    return ids[crossing & has_twin]


def _other_dataset(dataset: Dataset, split: Split) -> list[str]:
    if split.dataset_sha256 == dataset.sha256:
        return []
    return [f"made for {split.dataset} {split.dataset_sha256[:12]}, audited against {dataset.sha256[:12]}"]


def _inconsistent(dataset: Dataset) -> list[str]:
    """Name the clips whose label, class_index and folder do not say the same."""
    clips = dataset.clips
    classes = np.array([*dataset.classes, None], dtype=object)
    index = clips["class_index"].to_numpy(np.int64)
    inside = (index >= 1) & (index <= len(dataset.classes))
    expected = classes[np.where(inside, index - 1, len(dataset.classes))]
    labels = clips["label"].to_numpy(dtype=object)
    paths = pa.array(clips["path"].astype(str).to_numpy(dtype=object), pa.large_string())
    parents = pc.replace_substring_regex(paths, r"^(?:.*/)?([^/]*)/[^/]*$", r"\1").to_numpy(zero_copy_only=False)
    wrong = clips[(expected != labels) | (parents != labels)]
    columns = ["clip_id", "label", "class_index", "path"]
    return [
        f"{clip}: label {label}, index {number}, {path}"
        for clip, label, number, path in wrong[columns].itertuples(index=False)
    ]


def _two_labels(clips: pd.DataFrame) -> list[str]:
    """Name the files, by the hash of bytes or of pictures, that bear two labels: one of them must be wrong."""
    told: set[str] = set()
    for column in ("sha256", "frames_sha256"):
        text = text_of(clips, column)
        several = text.duplicated(keep=False).to_numpy(bool) & np.asarray(text != "", bool)
        if not several.any():
            continue
        files = clips.loc[several, ["clip_id", "label"]].assign(file=text[several])
        files = files.drop_duplicates(["file", "label"]).sort_values(["file", "clip_id"])
        files = files[files["file"].duplicated(keep=False)]
        bearers = files["clip_id"].astype(str) + " (" + files["label"].astype(str) + ")"
        told.update(" and ".join(names) for names in bearers.groupby(files["file"]).agg(list))
    return sorted(told)
