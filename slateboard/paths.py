"""Check names from outside: the characters of ids and paths, and that a path does not lead out of its folder.

Tables, lists, recipes, suites, certificates, results and records of people we do not know name files. A field that
does so has one of the types below, a column of a table one of the rules, and a path is joined by `inside` alone.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic_core import core_schema

from slateboard.errors import BadInput, Problem

MOST_BYTES = 255
"""Of one name in a folder: what file systems take."""

# Control characters, line and paragraph separators, and the signs that turn the direction of what follows: a terminal
# would show another name than the file has.
_UNSEEN = "\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_SIGN = rf"[^/\\{_UNSEEN}]"
_PLAIN = rf"[^./\\{_UNSEEN}]"
# The second sign is no colon: `C:x` is a path on another drive.
_ID = rf"{_PLAIN}(?:[^/\\:{_UNSEEN}]{_SIGN}*)?"
# .hidden and ..name are names; `.` and `..` alone are not.
_HIDDEN = rf"\.{_PLAIN}{_SIGN}*|\.\.{_SIGN}+"
# Names with single strokes between: no empty name, so neither `/a` nor `a//b` nor `a/`; the first one no drive.
_PATH = rf"(?:{_ID}|{_HIDDEN})(?:/(?:{_PLAIN}{_SIGN}*|{_HIDDEN}))*"


@dataclass(frozen=True, repr=False)
class Text:
    """Rule for a text from outside: annotation of a pydantic field, and check of a table's column."""

    name: str
    pattern: str
    """As Rust and Python both read it; it is held against the whole text."""
    rule: str
    """What it may hold, for people."""
    most: int

    def fault(self, value: object) -> str:
        """Return the fault of a value, the end of a sentence; '' if it fits."""
        if isinstance(value, str) and re.fullmatch(self.pattern, value) and _fits(value, self.most):
            return ""
        return f"is {_short(value)}, which is no {self.name}: {self.rule}"

    def __repr__(self) -> str:
        return self.name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Check in pydantic's own core: a split has a million ids."""
        text = core_schema.str_schema(pattern=f"^(?:{self.pattern})$", max_length=self.most)
        message = f"is no {self.name}: {self.rule}"
        return core_schema.custom_error_schema(text, f"no_{self.name}", custom_error_message=message)


ID = Text(
    "id",
    _ID,
    "a name without / and \\ and control characters that does not begin with a point",
    MOST_BYTES - len(".mp4"),
)
PATH = Text(
    "path",
    _PATH,
    "relative, with / between names and without .. and control characters",
    4096,
)
NAME = Text("name", "[A-Za-z0-9][A-Za-z0-9_.-]*", "letters, digits and _ . - alone, a letter or digit first", 100)
VERSION = Text("version", "v[1-9][0-9]{0,8}", "v1, v2, ...", 10)

SafeId = Annotated[str, ID]
"""Of a clip, source, media, shot, class, dataset: it names files, or folders."""
RelativePath = Annotated[str, PATH]
"""A file below the folder that the record is about."""
SafeName = Annotated[str, NAME]
"""Of a release, protocol, baseline, stream: it names folders."""
Version = Annotated[str, VERSION]
"""Of a release."""


def _fits(text: str, most: int) -> bool:
    """Return whether a text has at most `most` bytes as UTF-8, each name in it at most 255, and no half surrogates."""
    try:
        return len(text.encode("utf-8")) <= most and all(len(p.encode("utf-8")) <= MOST_BYTES for p in text.split("/"))
    except UnicodeEncodeError:
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


class Inside:
    """Joins names to one folder and checks each; the real path of a subfolder is looked up once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._real: dict[Path, str] = {}

    def fault(self, name: str) -> str:
        """Return how a name leads out of the folder, the end of a sentence; empty where it leads to a place inside.

        Neither a folder on the way nor the file itself may be a symbolic link to a place outside, so that nothing
        elsewhere is read, written or removed.
        """
        if fault := PATH.fault(name):
            return fault
        path = self.folder / name
        try:
            # Of a file that is no link it is the folder's place that counts, which many files share.
            real = os.path.realpath(path) if path.is_symlink() else self._place(path.parent)
        except (OSError, RuntimeError, ValueError) as error:
            return f"is {_short(name)}, which cannot be followed ({error})"
        # videos/Jump -> /mnt/big/videos/Jump is outside of /home/me/w, though its name is harmless; /home/me/w2 is too,
        # which begins with the same letters: so whole parts of paths are compared.
        root = self._place(self.folder)
        if os.path.commonpath([root, real]) == root:
            return ""
        return f"is {_short(name)}, which leads out of {self.folder} through a symbolic link"

    def path(self, name: str) -> Path:
        """Return the path of a name, to read or to write; raises BadInput where it leads out of the folder."""
        if fault := self.fault(name):
            raise BadInput([Problem(f"a name in {self.folder}", f"{fault}.", REMEDY)])
        return self.folder / name

    def _place(self, folder: Path) -> str:
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return self._real[folder]


def lies_in(path: Path, folders: Iterable[Path]) -> bool:
    """Return whether a path lies below any of these folders, symbolic links resolved; False where that fails."""
    try:
        real = os.path.realpath(path)
        return any(os.path.commonpath([real, place]) == place for place in map(os.path.realpath, folders))
    except (OSError, RuntimeError, ValueError):
        return False


def inside(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder, to read or to write; raises BadInput where it leads out of it."""
    return Inside(folder).path(name)


def leading_out(folder: Path, names: Iterable[str], *, where: str) -> list[Problem]:
    """Return a problem for each of these names that leads out of a folder; `where` says where they stand."""
    guard = Inside(folder)
    return [Problem(where, f"{fault}.", REMEDY) for name in names if (fault := guard.fault(name))]


REMEDY = "Take it from somebody you trust, or ask its makers for a sound one."
"""For a file that was damaged, or made to do harm."""
