"""What in a table or a split cannot be true together, and what the table does not tell."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from slateboard.dataset import Dataset
from slateboard.records.release import MACHINE_MADE
from slateboard.records.split import Split
from splits.audit.checks import Check, counted
from splits.audit.sides import Sides, blank, text_of


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
    without = sides.used & (blank(sides.clips, "group") | named_by_nobody)
    return (counted("clips without a group", "unknown", sides.clips["clip_id"][without]),)


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
