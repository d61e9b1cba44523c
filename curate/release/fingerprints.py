"""fingerprints.parquet: what each released clip shows over time, in pictures of 32 x 32 cells, to find reposts by."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.release.clip_files import for_each_clip
from slateboard.engine import HERE, Place
from slateboard.files import whole
from slateboard.media.fingerprints import SHORT_SIDE, Fingerprinter
from slateboard.media.frames import Frame, decode, scaled_size
from slateboard.media.scale import scale
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


def write_fingerprints(folder: Path, paths: Sequence[tuple[str, str]], *, place: Place = HERE) -> None:
    """Write the table of a release whose clips are (clip id, path in the folder)."""
    files = [folder / path for _, path in paths]
    made = for_each_clip(_fingerprint, files, place=place, title="fingerprint", named=lambda file: file)
    rows = [{"clip_id": clip_id, **made[folder / path]} for clip_id, path in paths]
    with whole(folder / FINGERPRINTS) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), temporary)


def _fingerprint(path: Path) -> dict[str, Any]:
    maker = Fingerprinter()
    for frame in decode(path):
        maker.see(_small(frame))
    return maker.finish().row()


def _small(frame: Frame) -> Frame:
    height, width = frame.y.shape
    if min(height, width) <= SHORT_SIDE:
        return frame
    return replace(frame, y=scale(frame.y, scaled_size(width, height, short_side=SHORT_SIDE)))
