"""Write fingerprints.parquet: luma thumbnails of 32 x 32 over time for each clip, by which reposts are found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.release.clip_files import for_each_clip
from slateboard.engine import HERE, Place
from slateboard.files import atomic_write
from slateboard.media.colour import rgb
from slateboard.media.fingerprints import SHORT_SIDE, Fingerprinter, FingerprintRow
from slateboard.media.frames import Frame, decode
from slateboard.media.scale import scale, scaled_size
from slateboard.media.sheets import fitted
from slateboard.records.release import FINGERPRINTS

_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("seconds", pa.list_(pa.float64())),
        ("views", pa.int64()),
        ("side", pa.int64()),
        ("luma", pa.binary()),
        ("begins_s", pa.float64()),
    ]
)
"""After clip_id the columns of `slateboard.media.fingerprints.Fingerprint.row`, which also reads them back."""


def write_fingerprints(
    folder: Path, paths: Sequence[tuple[str, str]], *, shown: Mapping[str, int], place: Place = HERE
) -> dict[str, NDArray[np.uint8]]:
    """Write the table for the clips of a release, given as (clip id, path in the folder).

    `shown` maps a path to a 0-based frame index; returns path -> that frame as a small RGB array.
    """
    files = {clip_id: (folder / path, shown.get(path)) for clip_id, path in paths}
    results = for_each_clip(_fingerprint, files, place=place, title="fingerprint", file_of=itemgetter(0))
    rows = [{"clip_id": clip_id, **results[clip_id][0]} for clip_id, _ in paths]
    with atomic_write(folder / FINGERPRINTS) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), temporary)
    pictures = {path: results[clip_id][1] for clip_id, path in paths}
    return {path: picture for path, picture in pictures.items() if picture is not None}


def _fingerprint(file: tuple[Path, int | None]) -> tuple[FingerprintRow, NDArray[np.uint8] | None]:
    """Return (row of a clip, the frame of the asked index as RGB array, or its last frame if it is shorter)."""
    path, shown_frame = file
    maker, picture = Fingerprinter(), None
    for frame in decode(path):
        # One decoding serves the fingerprint and the picture of the contact sheet.
        maker.see(_small(frame))
        if shown_frame is not None and frame.index <= shown_frame:
            picture = frame
    return maker.finish().row(), None if picture is None else fitted(rgb(picture))


def _small(frame: Frame) -> Frame:
    height, width = frame.y.shape
    if min(height, width) <= SHORT_SIDE:
        return frame
    return replace(frame, y=scale(frame.y, scaled_size(width, height, short_side=SHORT_SIDE)))
