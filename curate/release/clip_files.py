"""Process the files of clips in worker processes: copy and hash them, or decode them."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from slateboard.engine import Failure, Place
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import atomic_write, sha256_of
from slateboard.progress import track
from slateboard.records.failure import FailureRecord
from slateboard.unwritable import UNWRITABLE

T = TypeVar("T")
R = TypeVar("R")

STAGE = "release"


@dataclass(frozen=True)
class ClipFault:
    """Why a clip cannot be released."""

    clip_id: str
    where: str
    """Path of its file."""
    reason: str
    """Predicate of a sentence whose subject is the path."""
    code: str
    """`missing`, `changed`, or the code of the failure."""


class UnusableClips(BadInput):
    """Clips that cannot be released, each with its file, the reason and both remedies."""

    def __init__(self, faults: Sequence[ClipFault]) -> None:
        sorted_faults = sorted(faults, key=lambda fault: fault.where)
        self.failures = [
            FailureRecord.now(stage=STAGE, item=fault.clip_id, code=fault.code, reason=f"{fault.where} {fault.reason}")
            for fault in sorted_faults
        ]
        super().__init__([Problem(fault.where, f"{fault.reason}.", _remedy(fault)) for fault in sorted_faults])


def _remedy(fault: ClipFault) -> str:
    return (
        "`slateboard curate trim` cuts it again. Or "
        f"`slateboard curate review --reject {fault.clip_id}`: the release is made without it."
    )


def for_each_clip(
    function: Callable[[T], R], items: Mapping[str, T], *, place: Place, title: str, file_of: Callable[[T], Path]
) -> dict[str, R]:
    """Return clip id -> result of `function`; raises UnusableClips with every clip for which it failed."""
    results, faults = {}, []
    # Outcomes come in any order: items are mapped back to their clip ids.
    ids = {item: clip_id for clip_id, item in items.items()}
    for item, outcome in track(place.run(function, list(ids)), title, total=len(ids), unit="clips"):
        if isinstance(outcome, Failure):
            faults.append(ClipFault(ids[item], str(file_of(item)), outcome.reason.rstrip("."), outcome.code))
        else:
            results[ids[item]] = outcome
    if faults:
        raise UnusableClips(faults)
    return results


def copy_hashed(files: tuple[Path, Path]) -> str:
    """Copy (source, target) atomically and return the SHA-256 of the copy."""
    source, target = files
    try:
        with atomic_write(target) as temporary:
            shutil.copyfile(source, temporary)
            return sha256_of(temporary)
    except OSError as error:
        if error.errno in UNWRITABLE:
            raise
        raise SlateboardError(f"cannot be read: {error.strerror}") from None
