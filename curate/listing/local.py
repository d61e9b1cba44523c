"""Local files that a list names: those in its own folder, and others only where the person who runs it says so."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from slateboard.addresses import is_web
from slateboard.errors import BadInput, Problem
from slateboard.paths import lies_in

ALLOW = "--allow-local"


def check_local(named: Iterable[tuple[str, str]], *, root: Path, folders: Sequence[Path]) -> None:
    """Raise BadInput with every local file, by (place, url), that lies in none of the folders, links followed.

    Paths are relative to `root`. A list that somebody sent may name a file of yours, to have it released with theirs.
    """
    problems = [
        Problem(where, f"path {url!r} lies outside {folders[0]}.", f"Copy it there, or allow such files with {ALLOW}.")
        for where, url in named
        if not is_web(url) and "://" not in url and not lies_in(root / url, folders)
    ]
    if problems:
        raise BadInput(problems)
