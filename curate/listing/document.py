"""A file to import, read and parsed at most once, whoever asks: text, CSV, JSON or XML; bounded in size and depth."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from curate.listing.dialect import Ambiguous, BrokenTable, Dialect, read_dialect, table_records
from curate.listing.encoding import decode
from slateboard.errors import BadInput, Problem
from slateboard.reading import MOST_DEPTH, check_parsed, read_bytes


class Document:
    """One file. Where it cannot be parsed, `json` and `xml` raise BadInput; `json_or_none`, `xml_or_none` give None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.understood: list[str] = []
        """What its importer understood of single cells, such as decimal commas."""
        self._is_table = False

    @property
    def name(self) -> str:
        """File name, for messages."""
        return self.path.name

    def refuse(self, what: str, remedy: str, *, where: str = "") -> BadInput:
        """Return the error for a file that cannot be read as a whole."""
        return BadInput([Problem(f"{self.name} {where}".strip(), what, remedy)])

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        if not self.path.is_file():
            raise BadInput([Problem(str(self.path), "is not there.", "Give the path of a file.")])
        content = read_bytes(self.path, what="list that is read whole", remedy="Divide it into several files.")
        return decode(content, name=self.name)

    @property
    def text(self) -> str:
        """The file as text, without a byte order mark; raises BadInput where it is neither UTF-8 nor UTF-16."""
        return self._decoded[0]

    @cached_property
    def dialect(self) -> Dialect:
        """How its table is written; raises BadInput where two separators give one."""
        try:
            return read_dialect(self.text)
        except Ambiguous as error:
            remedy = "Part all cells by one of them, or put `sep=;` with that sign above the header."
            raise self.refuse(f"{error}.", remedy) from None

    @cached_property
    def header(self) -> list[str]:
        """The names of the columns as they are written; [] where it cannot be told what separates them."""
        try:
            return list(self.dialect.header)
        except BadInput:
            return []

    @property
    def columns(self) -> list[str]:
        """The names of the columns in lower case, with straight blanks: `URL` of a spreadsheet is url."""
        return [" ".join(name.casefold().split()) for name in self.header]

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of its last line, cells) of the table's records below the header that are not blank."""
        dialect = self.dialect
        self._is_table = True
        try:
            yield from table_records(self.text, dialect)
        except BrokenTable as error:
            remedy = "Look for a quote that is not closed."
            raise self.refuse(f"is not CSV ({error}).", remedy, where=f"line {error.line}") from None

    @property
    def note(self) -> str:
        """What was understood of how the file is written, if it is more than a plain table in UTF-8; else empty."""
        encoding = self._decoded[1] if self._decoded[1] != "UTF-8" else ""
        form = " ".join(filter(None, (self.dialect.form if self._is_table else "", encoding)))
        remarks = [*(self.dialect.remarks if self._is_table else ()), *self.understood]
        return "; ".join([f"read as {form}", *remarks] if form else remarks)

    @cached_property
    def json(self) -> Any:
        """The file as JSON; an object with a repeated key is refused, since one of the two values would be lost."""
        try:
            return check_parsed(json.loads(self.text, object_pairs_hook=without_repeats), finite=False)
        except json.JSONDecodeError as error:
            raise self.refuse(
                f"is not JSON: {error.msg}.", "Export it anew.", where=f"line {error.lineno} column {error.colno}"
            ) from None
        except (ValueError, RecursionError) as error:
            raise self.refuse(f"cannot be read: {error}.", "Mend or export it anew.") from None

    @cached_property
    def json_or_none(self) -> Any:
        """The file as JSON; None where it is not."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return self.json
        except BadInput:
            return None

    @cached_property
    def xml(self) -> ElementTree.Element:
        """The root of the file as XML; a file that declares a document type is refused."""
        # Entities may expand each other: ten levels of ten references make 10^10 copies of one text ("billion laughs").
        if "<!DOCTYPE" in self.text or "<!ENTITY" in self.text:
            raise self.refuse("declares a document type.", "Remove the declaration; annotation files have none.")
        try:
            root = ElementTree.fromstring(self.text)
        except (ElementTree.ParseError, ValueError) as error:
            raise self.refuse(f"is not XML: {error}.", "Export it anew.") from None
        if _is_deep(root):
            raise self.refuse(f"holds elements deeper than {MOST_DEPTH}.", "Export it anew.")
        return root

    @cached_property
    def xml_or_none(self) -> ElementTree.Element | None:
        """The root of the file as XML; None where it is not."""
        if not self.text.lstrip().startswith("<"):
            return None
        try:
            return self.xml
        except BadInput:
            return None


def without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dictionary; ValueError if a key occurs twice."""
    # json.loads keeps the last of two equal keys: {"label": "Kick", "label": "Jump"} would silently become Jump.
    value = dict(pairs)
    if len(value) < len(pairs):
        earlier_keys: set[str] = set()
        repeated_key = next(key for key, _ in pairs if key in earlier_keys or earlier_keys.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {repeated_key!r} occurs twice in one object")
    return value


def _is_deep(root: ElementTree.Element) -> bool:
    """Return whether elements are nested deeper than MOST_DEPTH, where recursive code would overflow the stack."""
    # Breadth first, one level at a time: the check itself must not recurse.
    level = [root]
    for _ in range(MOST_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
