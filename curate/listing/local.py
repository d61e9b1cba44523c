"""Check the local files that a list names: those outside its folder need `--allow-local`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from slateboard.addresses import is_web
from slateboard.errors import BadInput, Problem
from slateboard.paths import lies_in

ALLOW = "--allow-local"


def check_local(listed_paths: Iterable[tuple[str, str]], *, root: Path, folders: Sequence[Path]) -> None:
    """Raise BadInput with every (place, url) whose local file lies in none of the folders, symbolic links followed.

    Paths are relative to `root`. A list that somebody sent may name a file of yours, to have it released with theirs.
    """
    problems = [
        Problem(where, f"path {url!r} lies outside {folders[0]}.", f"Copy it there, or allow such files with {ALLOW}.")
        for where, url in listed_paths
        if not is_web(url) and "://" not in url and not lies_in(root / url, folders)
    ]
    if problems:
        raise BadInput(problems)
