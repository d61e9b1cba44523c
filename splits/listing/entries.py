"""Entries of list files: what a list form reads and writes, and the helpers that all forms share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from slateboard.addresses import is_web
from slateboard.errors import BadInput, Problem
from slateboard.paths import ID, PATH, REMEDY
from slateboard.reading import read_bytes
from slateboard.registry import Extension, Registry
from splits.listing.lines import Style, split_lines

CLASSES_FILE = "classInd.txt"
_MAX_LINE = 4096
"""Characters of a line: a path, and a number or two."""
_MAX_CLASSES = 1_000_000
"""Greatest label where the lists do not name their classes."""
Subset = Literal["train", "test", "unused"]


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    path: str
    """As written: a path with `/`, a bare file name, or an id."""
    subset: Subset
    number: int
    """1-based number of the split."""
    label: str
    """Class as the list gives it: the folder of the path, the name of the list file, or a column."""
    class_index: int | None = None
    """1-based, whatever the form counts from; None where the line has none."""
    file: str = ""
    """Name of its list file, where it does not follow from label, subset and number."""
    columns: tuple[tuple[str, str], ...] = ()
    """Further columns as written: name and value."""
    where: str = field(default="", compare=False)
    """File and line."""

    @property
    def stem(self) -> str:
        """File name without folder and extension."""
        return stem(self.path)


@dataclass(frozen=True)
class Listing:
    """All lists of one folder."""

    entries: tuple[Entry, ...]
    classes: tuple[str, ...] = ()
    """In the order of their indices; empty where the lists do not name them."""
    name: str = ""
    """Of the dataset, for forms that have it in the names of their files."""
    styles: Mapping[str, Style] = field(default_factory=dict, compare=False)
    """File name -> how it was written; a file that was not read is written plainly."""

    def texts(self, lines: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return lines by file name as texts, files that were read and are empty included."""
        names = [*self.styles, *(name for name in lines if name not in self.styles)]
        return {name: self.style(name).text(lines.get(name, ())) for name in names}

    def style(self, name: str) -> Style:
        """Return how a file was written, or the plain style."""
        return self.styles.get(name, Style())


class ListFormModule(Extension, Protocol):
    """What a file of splits/lists defines: one form of train and test lists."""

    @property
    def NAMES(self) -> Literal["path", "file", "video", "clip_id"]:
        """What a line names: class folder and file, the file, the id of a YouTube video, or the clip's id."""

    @property
    def PARTS(self) -> tuple[Subset, ...]:
        """Those of train, test and unused that the form has a place for."""

    def read(self, folder: Path) -> Listing:
        """Read the lists of a folder; raises BadInput for a folder without any, and BadLists for faults in them."""

    def write(self, listing: Listing) -> Mapping[str, str | bytes]:
        """Return the content of each list by file name; bytes where it is no text."""


LISTS = Registry("splits.lists", ListFormModule)


class BadLists(BadInput):
    """Lists with problems; the entries that could be read are kept, so that a caller can add its own problems."""

    def __init__(self, problems: Sequence[Problem], entries: Sequence[Entry]) -> None:
        super().__init__(problems)
        self.entries = tuple(entries)


