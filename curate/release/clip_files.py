"""Work on the files of clips, each in a process: copied and hashed, or looked at frame by frame."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from slateboard.engine import Failure, Place
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import sha256_of, whole
from slateboard.progress import track
from slateboard.unwritable import UNWRITABLE

T = TypeVar("T")
R = TypeVar("R")

AGAIN = "`slateboard curate trim` cuts it again."


def for_each_clip(
    function: Callable[[T], R], items: Sequence[T], *, place: Place, title: str, named: Callable[[T], Path]
) -> dict[T, R]:
    """Return item -> result; raises BadInput with every file for which there is none, and why."""
    results, problems = {}, []
    for item, outcome in track(place.run(function, items), title, total=len(items), unit="clips"):
        if isinstance(outcome, Failure):
            problems.append(Problem(str(named(item)), f"{outcome.reason.rstrip('.')}.", AGAIN))
        else:
            results[item] = outcome
    if problems:
        raise BadInput(sorted(problems, key=lambda problem: problem.where))
    return results


def copy_hashed(files: tuple[Path, Path]) -> str:
    """Copy a file whole and return the SHA-256 of the copy."""
    source, target = files
    try:
        with whole(target) as temporary:
            shutil.copyfile(source, temporary)
            return sha256_of(temporary)
    except OSError as error:
        if error.errno in UNWRITABLE:
            raise
        raise SlateboardError(f"cannot be read: {error.strerror}") from None
