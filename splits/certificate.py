"""certificate.json of an audit: what it says, how it is written with its pairs, read again and never weakened."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict, get_args

from slateboard import __version__
from slateboard.dataset import Dataset, table_sha256
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import atomic_write, csv_text, digest, json_text
from slateboard.paths import ID, NAME, PATH, Text, lies_in
from slateboard.reading import read_json, refusal
from slateboard.records.split import Split
from splits.audit.audit import Audit, audit_line
from splits.audit.examination import Depth, Examination, Options, StoredOptions, Versions
from splits.audit.official_lists import is_of_lists
from splits.audit.sheet import EMPTY_SHEET, SHEET, PairSheet, choose_pairs, draw_pairs

CERTIFICATE = "certificate.json"
PAIRS = "pairs.csv"
"""All near-duplicates of train and test, undecided ones too; the sheet shows the first."""
SCHEMA = 2
"""Of certificate.json; 1 had neither the hash of the table nor the options."""
_REQUIRED = ("dataset", "dataset_sha256", "split", "lists_sha256", "options", "audit", "versions")
_SPLIT = Text("split", f"{NAME.pattern}-[1-9][0-9]{{0,8}}", "<protocol>-<number>", 120)
_DEPTHS: tuple[Depth, ...] = get_args(Depth)


class CertificateVersions(Versions):
    """Version of the code, and what else the outcome depends on."""

    slateboard: str


class StoredCertificate(TypedDict):
    """What every certificate.json that is read has; whether it is true is for `verify`."""

    dataset: str
    """<name>-<version>."""
    dataset_sha256: str
    split: str
    """<protocol>-<number>."""
    lists_sha256: str
    options: StoredOptions
    audit: dict[str, Any]
    """The fields of an Audit under their names."""
    versions: CertificateVersions


class Certificate(StoredCertificate):
    """certificate.json as it is made."""

    schema: int
    table_sha256: str
    unused_sha256: str
    """Hash of the ids of the unused clips, sorted."""
    line: str
    """The audit line."""
    leaks: int
    contradictions: int
    unbalanced: int
    unknowns: int


def certificate(
    dataset: Dataset,
    split: Split,
    report: Audit,
    *,
    options: Options | None = None,
    versions: Versions | None = None,
) -> Certificate:
    """Return what certificate.json says: which data and lists, the checks with their counts, which code.

    `options` and `versions` are those of an examination beyond the table. It holds neither place nor time, so that
    the same data give the same bytes.
    """
    return {
        "schema": SCHEMA,
        "dataset": dataset.key,
        "dataset_sha256": dataset.sha256,
        "table_sha256": table_sha256(dataset.classes, dataset.clips),
        "split": split.key,
        "lists_sha256": split.sha256,
        "unused_sha256": digest(sorted(split.unused)),
        "line": audit_line(report),
        "leaks": report.leaks,
        "contradictions": report.contradictions,
        "unbalanced": report.unbalanced,
        "unknowns": report.unknowns,
        "options": (options or Options()).stored(),
        "audit": asdict(report),
        "versions": {"slateboard": __version__, **(versions or {})},
    }


def certificate_of(dataset: Dataset, split: Split, examination: Examination) -> Certificate:
    """Return the certificate of an examination."""
    return certificate(dataset, split, examination.report, options=examination.options, versions=examination.versions)


def write_examination(folder: Path, dataset: Dataset, split: Split, examination: Examination) -> PairSheet:
    """Write the pairs, the sheet of those to look at and the certificate, over those of an earlier audit.

    All are written before the first takes its place, and the certificate takes it last; files of the earlier audit
    that this one does not have are removed after that. So a certificate never lacks the pairs that it counts. One
    that says the same as the earlier one is left alone. Returns the sheet that is drawn.
    """
    sheet = EMPTY_SHEET if is_of_lists(dataset) else choose_pairs(dataset, split, examination.pairs)
    text, path = json_text(certificate_of(dataset, split, examination)), folder / CERTIFICATE
    content = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == content and (folder / SHEET).is_file() == bool(sheet.pairs):
        return sheet
    with ExitStack() as files:
        # Closed in reverse order: what is opened first is renamed last.
        files.enter_context(atomic_write(path)).write_bytes(content)
        if examination.pairs:
            text = csv_text([asdict(pair) for pair in examination.pairs], ("train", "test", "why"))
            files.enter_context(atomic_write(folder / PAIRS)).write_bytes(text.encode("utf-8"))
        if sheet.pairs:
            draw_pairs(files.enter_context(atomic_write(folder / SHEET)), dataset, sheet)
    for name, is_written in ((PAIRS, examination.pairs), (SHEET, sheet.pairs)):
        if not is_written:
            (folder / name).unlink(missing_ok=True)
    return sheet


def refuse_weaker(path: Path, dataset: Dataset, split: Split, *, depth: Depth) -> None:
    """Raise SlateboardError where the certificate at `path` is of this very split and of a deeper audit."""
    try:
        stored = read_certificate(path)
    except BadInput:
        # None is at `path`, or none that proves anything.
        return
    is_of_split = (stored["dataset_sha256"], stored["lists_sha256"]) == (dataset.sha256, split.sha256)
    # table < hashes < media: one made with media stands against hashes and table, one with hashes against table.
    earlier = Options.read(stored["options"]).depth
    if is_of_split and earlier in _DEPTHS[_DEPTHS.index(depth) + 1 :]:
        raise SlateboardError(
            f"{path} was made with {earlier}, and would be replaced by one that looked at {depth} only. "
            "Leave out --no-media, or move that file elsewhere first."
        )


def portable_path(path: Path, root: Path) -> str:
    """Return a file as a certificate names it: relative to the workspace, or its name alone if it is elsewhere.

    A certificate is shown to others, whom folders of this machine do not concern.
    """
    real = path.resolve()
    return real.relative_to(root.resolve()).as_posix() if lies_in(real, [root]) else real.name


def read_certificate(path: Path) -> StoredCertificate:
    """Read certificate.json; raises BadInput for another form or schema."""
    remedy = "Make it anew with `slateboard split audit`."
    document = read_json(path, what="certificate", remedy=remedy)
    try:
        schema = document["schema"]
        if not isinstance(schema, int):
            raise ValueError("its schema is no number")
        if schema == SCHEMA:
            _check(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(path, "certificate", error, remedy=remedy) from None
    if schema != SCHEMA:
        remedy = "Install a newer slateboard." if schema > SCHEMA else "Make it anew with `slateboard split audit`."
        raise BadInput([Problem(str(path), f"has schema {schema}, this slateboard reads {SCHEMA}.", remedy)])
    stored: StoredCertificate = document
    return stored


def _check(stored: dict[str, Any]) -> None:
    """Raise ValueError or TypeError for fields that no audit writes so; whether they are true is for `verify`."""
    missing = [name for name in _REQUIRED if name not in stored]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    texts = ("dataset", "dataset_sha256", "split", "lists_sha256")
    wrong = [name for name in texts if not isinstance(stored[name], str)]
    wrong += [name for name in ("options", "audit", "versions") if not isinstance(stored[name], dict)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} are of another kind")
    options = Options.read(stored["options"])
    if not isinstance(options.bound, int | float) or not isinstance(options.trained_on_sha256, str | None):
        raise ValueError("its options are none that an audit has")
    if faults := _name_faults(stored, options):
        raise ValueError("; ".join(faults))


def _name_faults(stored: Mapping[str, Any], options: Options) -> list[str]:
    """Return what names no dataset, no split, no depth, or no file beside the certificate or in the workspace."""
    faults = [
        ("dataset", ID.fault(stored["dataset"])),
        ("split", _SPLIT.fault(stored["split"])),
        ("options.depth", "" if options.depth in _DEPTHS else f"is {options.depth!r:.100}"),
        ("options.trained_on", "" if options.trained_on is None else PATH.fault(options.trained_on)),
    ]
    return [f"{name} {fault}" for name, fault in faults if fault]
