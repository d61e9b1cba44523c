"""SHA256SUMS: a line for each file of a release, as `sha256sum` prints it; names are checked on reading."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from slateboard.errors import BadInput, Problem
from slateboard.files import sha256_of, write_text
from slateboard.paths import PATH, REMEDY

SUMS = "SHA256SUMS"
"""Written last: a folder without it is no release."""
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sums_of(folder: Path, *, hash_by_path: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return path -> SHA-256 of every file below a folder but its sums; files in `hash_by_path` are not read."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / SUMS)
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: hash_by_path.get(name) or sha256_of(path) for name, path in names.items()}


def sums_text(sums: dict[str, str]) -> str:
    """Return sums as `sha256sum` prints them."""
    return "".join(f"{digest}  {path}\n" for path, digest in sums.items())


def write_sums(folder: Path, *, hash_by_path: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Write SHA256SUMS, last: its presence says that the release is whole. `hash_by_path`: files hashed already."""
    sums = sums_of(folder, hash_by_path=hash_by_path)
    write_text(folder / SUMS, sums_text(sums))
    return sums


def read_sums(path: Path) -> dict[str, str]:
    """Return path -> SHA-256 of a file that `sha256sum` printed; raises BadInput with every line that is none."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Problem(str(path), f"cannot be read ({error}).", REMEDY)]) from None
    sums: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        fault = PATH.fault(match[2]) if match else f"is {line!r:.100}, which is no hash, two blanks and a path"
        if match and not fault:
            sums[match[2]] = match[1]
        elif line:
            problems.append(Problem(f"{path} line {number}", f"{fault}.", REMEDY))
    if problems:
        raise BadInput(problems)
    return sums
