"""Derive a certificate again from the data that it speaks of, and name all that differs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import sha256_of
from slateboard.paths import inside
from slateboard.reading import read_table
from slateboard.records.split import Split
from slateboard.sums import SUMS, read_sums
from slateboard.workspace import Workspace
from splits.audit.examination import Options, examine
from splits.audit.learned import Learned
from splits.audit.listed import VERSION
from splits.certificate import read_certificate
from splits.folder import CERTIFICATE, RECORD, find_dataset, list_texts, parts_table, root_lists, split_folder
from splits.subject import is_of_lists, learned_from, subject_beside


@dataclass(frozen=True)
class Verified:
    """What a second derivation gave."""

    line: str
    """The audit line, derived anew."""
    differences: tuple[str, ...]
    """One sentence each; empty: the certificate holds."""
    remarks: tuple[str, ...]
    """What differs and proves nothing: versions of code."""


def verify(path: Path, workspace: Workspace, *, release: str | None, form: str | None = None) -> Verified:
    """Derive a certificate again.

    The release is the one that is named (version, folder of a release or of lists), else the one around the
    certificate, else the version of the workspace that the certificate names. The lists beside the split, and the files
    of the release that are no videos, are held against what they were written from. Raises BadInput for a file
    that is no certificate.
    """
    said = read_certificate(path)
    dataset = find_dataset(workspace, release or _release_of(path, said), form=form, checked=False)
    try:
        split = subject_beside(path, workspace, dataset, key=said["split"], form=form).split
    except BadInput as error:
        return Verified("", tuple(str(problem) for problem in error.problems), ())
    options = Options.read(said["options"])
    learned, problems = _learned(options, path, workspace, dataset)
    derived = json.loads(json.dumps(examine(dataset, split, options, learned=learned).certificate))
    found = [
        *problems,
        *differences(said, derived),
        *_beside(path, workspace, dataset, split),
        *_sums(dataset.root),
    ]
    remarks = [
        f"versions.{name}: made with {said['versions'].get(name)}, checked with {derived['versions'].get(name)}"
        for name in sorted({*said["versions"], *derived["versions"]} - {"fingerprints_sha256"})
        if said["versions"].get(name) != derived["versions"].get(name)
    ]
    return Verified(derived["line"], tuple(found), tuple(remarks))


def differences(said: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every value in which a certificate differs from one made of the data."""
    one, other = _flat(said), _flat(derived)
    for name in sorted({*one, *other}):
        if name.startswith("versions.") and name != "versions.fingerprints_sha256":
            continue
        if one.get(name, _ABSENT) != other.get(name, _ABSENT):
            yield f"{name}: the certificate says {_short(one, name)}, the data say {_short(other, name)}"


_ABSENT = object()


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return path -> value of all leaves; checks are named by their names, not by their places."""
    if isinstance(value, Mapping) and value:
        return {
            path: leaf
            for key, item in value.items()
            for path, leaf in _flat(item, f"{name}.{key}" if name else key).items()
        }
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        found: dict[str, Any] = {}
        for place, item in enumerate(value):
            path = f"{name}[{item['name']}]"
            found |= _flat(item, path if f"{path}.name" not in found else f"{path}#{place}")
        return found
    return {name: value}


def _short(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "nothing"
    text = json.dumps(values[name], ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _release_of(path: Path, said: Mapping[str, Any]) -> str:
    """Return the release around a certificate, else the version that it names."""
    around = next((folder for folder in path.resolve().parents if (folder / SUMS).is_file()), None)
    if around is not None:
        return str(around)
    version = said["dataset"].rpartition("-")[2]
    if version == VERSION:
        raise SlateboardError(f"{path} speaks of list files. Say where they lie: --dataset FOLDER.")
    return str(version)


def _learned(options: Options, path: Path, workspace: Workspace, dataset: Dataset) -> tuple[Learned | None, list[str]]:
    """Return the training ids that the certificate names, and whether they are still the same."""
    if options.trained_on is None:
        return None, []

    try:
        places = [inside(folder, options.trained_on) for folder in (workspace.root, path.parent)]
        found = next((place for place in places if place.exists()), places[0])
        learned = replace(learned_from(found, workspace, dataset), where=options.trained_on)
    except SlateboardError as error:
        return None, [f"options.trained_on: cannot be read again. {error}"]
    if learned.sha256 == options.trained_on_sha256:
        return learned, []
    return learned, [f"options.trained_on_sha256: {options.trained_on} holds other ids than it did"]


def _beside(path: Path, workspace: Workspace, dataset: Dataset, split: Split) -> Iterator[str]:
    """Yield the lists that are not what the split says, beside it and at the root of its release."""
    if is_of_lists(dataset):
        return
    folder = path.parent
    if not (folder / RECORD).is_file():
        folder = split_folder(workspace, dataset, protocol=split.protocol, number=split.number)
    texts = {folder / name: text for name, text in list_texts(dataset, split).items()}
    if path.parent.resolve() == dataset.root.resolve() and path.name == CERTIFICATE:
        texts |= {dataset.root / name: text for name, text in root_lists(dataset, split).items()}
    for file, text in texts.items():
        if not file.is_file() or file.read_bytes() != text.encode("utf-8"):
            yield f"{file}: is not the list of {split.key}"
    table = folder / "parts.parquet"
    if not _is_table(table, parts_table(dataset, split)):
        yield f"{table}: is not the table of {split.key}"


def _is_table(path: Path, wanted: pd.DataFrame) -> bool:
    try:
        found = read_table(path, what="table of parts")
    except BadInput:
        return False
    return found.astype(object).equals(wanted.astype(object))


def _sums(root: Path) -> Iterator[str]:
    """Yield the files of a release, videos aside, that are not what its SHA256SUMS says; videos are an audit's part."""
    sums = root / SUMS
    if not sums.is_file():
        return
    for name, digest in read_sums(sums).items():
        if name.startswith("videos/"):
            continue
        file = inside(root, name)
        if not file.is_file():
            yield f"{file}: is missing"
        elif sha256_of(file) != digest:
            yield f"{file}: is not the file of {SUMS}"
