"""Which clips a model was trained on, by its run's record or a list of ids, and whether they are in a test list."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.files import digest
from slateboard.reading import read_json, read_table, read_text, refusal
from slateboard.records.run import Run
from slateboard.records.run_folder import TRAINED_ON
from slateboard.records.split import Split
from splits.audit.checks import Check, counted_check
from splits.audit.membership import SplitMembership
from splits.listing.entries import stem

_REMEDY = "Give a run's folder, a JSON list, a table with clip_id, or a text file with a name a line."
Splits = Callable[[str, int], Split]
"""Gives a split of the dataset by protocol and number."""


@dataclass(frozen=True)
class TrainingRecord:
    """The clips that a model was trained on."""

    where: str
    """As a certificate shows it."""
    ids: frozenset[str]
    """Of clips of the dataset."""
    unknown: tuple[str, ...]
    """Names that are no clip of the dataset, sorted."""

    @property
    def sha256(self) -> str:
        """Hash of all names."""
        return digest([sorted(self.ids), self.unknown])


def read_training_record(path: Path, dataset: Dataset, split_of: Splits) -> TrainingRecord:
    """Read the record of a run, or a list, as clips of a dataset.

    A folder is a run's: its trained_on.json, or else its config.toml, which names the split whose train list it
    learned from. A file is JSON (a list, or an object with `train` and perhaps `validation`: trained_on.json,
    split.json), Parquet or CSV with a column clip_id, or text with a name a line: ids, or paths as in official lists,
    matched by file name. Raises BadInput for any other, and for a run whose lists are not those of the split any more.
    """
    names = _read_run(path, dataset, split_of) if path.is_dir() else _read_file(path)
    clip_ids = frozenset(map(str, dataset.clips["clip_id"]))
    trained: set[str] = set()
    unknown: set[str] = set()
    for name in names:
        # `Class/v_x.avi 3` of a train list is the clip v_x.
        bare = name.rpartition(" ")[0] if name.rpartition(" ")[2].isdigit() else name
        clip = next((candidate for candidate in (name, stem(bare)) if candidate in clip_ids), None)
        if clip is None:
            unknown.add(name)
        else:
            trained.add(clip)
    if not trained and not unknown:
        raise BadInput([Problem(str(path), "names no clip.", "Give the list of clips that the model was trained on.")])
    return TrainingRecord(str(path), frozenset(trained), tuple(sorted(unknown)))


def training_checks(
    record: TrainingRecord, membership: SplitMembership, *, names: tuple[str, str]
) -> tuple[Check, Check]:
    """Return two checks: test clips that were trained on, and test groups of which other clips were trained on."""
    clips, test = membership.clips, membership.masks["test"]
    trained = clips["clip_id"].isin(list(record.ids)).to_numpy(bool)
    note = f"{len(record.ids) + len(record.unknown)} names in {record.where}"
    if record.unknown:
        note += f", {len(record.unknown)} of them no clip of the dataset"
    of_groups = np.intersect1d(
        membership.keys[test & ~trained].to_numpy(dtype=str), membership.keys[trained].to_numpy(dtype=str)
    )
    return (
        counted_check(names[0], "leak", clips["clip_id"][test & trained], note=note),
        counted_check(names[1], "leak", of_groups, note="groups with test clips that were not trained on themselves"),
    )


def _read_run(folder: Path, dataset: Dataset, split_of: Splits) -> Collection[str]:
    if (folder / TRAINED_ON).is_file():
        return _read_file(folder / TRAINED_ON)
    config = folder / "config.toml"
    if not config.is_file():
        remedy = "Name the folder of a run (it holds config.toml), or a file with ids."
        raise BadInput([Problem(str(folder), "holds no record of a training.", remedy)])
    run = Run.read(config)
    if run.dataset_sha256 != dataset.sha256:
        what = f"was trained on {run.dataset} ({run.dataset_sha256[:12]}), which is other data than {dataset.key}."
        raise BadInput([Problem(str(config), what, "Give a list of the ids that it was trained on.")])
    split = split_of(run.protocol, run.split)
    if split.sha256 != run.split_sha256:
        what = f"was trained on another {split.key} than there is now."
        raise BadInput([Problem(str(config), what, "Give a list of the ids that it was trained on.")])
    return split.train


def _read_file(path: Path) -> Collection[str]:
    try:
        if path.suffix == ".json":
            document = read_json(path, what="list of clips", remedy=_REMEDY)
            # Validation clips count as trained on: they may have decided when the training stopped.
            names = document if isinstance(document, list) else [*document["train"], *document.get("validation", ())]
            return list(map(str, names))
        if path.suffix in (".parquet", ".csv"):
            return list(map(str, _read_table(path)["clip_id"]))
        text = read_text(path, what="list of clips", remedy=_REMEDY).removeprefix("\ufeff")
        return [line.strip() for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(path, "list of clips", error, remedy=_REMEDY) from None


def _read_table(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return read_table(path, what="list of clips", columns=["clip_id"], remedy=_REMEDY)
    return pd.read_csv(StringIO(read_text(path, what="list of clips", remedy=_REMEDY)), dtype=str)