@dataclass
class Reading:
    """The entries of a folder read so far, and the problems found in it."""

    entries: list[Entry] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    name: str = ""
    problems: list[Problem] = field(default_factory=list)
    styles: dict[str, Style] = field(default_factory=dict)

    def lines(self, path: Path) -> Iterator[tuple[str, str]]:
        """Yield `file:line` and text of each line that is not blank, and record the file's style."""
        try:
            content = read_bytes(path, what="list", remedy="Take it out of this folder.")
            lines, style = split_lines(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            self.problems.append(Problem(str(path), f"is not UTF-8 (byte {error.start}).", "Save it as UTF-8."))
            return
        except BadInput as error:
            self.problems += error.problems
            return
        self.styles[path.name] = style
        for number, line in lines:
            if len(line) > _MAX_LINE:
                self.wrong(f"{path.name}:{number}", f"has {len(line)} letters.", "No list has such a line.")
                continue
            yield f"{path.name}:{number}", line

    def wrong(self, where: str, what: str, remedy: str) -> None:
        """Record a problem; reading goes on."""
        self.problems.append(Problem(where, what, remedy))

    def numbered_classes(self, path: Path) -> None:
        """Read `1 Class` lines; nothing where there is no such file."""
        if not path.is_file():
            return
        classes: list[str] = []
        for where, line in self.lines(path):
            number, _, name = line.partition(" ")
            classes.append(name.strip())
            if number != str(len(classes)) or not name.strip():
                self.wrong(where, f"is '{line}'.", f"Expected '{len(classes)} <class>': indices count from 1.")
        self._keep_classes(path, classes)

    def plain_classes(self, path: Path) -> None:
        """Read a class a line; nothing where there is no such file."""
        if path.is_file():
            self._keep_classes(path, [line for _, line in self.lines(path)])

    def check_labels(self, *, base: Literal[0, 1]) -> None:
        """Record labels that are out of range, or of another class than the folder; the form counts from `base`."""
        count = len(self.classes)
        allowed = f"{base} to {count - 1 + base}" if count else f"{base} or more"
        for entry in self.entries:
            index = entry.class_index
            if index is None:
                continue
            # As written in the file: class_index counts from 1 whatever the form counts from.
            label = index - 1 + base
            if index < 1 or index > (count or _MAX_CLASSES):
                self.wrong(entry.where, f"has label {label}.", f"Labels count from {base}: give {allowed}.")
            elif entry.label in self.classes and self.classes[index - 1] != entry.label:
                right = self.classes.index(entry.label) + base
                what = f"has label {label} ('{self.classes[index - 1]}') in the folder of '{entry.label}'."
                self.wrong(entry.where, what, f"Give {right}, or move it.")

    def listing(self) -> Listing:
        """Return the listing; raises BadLists that names every problem."""
        self._check_names()
        if self.problems:
            raise BadLists(self.problems, self.entries)
        return Listing(tuple(self.entries), self.classes, self.name, self.styles)

    def _check_names(self) -> None:
        """Record names that lead out of a folder: lists are written again, and their classes and clips name files."""
        for entry in self.entries:
            # Some lists were made on Windows; an address is no path.
            name = entry.path.replace("\\", "/")
            if fault := "" if is_web(name) else PATH.fault(name):
                self.wrong(entry.where, f"{fault}.", REMEDY)
        for place, name in enumerate(self.classes, 1):
            if name and (fault := ID.fault(name)):
                self.wrong(f"class {place}", f"{fault}.", REMEDY)

    def _keep_classes(self, path: Path, classes: Sequence[str]) -> None:
        for name in sorted({name for name in classes if name and classes.count(name) > 1}):
            self.wrong(path.name, f"has the class '{name}' twice.", "Keep one of the two lines.")
        self.classes = tuple(classes)


def subset_of(word: str, words: Iterable[str]) -> Subset | None:
    """Return the subset that one of Kinetics' and MMAction2's words means; None for an unknown one.

    Papers test on `val`, as the labels of `test` were held back: so `test` is unused where `words`, those of the
    same lists, hold a validation.
    """
    # {train, val, test}: train, test and unused; {train, test}: train and test; {train, val}: train and test.
    if word in _VALIDATION:
        return "test"
    if word == "test":
        return "unused" if _VALIDATION & set(words) else "test"
    return "train" if word == "train" else None


_VALIDATION = {"val", "validate", "validation"}
WORDS: dict[Subset, str] = {"train": "train", "test": "val", "unused": "test"}
"""What Kinetics and MMAction2 call the subsets."""


def stem(path: str) -> str:
    """Return the file name of a path or an http(s) address, without extension.

    A local name may hold `#`, `?` and `%`; only an address is cut at them.
    """
    if is_web(path):
        path = path.partition("#")[0].partition("?")[0]
    return PurePosixPath(path.replace("\\", "/")).stem


def numbered(classes: Sequence[str]) -> list[str]:
    """Return the lines of classInd.txt."""
    return [f"{index} {name}" for index, name in enumerate(classes, start=1)]


def folder_label(path: str) -> str:
    """Return the class of `Class/v_x.mp4`: the name of the last folder, empty where there is none."""
    return PurePosixPath(path.replace("\\", "/")).parent.name


def one_split(listing: Listing, form: str) -> None:
    """Raise BadInput for several splits, where a form cannot tell them apart."""
    numbers = sorted({entry.number for entry in listing.entries})
    if len(numbers) > 1:
        what = f"holds one split, not {len(numbers)}."
        raise BadInput([Problem(f"form {form}", what, "Write each into a folder of its own.")])


def no_lists(folder: Path, expected: str) -> BadInput:
    """Return the error of a folder without the files of a form."""
    remedy = "There is no such folder." if not folder.is_dir() else f"Expected {expected}; try another `form`."
    return BadInput([Problem(str(folder), "holds no list of this form.", remedy)])
