"""Are the files of a release there, as they were released, and can they be read to the end?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.files import sha256_of
from slateboard.media.errors import Unreadable
from slateboard.media.luma import decode_with_luma
from slateboard.progress import track
from splits.audit.membership import text_of

FileState = Literal["missing", "changed", "undecodable", "otherwise", "whole"]


@dataclass(frozen=True)
class _File:
    """One file, with its hashes and number of frames by the table."""

    row: int
    """Position in the table."""
    path: Path
    sha256: str
    frames: int
    frames_sha256: str


def damaged_files(dataset: Dataset) -> dict[str, tuple[FileState, str]]:
    """Return clip id -> (state, detail) of the files that are not as released; intact ones are left out.

    missing: there is no file. changed: its bytes have another hash than the table says. undecodable: a frame does not
    decode, or another number of frames does than the table says. otherwise: the bytes are as released and the
    pictures have another hash: another decoder, or a hash of an earlier version, nobody can tell which.
    """
    clips = dataset.clips
    columns = dataset.files(clips["path"]), clips["sha256"], clips["frames"], text_of(clips, "frames_sha256")
    files = [_File(row, *cells) for row, cells in enumerate(zip(*columns, strict=True))]
    states: dict[int, tuple[FileState, str]] = {}
    # In processes: a file that somebody sent may end the one that decodes it.
    for file, outcome in track(engine.run(_check_file, files), "read", total=len(files), unit="clips"):
        if isinstance(outcome, engine.Failure):
            states[file.row] = ("undecodable", f"{file.path.name}: {outcome.reason}")
        elif outcome[0] != "whole":
            states[file.row] = outcome
    ids = clips["clip_id"].tolist()
    return {str(ids[row]): states[row] for row in sorted(states)}


def with_state(damaged: dict[str, tuple[FileState, str]], state: FileState) -> Sequence[str]:
    """Return the clips in a state, with the detail."""
    return [f"{clip} ({detail})" for clip, (clip_state, detail) in damaged.items() if clip_state == state]


def _check_file(file: _File) -> tuple[FileState, str]:
    path, frames = file.path, file.frames
    if not path.is_file():
        return "missing", path.name
    if sha256_of(path) != file.sha256:
        return "changed", path.name
    try:
        decoded = decode_with_luma(path, ())
    except Unreadable as error:
        return "undecodable", str(error)
    # A plain folder's table has 0: nobody has decoded it.
    if frames and decoded.frames != frames:
        return "undecodable", f"{path.name}: {decoded.frames} frames decode, the table says {frames}"
    if file.frames_sha256 and decoded.frames_sha256 != file.frames_sha256:
        return "otherwise", path.name
    return "whole", ""
