"""Are the files of a release there, as they were released, and can they be read to the end?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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


def states(dataset: Dataset) -> dict[str, tuple[State, str]]:
    """Return clip id -> what is wrong with its file, and the detail; clips whose file is whole are left out.

    A file is missing; or its bytes have another hash than the table says; or a frame of it does not decode, or
    another number of frames does than the table says. Whole bytes whose pictures have another hash decode otherwise
    here, or were hashed by an earlier version: nobody can tell which.
    """
    clips = dataset.clips
    columns = (clips["clip_id"], clips["path"], clips["sha256"], clips["frames"], text_of(clips, "frames_sha256"))
    files = dataset.files(clips["path"])
    items = [(str(file), *rest) for file, (_, _, *rest) in zip(files, zip(*columns, strict=True), strict=True)]
    # Threads: decoding and hashing let go of the interpreter's lock, and a process takes longer to start.
    with ThreadPoolExecutor(engine.cores()) as pool:
        found = track(pool.map(_state, items), "read", total=len(items), unit="clips")
        told = list(zip(clips["clip_id"], found, strict=True))
    return {str(clip): outcome for clip, outcome in told if outcome[0] != "whole"}


def named(found: dict[str, tuple[State, str]], state: State) -> Sequence[str]:
    """Return the clips in a state, with the detail."""
    return [f"{clip} ({detail})" for clip, (one, detail) in found.items() if one == state]


def _state(item: tuple[str, str, int, str]) -> tuple[State, str]:
    path, sha256, frames, frames_sha256 = Path(item[0]), item[1], item[2], item[3]
    if not path.is_file():
        return "missing", path.name
    if sha256_of(path) != sha256:
        return "changed", path.name
    try:
        seen = read(path, ())
    except Unreadable as error:
        return "undecodable", str(error)
    # A plain folder's table has 0: nobody has decoded it.
    if frames and seen.frames != frames:
        return "undecodable", f"{path.name}: {seen.frames} frames decode, the table says {frames}"
    if frames_sha256 and seen.frames_sha256 != frames_sha256:
        return "otherwise", path.name
    return "whole", ""
