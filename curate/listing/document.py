"""A file to import, read and parsed at most once, whoever asks: text, CSV, JSON or XML; bounded in size and depth."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from slateboard.errors import BadInput, Problem
from slateboard.reading import MOST_DEPTH, check_parsed, read_bytes

_NAMED = 10
"""Lines with the same fault that are listed one by one; the rest is counted."""


class Document:
    """One file. Where it cannot be parsed, `json` and `xml` raise BadInput; `json_or_none`, `xml_or_none` give None."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """File name, for messages."""
        return self.path.name

    def refuse(self, what: str, remedy: str, *, where: str = "") -> BadInput:
        """Return the error for a file that cannot be read as a whole."""
        return BadInput([Problem(f"{self.name} {where}".strip(), what, remedy)])

    @cached_property
    def text(self) -> str:
        """The file as UTF-8 text, without a byte order mark; raises BadInput with every line that is not UTF-8."""
        if not self.path.is_file():
            raise BadInput([Problem(str(self.path), "is not there.", "Give the path of a file.")])
        content = read_bytes(self.path, what="list that is read whole", remedy="Divide it into several files.")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadInput(_not_utf8(self.name, content.split(b"\n"))) from None

    @cached_property
    def header(self) -> list[str]:
        """The cells of the first line, as CSV."""
        return header_of(self.text)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of its last line, cells) of the CSV records after the first that are not blank."""
        reader = csv.reader(io.StringIO(self.text, newline=""), strict=True)
        try:
            next(reader, None)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            where = f"line {reader.line_num}"
            raise self.refuse(f"is not CSV ({error}).", "Look for a quote that is not closed.", where=where) from None

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


def header_of(text: str) -> list[str]:
    """Return the cells of the first line; [] where it is blank or not CSV."""
    try:
        cells = next(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True), [])
    except csv.Error:
        return []
    return [name.strip() for name in cells]


def without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dictionary; ValueError if a key occurs twice."""
    # json.loads keeps the last of two equal keys: {"label": "Kick", "label": "Jump"} would silently become Jump.
    value = dict(pairs)
    if len(value) < len(pairs):
        earlier_keys: set[str] = set()
        repeated_key = next(key for key, _ in pairs if key in earlier_keys or earlier_keys.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {repeated_key!r} occurs twice in one object")
    return value


def _not_utf8(name: str, lines: Sequence[bytes]) -> list[Problem]:
    """Return a problem for each line that is not UTF-8, with the first byte that is wrong."""
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            what = f"byte 0x{line[error.start]:02x} is not UTF-8."
            problems.append(Problem(f"{name} line {number}", what, "Save the file as UTF-8."))
    if len(problems) > _NAMED:
        what = f"has {len(problems) - _NAMED} more lines that are not UTF-8."
        problems[_NAMED:] = [Problem(name, what, "Save the file as UTF-8.")]
    return problems


def _is_deep(root: ElementTree.Element) -> bool:
    """Return whether elements are nested deeper than MOST_DEPTH, where recursive code would overflow the stack."""
    # Breadth first, one level at a time: the check itself must not recurse.
    level = [root]
    for _ in range(MOST_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
