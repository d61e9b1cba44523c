"""Are the files of a release there, as they were released, and can they be read to the end?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.files import sha256_of
from slateboard.media.errors import Unreadable
from slateboard.media.pick import read
from slateboard.progress import track
from splits.audit.sides import text_of

State = Literal["missing", "changed", "undecodable", "otherwise", "whole"]


@dataclass(frozen=True)
class _File:
    """One file and what the table says of it."""

    place: int
    """Row of the table."""
    path: Path
    sha256: str
    frames: int
    frames_sha256: str


def states(dataset: Dataset) -> dict[str, tuple[State, str]]:
    """Return clip id -> what is wrong with its file, and the detail; clips whose file is whole are left out.

    A file is missing; or its bytes have another hash than the table says; or a frame of it does not decode, or
    another number of frames does than the table says. Whole bytes whose pictures have another hash decode otherwise
    here, or were hashed by an earlier version: nobody can tell which.
    """
    clips = dataset.clips
    columns = (clips["clip_id"], clips["path"], clips["sha256"], clips["frames"], text_of(clips, "frames_sha256"))
    files = dataset.files(clips["path"])
    rows = zip(files, zip(*columns, strict=True), strict=True)
    items = [_File(place, file, *rest) for place, (file, (_, _, *rest)) in enumerate(rows)]
    told: dict[int, tuple[State, str]] = {}
    # In processes: a file that somebody sent may end the one that decodes it.
    for item, outcome in track(engine.run(_state, items), "read", total=len(items), unit="clips"):
        if isinstance(outcome, engine.Failure):
            told[item.place] = ("undecodable", f"{item.path.name}: {outcome.reason}")
        elif outcome[0] != "whole":
            told[item.place] = outcome
    ids = clips["clip_id"].tolist()
    return {str(ids[place]): told[place] for place in sorted(told)}


def named(found: dict[str, tuple[State, str]], state: State) -> Sequence[str]:
    """Return the clips in a state, with the detail."""
    return [f"{clip} ({detail})" for clip, (one, detail) in found.items() if one == state]


def _state(item: _File) -> tuple[State, str]:
    path, frames = item.path, item.frames
    if not path.is_file():
        return "missing", path.name
    if sha256_of(path) != item.sha256:
        return "changed", path.name
    try:
        seen = read(path, ())
    except Unreadable as error:
        return "undecodable", str(error)
    # A plain folder's table has 0: nobody has decoded it.
    if frames and seen.frames != frames:
        return "undecodable", f"{path.name}: {seen.frames} frames decode, the table says {frames}"
    if item.frames_sha256 and seen.frames_sha256 != item.frames_sha256:
        return "otherwise", path.name
    return "whole", ""
