"""Read the workspace's list of sources: its digest, its rows, and the rules between rows."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from curate.listing.cells import read_row
from curate.listing.document import Document
from curate.listing.labels import clash, class_key, is_other_word
from curate.listing.rows import Entry, Key, SourceRow, Unmapped
from slateboard.addresses import public_address
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.files import digest, sha256_of
from slateboard.records.source import Source, source_id
from slateboard.registry import Extension, Parameters, Registry
from slateboard.scripts import quoted
from slateboard.workspace import Workspace


class ImporterModule(Extension, Protocol):
    """What a file of curate/importers defines."""

    def recognises(self, document: Document) -> bool:
        """Return True only where the file can be of no other form."""

    def rows(self, document: Document, parameters: Parameters) -> Iterator[Entry]:
        """Yield a SourceRow, an Unmapped or a Note for each entry of the file; `parameters` are all of the CARD's."""


class ListModule(ImporterModule, Protocol):
    """What an importer defines whose form a workspace may keep its own list in."""

    def lines(self, document: Document) -> Iterator[tuple[int, dict[str, str], list[Unmapped]]]:
        """Yield (line number, cells by column, what is wrong with the line) of the lines that are not blank."""

    def append(self, text: str, added: Sequence[SourceRow]) -> str:
        """Return the text of a list with rows added at its end."""

    def standard(self, document: Document) -> str:
        """Return the text of a list that is written in another way, in the way that `append` goes on with."""


IMPORTERS = Registry("curate.importers", ImporterModule)
LISTS = Registry("curate.importers", ListModule)
"""The importers that can also append: formats of a workspace's own list, chosen by its file name's extension."""
_READING = 2
"""Raised when the same list gives other sources than before, so that it is read anew."""


def list_module(path: Path) -> ListModule:
    """Return the importer of a workspace's own list, by the ending of its name."""
    return LISTS.load(path.suffix.removeprefix("."))


def list_key(workspace: Workspace) -> str:
    """Return the digest of the list and of the labels that the settings allow: all that its sources depend on."""
    path = workspace.sources
    return digest([sha256_of(path) if path.is_file() else "", workspace.settings.labels, _READING])


def read_list(workspace: Workspace, *, on_note: Callable[[str], None] | None = None) -> list[Source]:
    """Return the sources in the order of the list; raises BadInput with every problem at once.

    `on_note` is given what was understood of a list that is no plain one: its separator, its encoding, its times.
    """
    path = workspace.sources
    if not path.is_file():
        raise BadInput([Problem(str(path), "is not there.", "Begin with `slateboard init FOLDER`.")])
    document = Document(path)
    rows = read_rows(document, labels=workspace.settings.labels)
    if on_note is not None and document.note:
        on_note(f"{path.name}: {document.note}.")
    if not rows:
        raise BadInput([Problem(path.name, "lists no source.", "Write a line for each link.")])
    return [_source(row, line) for line, row in rows]


def read_rows(document: Document, *, labels: Sequence[str]) -> list[tuple[int, SourceRow]]:
    """Return (line, row) of a list in its order; raises BadInput with every problem at once.

    `labels` are those allowed; none: any label, each spelt one way. Local paths are relative to the list.
    """
    rules, path = ListRules(labels), document.path
    rows, problems = [], []
    for line, cells, line_problems in list_module(path).lines(document):
        row, cell_problems = read_row(cells, where=f"line {line}", folder=path.parent) if cells else (None, [])
        cell_problems = [*line_problems, *cell_problems]
        if row is not None:
            cell_problems += rules.problems(row)
            rules.add(row)
            rows.append((line, row))
        problems += [
            Problem(f"{path.name} {problem.where}", f"{problem.what} {problem.why}", problem.remedy)
            for problem in cell_problems
        ]
    if problems:
        raise BadInput(problems)
    return rows


class ListRules:
    """Rules between the rows of one list: no row twice, each label spelt one way or as the settings say."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.allowed = tuple(unicodedata.normalize("NFC", label) for label in labels)
        self.row_by_key: dict[Key, SourceRow] = {}
        """Key -> the row that has it."""
        self._row_by_stream: dict[str, SourceRow] = {}
        """Address -> the first row that names a stream of it."""
        self._spelt = {class_key(label): (label, "the settings") for label in self.allowed}

    def problems(self, row: SourceRow) -> list[Unmapped]:
        """Return the problems of one more row."""
        problems = []
        earlier = self.row_by_key.get(row.key)
        if earlier is not None:
            problems.append(_repeat(row, earlier))
        row_of_stream = self._row_by_stream.get(row.key[0])
        if row_of_stream is not None and row.stream not in (None, row_of_stream.stream):
            why = f"is named where {row_of_stream.where} names stream {row_of_stream.stream} of the same file."
            problems.append(Unmapped(row.where, f"stream {row.stream}", why, "Name one stream of a file."))
        # `Javelin throw` and `JavelinThrow` give one class name, so that the spelling first met (the settings', else
        # the first row's) is asked for; a label that is itself among the settings' is left as it is.
        label, where = self._spelt.get(class_key(row.label), (row.label, ""))
        if label != row.label and row.label not in self.allowed:
            why, remedy = clash(row.label, label, where)
            problems.append(Unmapped(row.where, f"label {quoted(row.label)}", why, remedy))
        elif self.allowed and label not in self.allowed:
            remedy = did_you_mean(row.label, self.allowed)
            problems.append(
                Unmapped(row.where, f"label {row.label!r}", "is not among the labels of the settings.", remedy)
            )
        return problems

    def spelling(self, label: str) -> str:
        """Return the spelling of a class in the settings or the rows so far; the label itself where it is new.

        Or where it may be another word, which has the same class name: bỏng (burn), bóng (ball).
        """
        spelling = self._spelt.get(class_key(label), (label, ""))[0]
        return label if label in self.allowed or is_other_word(label, spelling) else spelling

    def add(self, row: SourceRow) -> None:
        """Add a row to those that later rows are compared with."""
        self.row_by_key.setdefault(row.key, row)
        if row.stream is not None:
            self._row_by_stream.setdefault(row.key[0], row)
        self._spelt.setdefault(class_key(row.label), (row.label, row.where))


def _repeat(row: SourceRow, earlier: SourceRow) -> Unmapped:
    """Return the problem of a window that an earlier row has: the same, another spelling of it, or another label."""
    video = "url" if row.url == earlier.url else f"video as {public_address(earlier.url)!r}"
    why = f"repeats {earlier.where} (same {video}, start and end)."
    if row.label == earlier.label:
        return Unmapped(row.where, "the row", why, "Remove one of them.")
    what = f"the row labelled {quoted(row.label)}"
    return Unmapped(row.where, what, f"{why[:-1]}, which is labelled {quoted(earlier.label)}.", "Keep the right one.")


def _source(row: SourceRow, line: int) -> Source:
    return Source(
        source_id=source_id(row.url, row.start_s, row.end_s),
        line=line,
        url=row.url,
        label=row.label,
        start_s=row.start_s,
        end_s=row.end_s,
        group=row.group,
        licence=row.licence,
        effects=row.effects,
        note=row.note,
        stream=row.stream,
    )
