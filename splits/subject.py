"""What an audit and a verification look at: one split of a release, or of official list files alone."""

from dataclasses import dataclass
from pathlib import Path

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.official_lists import is_of_lists, read_lists, split_of_lists
from splits.audit.training_record import TrainingRecord, read_training_record
from splits.folder import RECORD, find_split, split_folder


@dataclass(frozen=True)
class Subject:
    """A dataset and one split of it."""

    dataset: Dataset
    split: Split

    @property
    def of_lists(self) -> bool:
        """Whether the dataset is list files alone: no video to read, no split of our own."""
        return is_of_lists(self.dataset)


def subject_of(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int, form: str | None) -> Subject:
    """Return a dataset with the split that is named; of lists alone that of the lists, whatever the protocol."""
    if is_of_lists(dataset):
        return Subject(dataset, split_of_lists(dataset, read_lists(dataset.root, form=form), number))
    return Subject(dataset, find_split(workspace, dataset, protocol=protocol, number=number))


def subject_beside(path: Path, workspace: Workspace, dataset: Dataset, *, key: str, form: str | None) -> Subject:
    """Return a dataset with the split that a certificate is about, without checking that it was made for this dataset.

    `key`: <protocol>-<number>. The record beside the certificate counts, else the one in the split's own folder.
    """
    # From the right: `fixed-ucf101-2` is split 2 of the protocol fixed-ucf101.
    protocol, _, number = key.rpartition("-")
    if is_of_lists(dataset):
        return subject_of(workspace, dataset, protocol=protocol, number=int(number), form=form)
    record = path.parent / RECORD
    if not record.is_file():
        record = split_folder(workspace, dataset, protocol=protocol, number=int(number)) / RECORD
    return Subject(dataset, Split.read(record))


def training_record_of(path: Path, workspace: Workspace, dataset: Dataset) -> TrainingRecord:
    """Read which clips a model was trained on; a run that names its split means that of the same dataset."""
    return read_training_record(
        path, dataset, lambda protocol, number: find_split(workspace, dataset, protocol=protocol, number=number)
    )
