"""Write one shard of a store. Building processes import this, so it imports neither torch nor pandas."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, TypedDict

import numpy as np
import xxhash

from benchmark.frames.frames import ClipFrames
from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import FAILED, pictures
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write, write_json
from slateboard.media import packets
from slateboard.media.decoders import PYAV
from slateboard.media.probe import read_claims

PLANES, VIDEO = "planes", "video"
FORMS = (PLANES, VIDEO)
"""planes: I420 pictures one after the other. video: for each clip a table of where each packet ends (uint32, little
endian, bytes from the end of the table), then its packets of H.264, a picture each."""
LAYOUT = 1
"""Raised when the bytes of a shard mean something else."""

_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class ShardJob:
    """Clips of a store that one process writes into one file."""

    folder: Path
    number: int
    clips: tuple[tuple[str, Path], ...]
    """Ids, and where their files lie."""
    geometry: Geometry
    form: str
    decoded_by: str = PYAV
    crashing_clips: Mapping[str, str] = field(default_factory=dict)
    """Clips whose decoding ends the process, and why: they are not decoded again."""

    @property
    def data(self) -> Path:
        """The file of the shard."""
        return self.folder / shard_name(self.number, self.form)

    @property
    def done(self) -> Path:
        """The note that the shard is complete, with its clips and checksum; removed when the store is complete."""
        return self.folder / f"{self.number:05}.json"


class ShardRow(TypedDict):
    """A clip's row of the index: where it lies in a store, and the fields of its ClipFrames."""

    clip_id: str
    shard: int
    offset: int
    """Bytes before it in its shard."""
    bytes: int
    claimed: int
    """Frames that the container states; 0: it does not."""
    frames: int
    height: int
    width: int
    matrix: str
    full_range: bool
    failed: str


class ShardNote(TypedDict):
    """The note of a complete shard."""

    rows: list[ShardRow]
    bytes: int
    xxh3: str
    """XXH3-128 of the file, hex."""


def shard_name(number: int, form: str) -> str:
    """Return the file name of a shard."""
    return f"{number:05}.{form}"


def write_shard(job: ShardJob) -> int:
    """Decode the clips of a job into its file, then note that it is complete; return its number.

    A clip that cannot be read is a row with the reason and no bytes.
    """
    # The shard first, then the note: a note without its shard would be believed.
    with atomic_write(job.data) as temporary:
        with temporary.open("wb") as file:
            rows = [_clip(job, clip_id, path, file) for clip_id, path in job.clips]
        size, checksum = temporary.stat().st_size, checksum_of(temporary)
    note: ShardNote = {"rows": rows, "bytes": size, "xxh3": checksum}
    write_json(job.done, note)
    return job.number


def _clip(job: ShardJob, clip_id: str, path: Path, file: BinaryIO) -> ShardRow:
    """Write one clip and return its row of the index."""
    offset, claimed = file.tell(), 0
    try:
        if clip_id in job.crashing_clips:
            raise SlateboardError(f"{path.name}: not decoded: {job.crashing_clips[clip_id]}.")
        claimed = read_claims(path).frames
        facts = write_clip(path, file, geometry=job.geometry, form=job.form, decoded_by=job.decoded_by)
    except SlateboardError as error:
        # What was written before the fault goes, so that the next clip begins where this one did.
        file.seek(offset)
        file.truncate()
        facts = replace(FAILED, failed=str(error))
    return {
        "clip_id": clip_id,
        "shard": job.number,
        "offset": offset,
        "bytes": file.tell() - offset,
        "claimed": claimed,
        "frames": facts.frames,
        "height": facts.height,
        "width": facts.width,
        "matrix": facts.matrix,
        "full_range": facts.full_range,
        "failed": facts.failed,
    }


def write_clip(path: Path, file: BinaryIO, *, geometry: Geometry, form: str, decoded_by: str = PYAV) -> ClipFrames:
    """Write the pictures of one clip in a form; raises Unreadable, and has perhaps written some of them by then."""
    decoded = pictures(path, geometry=geometry, decoded_by=decoded_by)
    facts = FAILED
    if form == PLANES:
        for facts, picture in decoded:  # noqa: B007
            file.write(picture.data)
        return facts
    # The packets of a clip are kept until all are there: their table stands before them.
    coded: list[bytes] = []
    encoder: packets.Encoder | None = None
    for facts, picture in decoded:
        encoder = encoder or packets.Encoder(height=facts.height, width=facts.width)
        coded += encoder.see(picture)
    coded += encoder.end() if encoder is not None else []
    # Packets of 900, 80 and 75 bytes -> table 900, 980, 1055: packet i is bytes table[i - 1] to table[i] after the
    # table.
    file.write(np.cumsum([len(packet) for packet in coded], dtype="<u4").tobytes())
    file.writelines(coded)
    return facts


def checksum_of(path: Path) -> str:
    """Return the XXH3-128 of a file, in hex: it finds damage, not forgery, as fast as memory is read."""
    hashed = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            hashed.update(block)
    return hashed.hexdigest()


def probe_decoding(job: ShardJob) -> None:
    """Decode the clips of a job and discard them, so that the parent sees which one ends a process."""
    with Path(os.devnull).open("wb") as nowhere:
        for _, path in job.clips:
            try:
                write_clip(path, nowhere, geometry=job.geometry, form=job.form, decoded_by=job.decoded_by)
            except SlateboardError:
                continue
