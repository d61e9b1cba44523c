"""SHA256SUMS: the last file of a release; `sha256sum -c` checks it."""

from pathlib import Path

from slateboard.files import sha256_of, write_text

SUMS = "SHA256SUMS"


def sums_of(folder: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file below a folder but its own sums, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / SUMS)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def sums_text(sums: dict[str, str]) -> str:
    """Return sums as `sha256sum` prints them."""
    return "".join(f"{digest}  {path}\n" for path, digest in sums.items())


def write_sums(folder: Path) -> dict[str, str]:
    """Write SHA256SUMS, last: its presence means that the release is whole."""
    sums = sums_of(folder)
    write_text(folder / SUMS, sums_text(sums))
    return sums


def read_sums(path: Path) -> dict[str, str]:
    """Return path -> SHA-256 of a file that `sha256sum` printed."""
    pairs = (line.split("  ", 1) for line in path.read_text("utf-8").splitlines())
    return {name: digest for digest, name in pairs}
