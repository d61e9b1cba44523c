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
from splits.audit.official_lists import VERSION, is_of_lists
from splits.audit.training_record import TrainingRecord
from splits.certificate import CERTIFICATE, StoredCertificate, certificate_of, read_certificate
from splits.folder import RECORD, find_dataset, list_texts, parts_table, root_lists, split_folder
from splits.subject import subject_beside, training_record_of


@dataclass(frozen=True)
class Verification:
    """What differs between a certificate and one derived again from the data."""

    line: str
    """The audit line, derived anew."""
    differences: tuple[str, ...]
    """One sentence each; empty: the certificate holds."""
    remarks: tuple[str, ...]
    """Differences that prove nothing: versions of code."""


def verify(path: Path, workspace: Workspace, *, release: str | None, form: str | None = None) -> Verification:
    """Derive a certificate again and compare.

    The release is the one that is named (version, folder of a release or of lists), else the one around the
    certificate, else the version of the workspace that the certificate names. The lists beside the split, and the
    files of the release other than videos, are compared with what they were written from. Raises BadInput for a file
    that is no certificate.
    """
    stored = read_certificate(path)
    dataset = find_dataset(workspace, release or _release_of(path, stored), form=form, checked=False)
    try:
        split = subject_beside(path, workspace, dataset, key=stored["split"], form=form).split
    except BadInput as error:
        return Verification("", tuple(str(problem) for problem in error.problems), ())
    options = Options.read(stored["options"])
    record, problems = _read_training_record(options, path, workspace, dataset)
    examination = examine(dataset, split, options, training_record=record)
    # Through JSON, so that tuples are lists as in the stored one.
    derived = json.loads(json.dumps(certificate_of(dataset, split, examination)))
    sentences = [
        *problems,
        *differences(stored, derived),
        *_wrong_lists(path, workspace, dataset, split),
        *_wrong_files(dataset.root),
    ]
    remarks = [
        f"versions.{name}: made with {stored['versions'].get(name)}, checked with {derived['versions'].get(name)}"
        for name in sorted({*stored["versions"], *derived["versions"]} - {"fingerprints_sha256"})
        if stored["versions"].get(name) != derived["versions"].get(name)
    ]
    return Verification(derived["line"], tuple(sentences), tuple(remarks))


def differences(stored: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every value in which a certificate differs from one derived from the data."""
    stored_values, derived_values = _flatten(stored), _flatten(derived)
    for name in sorted({*stored_values, *derived_values}):
        # Another version of the code that comes to the same counts proves nothing wrong: those become remarks. Other
        # fingerprints are other data.
        if name.startswith("versions.") and name != "versions.fingerprints_sha256":
            continue
        if stored_values.get(name, _ABSENT) != derived_values.get(name, _ABSENT):
            says, data_say = _short(stored_values, name), _short(derived_values, name)
            yield f"{name}: the certificate says {says}, the data say {data_say}"


_ABSENT = object()


def _flatten(tree: Any, name: str = "") -> dict[str, Any]:
    """Return path -> value of all leaves; checks are addressed by name: `audit.checks[groups on both sides].count`."""
    if isinstance(tree, Mapping) and tree:
        return {
            path: leaf
            for key, branch in tree.items()
            for path, leaf in _flatten(branch, f"{name}.{key}" if name else key).items()
        }
    if isinstance(tree, list) and tree and all(isinstance(branch, dict) and "name" in branch for branch in tree):
        leaves: dict[str, Any] = {}
        for place, branch in enumerate(tree):
            path = f"{name}[{branch['name']}]"
            leaves |= _flatten(branch, path if f"{path}.name" not in leaves else f"{path}#{place}")
        return leaves
    return {name: tree}


def _short(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "nothing"
    text = json.dumps(values[name], ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _release_of(path: Path, stored: StoredCertificate) -> str:
    """Return the release around a certificate, else the version that it names."""
    around = next((folder for folder in path.resolve().parents if (folder / SUMS).is_file()), None)
    if around is not None:
        return str(around)
    version = stored["dataset"].rpartition("-")[2]
    if version == VERSION:
        raise SlateboardError(f"{path} speaks of list files. Say where they lie: --dataset FOLDER.")
    return str(version)


def _read_training_record(
    options: Options, certificate: Path, workspace: Workspace, dataset: Dataset
) -> tuple[TrainingRecord | None, list[str]]:
    """Return the training record that the certificate names, and a sentence if it is not the same any more."""
    if options.trained_on is None:
        return None, []
    try:
        paths = [inside(folder, options.trained_on) for folder in (workspace.root, certificate.parent)]
        path = next((path for path in paths if path.exists()), paths[0])
        record = replace(training_record_of(path, workspace, dataset), where=options.trained_on)
    except SlateboardError as error:
        return None, [f"options.trained_on: cannot be read again. {error}"]
    if record.sha256 == options.trained_on_sha256:
        return record, []
    return record, [f"options.trained_on_sha256: {options.trained_on} holds other ids than it did"]


def _wrong_lists(path: Path, workspace: Workspace, dataset: Dataset, split: Split) -> Iterator[str]:
    """Yield a sentence for each list, beside the split and at the root of its release, that is not the split's."""
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


def _is_table(path: Path, expected: pd.DataFrame) -> bool:
    try:
        stored = read_table(path, what="table of parts")
    except BadInput:
        return False
    return stored.astype(object).equals(expected.astype(object))


def _wrong_files(root: Path) -> Iterator[str]:
    """Yield a sentence for each file of a release that is not as in SHA256SUMS; videos are left to the audit."""
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
