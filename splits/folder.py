"""Where a split lies and how it is written: parts, lists and certificate first, split.json last."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from slateboard.dataset import Dataset, read_release
from slateboard.dataset_lookup import folder_of, layout_of, read_folder
from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.files import atomic_write, write_json, write_text
from slateboard.paths import inside
from slateboard.records.split import Split
from slateboard.sums import SUMS
from slateboard.workspace import Workspace
from splits.audit.audit import Audit, audit
from splits.audit.official_lists import dataset_of_lists, read_lists
from splits.certificate import CERTIFICATE, certificate
from splits.division import PROTOCOLS
from splits.listing.entries import LISTS, Entry, Listing
from splits.parts import PARTS, few

RECORD = "split.json"
"""Written last: a folder without it is no split."""


def write_split(folder: Path, split: Split, dataset: Dataset, *, report: Audit | None = None) -> None:
    """Write a split into its folder, over its files there; `report` is its audit where there is one already."""
    # The record goes first and comes last: killed in between, the folder is no split and is written again.
    (folder / RECORD).unlink(missing_ok=True)
    with atomic_write(folder / "parts.parquet") as temporary:
        parts_table(dataset, split).to_parquet(temporary, index=False)
    for name, text in list_texts(dataset, split).items():
        write_text(folder / name, text)
    write_json(folder / CERTIFICATE, certificate(dataset, split, report or audit(dataset, split)))
    split.write(folder / RECORD)


def parts_table(dataset: Dataset, split: Split) -> pd.DataFrame:
    """Return clip_id and part of every clip that the split names, in the order of the dataset."""
    part_of = {clip: subset for subset in PARTS for clip in getattr(split, subset)}
    ids = [clip for clip in dataset.clips["clip_id"].to_numpy(dtype=object).tolist() if clip in part_of]
    return pd.DataFrame({"clip_id": ids, "part": [part_of[clip] for clip in ids]}, dtype="str")


def list_texts(dataset: Dataset, split: Split) -> dict[str, str]:
    """Return file name -> text of the lists that lie beside a split."""
    return _texts("seags", Listing(_entries(dataset, split)))


def root_lists(dataset: Dataset, split: Split) -> dict[str, str]:
    """Return file name -> text of the lists at the root of a release, in the paper's and in UCF101's form.

    Paths are relative to videos/, labels count from 1, line ends are LF, and the numbered lists are split 01
    whatever the number within the protocol.
    """
    listing = Listing(_entries(dataset, split), classes=dataset.classes)
    return {**_texts("seags", listing), **_texts("ucf101", listing)}


def _texts(form: str, listing: Listing) -> dict[str, str]:
    return {name: text for name, text in LISTS.load(form).write(listing).items() if isinstance(text, str)}


def find_dataset(workspace: Workspace, name: str | None, *, form: str | None = None, checked: bool = True) -> Dataset:
    """Return a dataset by what a person calls it: a version, the folder of a release, a plain folder
    that a layout knows (or the key it got), or one of list files alone.

    The newest version unless named. `form` is that of the lists; `checked` as in `read_release`.
    """
    # In this order: v3 is a version, even if a folder is called so; a folder with SHA256SUMS is a release; one that a
    # layout recognises is a plain dataset; any other folder must hold official lists.
    if name is None or re.fullmatch(r"v[1-9][0-9]*", name):
        if checked or name is None:
            return workspace.dataset(name)
        return read_release(workspace.releases / name, checked=False)
    folder = Path(name)
    if (folder / SUMS).is_file():
        return read_release(folder, checked=checked)
    plain = folder_of(workspace, name)
    if plain is not None and layout_of(plain) is not None:
        return read_folder(workspace, plain)
    if not folder.is_dir():
        versions = ", ".join(workspace.versions()) or "there is none yet"
        remedy = f"Give a version ({versions}), or a folder: a release, videos laid out as UCF101 or HMDB51, or lists."
        raise BadInput([Problem(name, "is no dataset.", remedy)])
    return dataset_of_lists(folder, read_lists(folder, form=form))


def find_split(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int) -> Split:
    """Read a split from the release, else from the workspace; say which exist where there is none such."""
    folder = split_folder(workspace, dataset, protocol=protocol, number=number)
    if not (folder / RECORD).is_file():
        key = f"{protocol}-{number}"
        # Official lists of several sets are fixed-NAME.
        base = protocol.partition("-")[0]
        to_make = base if base in PROTOCOLS.names() else "PROTOCOL"
        raise SlateboardError(
            f"{dataset.key} has no split '{key}'. {did_you_mean(key, _with_ranges(existing(workspace, dataset)))} "
            f"Make it with `slateboard split make {to_make} --dataset {dataset.version}`."
        )
    split = Split.read(folder / RECORD)
    if split.dataset_sha256 != dataset.sha256:
        what = f"was made for other data than {dataset.key} has ({split.dataset_sha256[:12]})."
        raise BadInput([Problem(str(folder), what, "Remove this folder and make the split again.")])
    return split


def split_folder(workspace: Workspace, dataset: Dataset, *, protocol: str, number: int) -> Path:
    """Return where a split lies or would lie: in the release if it is frozen there, else in the workspace."""
    frozen = inside(dataset.root, f"splits/{protocol}/{number}")
    if (frozen / RECORD).is_file():
        return frozen
    return inside(workspace.splits, f"{dataset.key}/{protocol}/{number}")


def existing(workspace: Workspace, dataset: Dataset) -> list[str]:
    """Return <protocol>-<number> of all splits of a dataset."""
    roots = (dataset.root / "splits", workspace.splits / dataset.key)
    protocols = [folder for root in roots for folder in root.glob("*") if folder.is_dir()]
    return sorted({f"{folder.name}-{path.parent.name}" for folder in protocols for path in numbered(folder)})


def numbered(folder: Path) -> list[Path]:
    """Return the records of the splits in the folder of a protocol, sorted by number; other folders are ignored."""
    records = [path for path in folder.glob(f"*/{RECORD}") if path.parent.name.isdecimal()]
    # By number, not by name: 2 before 10.
    return sorted(records, key=lambda path: int(path.parent.name))


def _with_ranges(keys: Iterable[str]) -> list[str]:
    """Return keys of splits for a person: `kfold-1 to 5` in place of five."""
    numbers_of: dict[str, list[int]] = {}
    for key in keys:
        protocol, _, number = key.rpartition("-")
        numbers_of.setdefault(protocol, []).append(int(number))
    return [
        f"{protocol}-{numbers[0]} to {numbers[-1]}"
        if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
        else few([f"{protocol}-{number}" for number in numbers])
        for protocol, numbers in sorted((name, sorted(of)) for name, of in numbers_of.items())
    ]


def is_same(stored: Split, split: Split) -> bool:
    """Return whether two splits have the same clips in each part and were made in the same way; reports may differ."""
    # The report may differ: a newer version may word or count its sentences otherwise and divide the same.
    fields = ("key", "dataset_sha256", "parameters", "seed", "sha256")
    same = all(getattr(stored, field) == getattr(split, field) for field in fields)
    return same and set(stored.unused) == set(split.unused)


def _entries(dataset: Dataset, split: Split) -> tuple[Entry, ...]:
    """Return the clips of train and test in the dataset's order; test entries bear no label, as in UCF101."""
    train, test = set(split.train), set(split.test)
    # As lists: going through the rows of a table takes four times as long, which a million clips are felt by.
    columns = [dataset.clips[name].tolist() for name in ("clip_id", "path", "label", "class_index")]
    return tuple(
        Entry(
            path=path.removeprefix("videos/"),
            subset="train" if clip in train else "test",
            number=1,
            label=label,
            class_index=int(index) if clip in train else None,
        )
        for clip, path, label, index in zip(*columns, strict=True)
        if clip in train or clip in test
    )
