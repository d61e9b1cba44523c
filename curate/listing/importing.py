"""Merge a file of annotations into the list of a workspace: what is new, there already, in conflict, not mapped."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from curate.listing.cells import read_row, write_row
from curate.listing.document import Document
from curate.listing.local import check_local
from curate.listing.rows import Entry, Note, Row, Unmapped
from curate.listing.sources import IMPORTERS, LISTS, Rules, read_rows
from slateboard.catalog.lock import held
from slateboard.errors import BadInput, MissingRequirement, Problem
from slateboard.files import csv_text, write_text
from slateboard.registry import Card
from slateboard.workspace import Workspace

Kind = Literal["not mapped", "conflict", "repeated", "changed"]
COLUMNS = ("kind", "where", "what", "why", "remedy")


@dataclass(frozen=True)
class Told:
    """One thing to tell of an import: an entry without row, or a row that is not as the file has it."""

    kind: Kind
    where: str
    what: str
    why: str
    remedy: str = ""


@dataclass
class Merged:
    """What became of every entry of a file: each is in exactly one of added, already and told, changed ones in two."""

    added: list[Row] = field(default_factory=list)
    already: int = 0
    """Rows that the list has."""
    told: list[Told] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """Return how many entries are of a kind."""
        return sum(told.kind == kind for told in self.told)


@dataclass(frozen=True)
class Outcome:
    """What an import did."""

    importer: str
    guessed: bool
    merged: Merged
    unmapped: Path | None
    """File that lists all that is told; None where there is nothing."""


def import_file(
    workspace: Workspace, path: Path, *, importer: str | None, given: Sequence[str], allow_local: bool = False
) -> Outcome:
    """Add what a file lists to the workspace's list; the list is written whole, and only if it grows.

    `importer` names the form of the file; None: it is told from the file where that is certain. `given` are its
    parameters as `name=value`. Raises BadInput where the file or the list cannot be read, or where it names local files
    outside its folder and the workspace and `allow_local` is false; then nothing is written.
    """
    document = Document(path)
    chosen = importer or guess(document)
    module = IMPORTERS.load(chosen)
    parameters = settle(module.CARD, given, name=chosen)
    if not workspace.root.is_dir():
        raise BadInput([Problem(str(workspace.root), "is no folder.", "Begin with `slateboard init FOLDER`.")])
    entries = list(module.rows(document, parameters))
    if not allow_local:
        named = [(f"{document.name} {one.where}", one.url) for one in entries if isinstance(one, Row)]
        check_local(named, root=workspace.root, folders=[workspace.root, path.parent])
    with held(workspace.catalog.with_suffix(".lock")):
        listed = workspace.sources
        rules = Rules(workspace.settings.labels)
        there = listed.is_file() and bool(listed.read_bytes().strip())
        for _, row in read_rows(listed, labels=workspace.settings.labels) if there else ():
            rules.keep(row)
        merged = merge(entries, rules, folder=workspace.root, name=listed.name)
        report = workspace.root / "imports" / f"{path.stem}.unmapped.csv"
        if merged.told:
            write_text(report, csv_text([vars(told) for told in merged.told], COLUMNS))
        else:
            report.unlink(missing_ok=True)
        if merged.added:
            text = listed.read_bytes().decode("utf-8") if there else ""
            write_text(listed, LISTS.load(listed.suffix.removeprefix(".")).append(text, merged.added))
    return Outcome(chosen, importer is None, merged, report if merged.told else None)


def guess(document: Document) -> str:
    """Return the only importer that recognises a file; raises BadInput if there is none, or more than one."""
    found = []
    for name in IMPORTERS.names():
        with suppress(MissingRequirement):  # an importer that lacks something does not hinder the others
            found += [name] if IMPORTERS.load(name).recognises(document) else []
    if len(found) == 1:
        return found[0]
    what = f"may be {' or '.join(found)}." if found else "is of no form that is known for certain."
    raise document.refuse(what, f"Name it with --from: {', '.join(found or IMPORTERS.names())}.")


def settle(card: Card, given: Sequence[str], *, name: str) -> dict[str, Any]:
    """Return the parameters of an importer, each `name=value` read as its default's type."""
    where = f"--set of {name}"
    values: dict[str, Any] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign:
            raise BadInput([Problem("--set", f"{text!r} has no value.", "Write NAME=VALUE.")])
        values[key.strip()] = value.strip()
        known = card.parameters.get(key.strip())
        if known is not None and isinstance(known.default, float):
            with suppress(ValueError):  # settle says which type is wanted
                values[key.strip()] = float(value)
    return card.settle(values, where=where)


