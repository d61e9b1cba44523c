"""Merge a file of annotations into the list of a workspace: what is new, there already, in conflict, not mapped."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from curate.listing.cells import read_row, write_row
from curate.listing.document import Document
from curate.listing.label_overlaps import LabelOverlap, label_overlaps, window_of_row
from curate.listing.local import check_local
from curate.listing.rows import Entry, Key, Note, SourceRow, Unmapped
from curate.listing.sources import IMPORTERS, ListRules, list_module, read_rows
from curate.listing.unrecognised import refusal
from slateboard.addresses import public_address
from slateboard.catalog.lock import lock_workspace
from slateboard.errors import BadInput, MissingRequirement, Problem
from slateboard.files import atomic_write, csv_text, write_text
from slateboard.registry import Card, Parameters
from slateboard.workspace import Workspace

Kind = Literal["not mapped", "conflict", "repeated", "changed"]
COLUMNS = ("kind", "where", "what", "why", "remedy")


@dataclass(frozen=True)
class ImportIssue:
    """One thing to report of an import: an entry that gave no row, or a row that differs from the file."""

    kind: Kind
    where: str
    what: str
    why: str
    remedy: str = ""


@dataclass
class MergeResult:
    """What became of a file's entries: each is in exactly one of added, already and issues; changed ones in two."""

    added: list[SourceRow] = field(default_factory=list)
    already: int = 0
    """Rows that the list has."""
    issues: list[ImportIssue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """Return how many entries are of a kind."""
        return sum(issue.kind == kind for issue in self.issues)


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    importer: str
    guessed: bool
    merged: MergeResult
    unmapped: Path | None
    """File that lists the issues; None where there are none."""
    overlaps: list[LabelOverlap]
    """Windows of the list, with what was added, that share time under two labels."""


def import_file(
    workspace: Workspace, path: Path, *, importer: str | None, assignments: Sequence[str], allow_local: bool = False
) -> ImportReport:
    """Add what a file lists to the workspace's list; the list is written whole, and only if it grows.

    `importer` names the format of the file; None: it is recognised where only one fits. `assignments` are its
    parameters as `name=value`. Raises BadInput where the file or the list cannot be read, or where it names local files
    outside its folder and the workspace and `allow_local` is false; then nothing is written.
    """
    document = Document(path)
    importer_name = importer or guess(document)
    module = IMPORTERS.load(importer_name)
    parameters = settle(module.CARD, assignments, name=importer_name)
    if not workspace.root.is_dir():
        raise BadInput([Problem(str(workspace.root), "is no folder.", "Begin with `slateboard init FOLDER`.")])
    entries = list(module.rows(document, parameters))
    if not allow_local:
        listed_paths = [
            (f"{document.name} {entry.where}", entry.url) for entry in entries if isinstance(entry, SourceRow)
        ]
        check_local(listed_paths, root=workspace.root, folders=[workspace.root, path.parent])
    with lock_workspace(workspace.catalog.with_suffix(".lock")):
        listed = workspace.sources
        rules = ListRules(workspace.settings.labels)
        has_rows = listed.is_file() and bool(listed.read_bytes().strip())
        listed_document = Document(listed)
        listed_rows = read_rows(listed_document, labels=workspace.settings.labels) if has_rows else []
        for _, row in listed_rows:
            rules.add(row)
        merged = merge(entries, rules, folder=workspace.root, name=listed.name)
        report = workspace.root / "imports" / f"{path.stem}.unmapped.csv"
        if merged.issues:
            write_text(report, csv_text([vars(issue) for issue in merged.issues], COLUMNS))
        else:
            report.unlink(missing_ok=True)
        merged.notes[:0] = [document.note] if document.note else []
        if merged.added:
            text = _to_append_to(listed_document, report.parent, merged.notes) if has_rows else ""
            write_text(listed, list_module(listed).append(text, merged.added))
    windows = [window_of_row(row, where=f"{listed.name} line {line}") for line, row in listed_rows]
    windows += [window_of_row(row, where=f"{path.name} {row.where}") for row in merged.added]
    unmapped = report if merged.issues else None
    return ImportReport(importer_name, importer is None, merged, unmapped, label_overlaps(windows))


def _to_append_to(listed_document: Document, folder: Path, notes: list[str]) -> str:
    """Return the text of a list to which rows are added: as it stands, or written anew where it is no plain one."""
    understood = listed_document.note
    if not understood:
        return listed_document.path.read_bytes().decode("utf-8")
    # Rows of commas in a list of semicolons could not be read again. What the new text leaves out (a title, the way in
    # which times were written) stays in a copy.
    copy = folder / f"{listed_document.name}.before"
    with atomic_write(copy) as temporary:
        temporary.write_bytes(listed_document.path.read_bytes())
    notes.append(f"{listed_document.name}: {understood}. It is written anew as plain UTF-8; as it was: {copy}")
    return list_module(listed_document.path).standard(listed_document)


def guess(document: Document) -> str:
    """Return the only importer that recognises a file; raises BadInput if there is none, or more than one."""
    candidates = []
    needed: dict[str, Sequence[str]] = {}
    for name in IMPORTERS.names():
        with suppress(MissingRequirement):  # an importer that lacks something does not hinder the others
            module = IMPORTERS.load(name)
            candidates += [name] if module.recognises(document) else []
            needed[name] = getattr(module, "NEEDED", ())
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise document.refuse(f"may be {' or '.join(candidates)}.", f"Name it with --from: {', '.join(candidates)}.")
    raise refusal(document, {name: columns for name, columns in needed.items() if columns}, IMPORTERS.names())


def settle(card: Card, assignments: Sequence[str], *, name: str) -> Parameters:
    """Return the parameters of an importer, each `name=value` read as its default's type."""
    where = f"--set of {name}"
    values: dict[str, str | float] = {}
    for text in assignments:
        key, sign, value = text.partition("=")
        if not sign:
            raise BadInput([Problem("--set", f"{text!r} has no value.", "Write NAME=VALUE.")])
        values[key.strip()] = value.strip()
        parameter = card.parameters.get(key.strip())
        if parameter is not None and isinstance(parameter.default, float):
            with suppress(ValueError):  # settle says which type is wanted
                values[key.strip()] = float(value)
    return card.settle(values, where=where)


def merge(entries: Iterable[Entry], rules: ListRules, *, folder: Path, name: str) -> MergeResult:
    """Decide for each entry whether it is new, already listed, in conflict or unmapped; add the new ones to `rules`."""
    # A row is compared with the rows of this file, then with the list: url + start + end make the same source. Same key
    # and label: repeated (file) or already (list); other label: conflict; a new key that breaks a rule: not mapped.
    merged = MergeResult()
    listed, accepted = dict(rules.row_by_key), dict[Key, SourceRow]()
    unmapped: dict[str, ImportIssue] = {}
    for entry in entries:
        if isinstance(entry, Note):
            merged.notes.append(entry.text)
            continue
        if isinstance(entry, Unmapped):
            unmapped[entry.where] = _joined(unmapped.get(entry.where), entry)
            continue
        row, problems = _canonical(entry, rules, folder)
        if row is None:
            unmapped[entry.where] = _not_mapped(entry, problems)
        elif row.key in accepted:
            earlier = accepted[row.key]
            merged.issues.append(_again(row, earlier, place=earlier.where))
        elif row.key in listed and row.label != listed[row.key].label:
            accepted[row.key] = row
            listed_row = listed[row.key]
            merged.issues.append(_again(row, listed_row, place=f"{name} {listed_row.where}"))
        elif row.key not in listed and (problems := rules.problems(row)):
            unmapped[row.where] = _not_mapped(row, problems)
        else:
            accepted[row.key] = row
            if row.key in listed:
                merged.already += 1
            else:
                rules.add(row)
                merged.added.append(row)
            if row.changed:
                merged.issues.append(ImportIssue("changed", row.where, row.description, f"{row.changed}."))
    merged.issues = [*unmapped.values(), *merged.issues]
    return merged


def _canonical(row: SourceRow, rules: ListRules, folder: Path) -> tuple[SourceRow | None, list[Unmapped]]:
    """Return (the row as the list will give it back, problems); only a row that can be read again is written.

    A class that the list or the settings write otherwise (`Javelin throw`, `JavelinThrow`) is written as they do.
    """
    reread, problems = read_row(write_row(row), where=row.where, folder=folder)
    if reread is None:
        return None, problems
    label = rules.spelling(reread.label)
    respelt = f"label {reread.label!r} written as {label!r}" if label != reread.label else ""
    return replace(reread, label=label, changed=", ".join(filter(None, (row.changed, respelt)))), problems


def _joined(earlier: ImportIssue | None, entry: Unmapped) -> ImportIssue:
    """Return the issue of an unmapped entry; several problems of one entry become one issue."""
    if earlier is None:
        return ImportIssue("not mapped", entry.where, entry.what, entry.why, entry.remedy)
    why = f"{earlier.why.rstrip('.')}; {entry.what} {entry.why}"
    remedy = earlier.remedy if entry.remedy in earlier.remedy else f"{earlier.remedy} {entry.remedy}"
    return replace(earlier, why=why, remedy=remedy.strip())


def _not_mapped(row: SourceRow, problems: Sequence[Unmapped]) -> ImportIssue:
    why = "; ".join(f"{problem.what} {problem.why}".rstrip(".") for problem in problems)
    return ImportIssue(
        "not mapped",
        row.where,
        row.description,
        f"{why}.",
        " ".join(dict.fromkeys(problem.remedy for problem in problems)),
    )


def _again(row: SourceRow, earlier: SourceRow, *, place: str) -> ImportIssue:
    """Return the issue of a row that has video, start and end of another."""
    place = place if row.url == earlier.url else f"{place} as {public_address(earlier.url)}"
    if row.label == earlier.label:
        return ImportIssue("repeated", row.where, f"{row.description}, in {place} too,", "is there twice.")
    remedy = "Nothing was overwritten: correct one of the two."
    return ImportIssue(
        "conflict", row.where, f"{row.description}, {earlier.label!r} in {place},", "has two labels.", remedy
    )


def reasons(issues: Iterable[ImportIssue]) -> Mapping[str, int]:
    """Return reason -> count, the most frequent first."""
    counts: dict[str, int] = {}
    for issue in issues:
        counts[issue.why] = counts.get(issue.why, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
