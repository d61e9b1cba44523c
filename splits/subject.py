"""What an audit and a verification look at: one split of a release, or of official list files alone."""

from dataclasses import dataclass
from pathlib import Path

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.audit.learned import Learned, read_learned
from splits.audit.listed import VERSION, read_lists, split_of_lists
from splits.folder import RECORD, find_split, split_folder


@dataclass(frozen=True)
class Subject:
    """A dataset and one split of it."""

    dataset: Dataset
    split: Split

    @property
    def of_lists(self) -> bool:
        """Whether there are list files alone: no files of clips that could be read, no split of our own."""
        return is_of_lists(self.dataset)


def is_of_lists(dataset: Dataset) -> bool:
    """Return whether a dataset is made of list files alone."""
    return dataset.version == VERSION


def subject_of(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int, form: str | None) -> Subject:
    """Return a dataset with the split that is named; of lists alone that of the lists, whatever the protocol."""
    if is_of_lists(dataset):
        return Subject(dataset, split_of_lists(dataset, read_lists(dataset.root, form=form), number))
    return Subject(dataset, find_split(workspace, dataset, protocol=protocol, number=number))


def subject_beside(path: Path, workspace: Workspace, dataset: Dataset, *, key: str, form: str | None) -> Subject:
    """Return a dataset with the split that a certificate speaks of, as it is written: other data than its own too.

    `key`: <protocol>-<number>. The record beside the certificate counts, else the one that lies where it should.
    """
    protocol, _, number = key.rpartition("-")
    if is_of_lists(dataset):
        return subject_of(workspace, dataset, protocol=protocol, number=int(number), form=form)
    record = path.parent / RECORD
    if not record.is_file():
        record = split_folder(workspace, dataset, protocol=protocol, number=int(number)) / RECORD
    return Subject(dataset, Split.read(record))


def learned_from(path: Path, workspace: Workspace, dataset: Dataset) -> Learned:
    """Read what a model was trained on; a run that names its split means that of the same dataset."""
    return read_learned(
        path, dataset, lambda protocol, number: find_split(workspace, dataset, protocol=protocol, number=number)
    )
