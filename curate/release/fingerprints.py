"""fingerprints.parquet: what each released clip shows over time, in pictures of 32 x 32 cells, to find reposts by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.release.clip_files import for_each_clip
from slateboard.engine import HERE, Place
from slateboard.files import whole
from slateboard.media.colour import rgb
from slateboard.media.fingerprints import SHORT_SIDE, Fingerprinter
from slateboard.media.frames import Frame, decode, scaled_size
from slateboard.media.scale import scale
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
    """Write the table of a release whose clips are (clip id, path in the folder).

    Returns path -> the frame of this 0-based index, for those that are `shown`, small, from the same decoding.
    """
    files = {clip_id: (folder / path, shown.get(path)) for clip_id, path in paths}
    made = for_each_clip(_fingerprint, files, place=place, title="fingerprint", file_of=itemgetter(0))
    rows = [{"clip_id": clip_id, **made[clip_id][0]} for clip_id, _ in paths]
    with whole(folder / FINGERPRINTS) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), temporary)
    pictures = {path: made[clip_id][1] for clip_id, path in paths}
    return {path: picture for path, picture in pictures.items() if picture is not None}


def _fingerprint(file: tuple[Path, int | None]) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
    """Return the row of a clip, and the picture of one of its frames, or of its last where it has fewer."""
    path, shown = file
    maker, picture = Fingerprinter(), None
    for frame in decode(path):
        maker.see(_small(frame))
        if shown is not None and frame.index <= shown:
            picture = frame
    return maker.finish().row(), None if picture is None else fitted(rgb(picture))


def _small(frame: Frame) -> Frame:
    height, width = frame.y.shape
    if min(height, width) <= SHORT_SIDE:
        return frame
    return replace(frame, y=scale(frame.y, scaled_size(width, height, short_side=SHORT_SIDE)))
