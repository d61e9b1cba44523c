"""Entries of list files: what a list form reads and writes, and the lines that all forms share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from slateboard.errors import BadInput, Problem
from slateboard.registry import Registry

LISTS = Registry("splits.lists", ("CARD", "read", "write"))
"""A form has `read(folder) -> Listing` and `write(listing) -> dict[str, str]`: file name to text."""

CLASSES_FILE = "classInd.txt"


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    path: str
    """As written: a path with `/`, or a bare file name."""
    part: Literal["train", "test", "unused"]
    number: int
    """1-based number of the split."""
    label: str
    """Class as the list tells it: the folder of the path, or the name of the list file."""
    class_index: int | None = None
    """1-based; None where the line has none."""
    where: str = field(default="", compare=False)
    """File and line."""

    @property
    def stem(self) -> str:
        """File name without folder and extension."""
        return stem(self.path)


@dataclass(frozen=True)
class Style:
    """How the lines of list files end; kept so that official files are written back byte for byte."""

    line_end: Literal["\n", "\r\n"] = "\n"
    blank_at_end: bool = False
    """A space before each line end, as in HMDB51's lists."""
    byte_order_mark: bool = False

    def text(self, lines: list[str]) -> str:
        """Return lines as the text of one file."""
        end = (" " if self.blank_at_end else "") + self.line_end
        return ("\ufeff" if self.byte_order_mark else "") + "".join(f"{line}{end}" for line in lines)


@dataclass(frozen=True)
class Listing:
    """All lists of one folder."""

    entries: tuple[Entry, ...]
    classes: tuple[str, ...] = ()
    """In the order of classInd.txt; empty where there is none."""
    style: Style = Style()
    """Of the first list file."""


def stem(path: str) -> str:
    """Return the file name of a path or an http(s) address, without extension.

    A local name may hold `#`, `?` and `%`; only an address is cut at them.
    """
    if path.startswith(("http://", "https://")):
        path = path.partition("#")[0].partition("?")[0]
    return PurePosixPath(path.replace("\\", "/")).stem


def read_text(path: Path) -> str:
    """Return the text of a list file as it is, byte order mark included."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput([Problem(str(path), f"is not UTF-8 (byte {error.start}).", "Save it as UTF-8.")]) from None


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield `file:line` and text of each line that is not blank, without line end, outer blanks and BOM."""
    for number, line in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield f"{path.name}:{number}", line.strip()


def style_of(path: Path) -> Style:
    """Return how the first line of a file ends."""
    text = read_text(path)
    first, found, _ = text.partition("\n")
    return Style(
        line_end="\r\n" if found and first.endswith("\r") else "\n",
        blank_at_end=first.rstrip("\r").endswith(" "),
        byte_order_mark=text.startswith("\ufeff"),
    )


def read_classes(folder: Path) -> tuple[str, ...]:
    """Read `1 Class` lines of classInd.txt; () where there is no such file."""
    path = folder / CLASSES_FILE
    if not path.is_file():
        return ()
    classes, problems = [], []
    for where, line in lines_of(path):
        number, _, name = line.partition(" ")
        classes.append(name.strip())
        if number != str(len(classes)) or not name.strip():
            remedy = f"Expected '{len(classes)} <class>': indices count from 1."
            problems.append(Problem(where, f"is '{line}'.", remedy))
    if problems:
        raise BadInput(problems)
    return tuple(classes)


def classes_text(listing: Listing) -> dict[str, str]:
    """Return classInd.txt of a listing, or nothing where it has no classes."""
    lines = [f"{index} {name}" for index, name in enumerate(listing.classes, start=1)]
    return {CLASSES_FILE: listing.style.text(lines)} if lines else {}


def folder_label(path: str) -> str:
    """Return the class of `Class/v_x.mp4`: the name of the last folder, empty where there is none."""
    return PurePosixPath(path.replace("\\", "/")).parent.name


def no_lists(folder: Path, wanted: str) -> BadInput:
    """Return the error of a folder without the files of a form."""
    there = "There is no such folder." if not folder.is_dir() else f"Expected {wanted}; try another `form`."
    return BadInput([Problem(str(folder), "holds no list of this form.", there)])
