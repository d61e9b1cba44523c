"""What in a table or a split cannot be true together, and what the table does not tell."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from slateboard.dataset import Dataset
from slateboard.records.release import MACHINE_MADE
from slateboard.records.split import Split
from splits.audit.checks import Check, counted_check
from splits.audit.membership import SplitMembership, is_blank, text_of


def contradictions(dataset: Dataset, split: Split, membership: SplitMembership) -> tuple[Check, ...]:
    """Return the checks of what makes a split unusable as it is, without being a leak."""
    nowhere = ~(membership.used | membership.masks["unused"])
    return (
        counted_check("clips twice in the table", "contradiction", membership.repeated),
        counted_check("clips in no part", "contradiction", dataset.clips["clip_id"][nowhere].unique()),
        counted_check("clips not in the dataset", "contradiction", membership.foreign),
        counted_check("other dataset", "contradiction", _other_dataset(dataset, split)),
        counted_check("labels inconsistent", "contradiction", _inconsistent(dataset)),
        counted_check("equal files under two labels", "contradiction", _two_labels(dataset.clips)),
    )


def unknowns(membership: SplitMembership) -> tuple[Check, ...]:
    """Return the checks of what the table does not say about clips in train or test."""
    named_by_nobody = text_of(membership.clips, "group").str.startswith(MACHINE_MADE).to_numpy(bool)
    without = membership.used & (is_blank(membership.clips, "group") | named_by_nobody)
    return (counted_check("clips without a group", "unknown", membership.clips["clip_id"][without]),)


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
    # The folder of the file is its class: videos/Squat/v_Squat_01.mp4 -> Squat. A path without a folder stays as it is,
    # and so differs from every label.
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
    conflicts: set[str] = set()
    for column in ("sha256", "frames_sha256"):
        text = text_of(clips, column)
        several = text.duplicated(keep=False).to_numpy(bool) & np.asarray(text != "", bool)
        if not several.any():
            continue
        files = clips.loc[several, ["clip_id", "label"]].assign(file=text[several])
        files = files.drop_duplicates(["file", "label"]).sort_values(["file", "clip_id"])
        files = files[files["file"].duplicated(keep=False)]
        bearers = files["clip_id"].astype(str) + " (" + files["label"].astype(str) + ")"
        conflicts.update(" and ".join(names) for names in bearers.groupby(files["file"]).agg(list))
    return sorted(conflicts)