def merge(entries: Iterable[Entry], rules: Rules, *, folder: Path, name: str) -> Merged:
    """Return what becomes of each entry beside the rows that `rules` keeps; new ones are kept there too.

    `folder` is where local paths are looked for, `name` the list's, for people.
    """
    merged = Merged()
    listed, own = dict(rules.kept), dict[tuple[str, float | None, float | None], Row]()
    unmapped: dict[str, Told] = {}
    for entry in entries:
        if isinstance(entry, Note):
            merged.notes.append(entry.text)
            continue
        if isinstance(entry, Unmapped):
            unmapped[entry.where] = _joined(unmapped.get(entry.where), entry)
            continue
        row, wrong = _canonical(entry, rules, folder)
        if row is None:
            unmapped[entry.where] = _not_mapped(entry, wrong)
        elif row.key in own:
            earlier = own[row.key]
            merged.told.append(_again(row, earlier, place=earlier.where))
        elif row.key in listed and row.label != listed[row.key].label:
            own[row.key] = row
            known = listed[row.key]
            merged.told.append(_again(row, known, place=f"{name} {known.where}"))
        elif row.key not in listed and (wrong := rules.wrong(row)):
            unmapped[row.where] = _not_mapped(row, wrong)
        else:
            own[row.key] = row
            if row.key in listed:
                merged.already += 1
            else:
                rules.keep(row)
                merged.added.append(row)
            if row.changed:
                merged.told.append(Told("changed", row.where, row.told, f"{row.changed}."))
    merged.told = [*unmapped.values(), *merged.told]
    return merged


def _canonical(row: Row, rules: Rules, folder: Path) -> tuple[Row | None, list[Unmapped]]:
    """Return the row as the list will give it back, or what is wrong with it: only what reads well is written.

    A class that the list or the settings write otherwise (`Javelin throw`, `JavelinThrow`) is written as they do.
    """
    again, wrong = read_row(write_row(row), where=row.where, folder=folder)
    if again is None:
        return None, wrong
    label = rules.spelling(again.label)
    respelt = f"label {again.label!r} written as {label!r}" if label != again.label else ""
    return replace(again, label=label, changed=", ".join(filter(None, (row.changed, respelt)))), wrong


def _joined(earlier: Told | None, entry: Unmapped) -> Told:
    """Tell an unmapped entry; several things that are wrong with one entry are told as one."""
    if earlier is None:
        return Told("not mapped", entry.where, entry.what, entry.why, entry.remedy)
    why = f"{earlier.why.rstrip('.')}; {entry.what} {entry.why}"
    return replace(earlier, why=why, remedy=f"{earlier.remedy} {entry.remedy}".strip())


def _not_mapped(row: Row, wrong: Sequence[Unmapped]) -> Told:
    why = "; ".join(f"{one.what} {one.why}".rstrip(".") for one in wrong)
    return Told("not mapped", row.where, row.told, f"{why}.", " ".join(dict.fromkeys(one.remedy for one in wrong)))


def _again(row: Row, earlier: Row, *, place: str) -> Told:
    """Tell of a row that has url, start and end of another."""
    if row.label == earlier.label:
        return Told("repeated", row.where, f"{row.told}, in {place} too,", "is there twice.")
    remedy = "Nothing was overwritten: correct one of the two."
    return Told("conflict", row.where, f"{row.told}, {earlier.label!r} in {place},", "has two labels.", remedy)


def reasons(told: Iterable[Told]) -> Mapping[str, int]:
    """Return reason -> count, the most frequent first."""
    counts: dict[str, int] = {}
    for one in told:
        counts[one.why] = counts.get(one.why, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
