"""Write one shard of a store: what building processes run, so without torch and pandas."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash

from benchmark.frames.frames import ClipFrames
from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import FAILED, pictures
from slateboard.errors import SlateboardError
from slateboard.files import whole, write_json
from slateboard.media import packets
from slateboard.media.decoders import PYAV
from slateboard.media.probe import claims

PLANES, VIDEO = "planes", "video"
FORMS = (PLANES, VIDEO)
"""planes: I420 pictures one after the other. video: for each clip a table of where each packet ends (uint32, little
endian, bytes from the end of the table), then its packets of H.264, a picture each."""
LAYOUT = 1
"""Raised when the bytes of a shard mean something else."""

_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Job:
    """Some clips of a store, written by one process into one file."""

    folder: Path
    number: int
    clips: tuple[tuple[str, Path], ...]
    """Ids, and where their files lie."""
    geometry: Geometry
    form: str
    decoded_by: str = PYAV
    deadly: Mapping[str, str] = field(default_factory=dict)
    """Clips that no process could decode, and why: they are not tried again."""

    @property
    def data(self) -> Path:
        """The file of the shard."""
        return self.folder / shard_name(self.number, self.form)

    @property
    def done(self) -> Path:
        """What says that the shard is whole: its clips and checksum; gone when the store is whole."""
        return self.folder / f"{self.number:05}.json"


def shard_name(number: int, form: str) -> str:
    """Return the file name of a shard."""
    return f"{number:05}.{form}"


def write_shard(job: Job) -> int:
    """Decode the clips of a job into its file, then say that it is whole; return its number.

    A clip that cannot be read is a row with its reason and without bytes.
    """
    with whole(job.data) as temporary:
        with temporary.open("wb") as file:
            rows = [_clip(job, clip_id, path, file) for clip_id, path in job.clips]
        size, checksum = temporary.stat().st_size, checksum_of(temporary)
    write_json(job.done, {"rows": rows, "bytes": size, "xxh3": checksum})
    return job.number


def _clip(job: Job, clip_id: str, path: Path, file: BinaryIO) -> dict[str, Any]:
    """Write one clip and return its row of the index."""
    offset, claimed = file.tell(), 0
    try:
        if clip_id in job.deadly:
            raise SlateboardError(f"{path.name}: not decoded: {job.deadly[clip_id]}.")
        claimed = claims(path).frames
        facts = write_clip(path, file, geometry=job.geometry, form=job.form, decoded_by=job.decoded_by)
    except SlateboardError as error:
        file.seek(offset)
        file.truncate()
        facts = replace(FAILED, failed=str(error))
    row = {"clip_id": clip_id, "shard": job.number, "offset": offset, "bytes": file.tell() - offset}
    return {**row, "claimed": claimed, **asdict(facts)}


def write_clip(path: Path, file: BinaryIO, *, geometry: Geometry, form: str, decoded_by: str = PYAV) -> ClipFrames:
    """Write the pictures of one clip in a form; raises Unreadable, and may then have written a part."""
    found = pictures(path, geometry=geometry, decoded_by=decoded_by)
    facts = FAILED
    if form == PLANES:
        for facts, picture in found:  # noqa: B007
            file.write(picture.data)
        return facts
    # The packets of a clip are kept until all are there: their table stands before them.
    coded: list[bytes] = []
    encoder: packets.Encoder | None = None
    for facts, picture in found:
        encoder = encoder or packets.Encoder(height=facts.height, width=facts.width)
        coded += encoder.see(picture)
    coded += encoder.end() if encoder is not None else []
    file.write(np.cumsum([len(packet) for packet in coded], dtype="<u4").tobytes())
    file.writelines(coded)
    return facts


def checksum_of(path: Path) -> str:
    """Return the XXH3-128 of a file, in hex: it finds damage, not forgery, at the speed of the memory."""
    hashed = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            hashed.update(block)
    return hashed.hexdigest()


def lives(job: Job) -> None:
    """Decode the clips of a job and throw them away: for the parent to see which one kills a process."""
    with Path(os.devnull).open("wb") as nowhere:
        for _, path in job.clips:
            try:
                write_clip(path, nowhere, geometry=job.geometry, form=job.form, decoded_by=job.decoded_by)
            except SlateboardError:
                continue
