"""Frame store: a dataset decoded once into one memory-mapped file of I420 pictures, read by index."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmark.frames.pictures import Geometry, decoded, decoder
from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.files import PART, digest, whole
from slateboard.media.colour import rgb_matrix
from slateboard.progress import progress, say

DATA, INDEX = "frames.i420", "index.parquet"
JOURNAL = f"journal.jsonl{PART}"


@dataclass(frozen=True)
class Store:
    """A store that is whole."""

    folder: Path
    geometry: Geometry

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a clip, by clip_id: offset (frames before it), frames, matrix, full_range, failed ("" or why)."""
        return pd.read_parquet(self.folder / INDEX).set_index("clip_id")

    @cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        rows: list[Any] = self.index.reset_index().to_dict("records")
        return {str(row["clip_id"]): row for row in rows}

    @cached_property
    def _pictures(self) -> NDArray[np.uint8]:
        """[all frames, 3 / 2 size, size]: the luma plane, then U and V."""
        size = self.geometry.size
        shape = (int(self.index["frames"].sum()), size * 3 // 2, size)
        if shape[0] == 0:
            return np.empty(shape, dtype=np.uint8)
        return np.memmap(self.folder / DATA, dtype=np.uint8, mode="r", shape=shape)

    def frames(self, clip_id: str) -> int:
        """Return the number of decoded frames; 0 for a clip that failed."""
        return int(self._rows[clip_id]["frames"])

    def failed(self, clip_id: str) -> str:
        """Return why a clip could not be decoded; empty where it could."""
        return str(self._rows[clip_id]["failed"])

    def planes(self, clip_id: str, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return I420 pictures [T, 3 / 2 size, size] of the given 0-based frames."""
        row = self._rows[clip_id]
        wanted = np.asarray(indices, dtype=np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < row["frames"]:
            raise IndexError(f"clip {clip_id} has {row['frames']} frames, asked for {wanted.min()}..{wanted.max()}")
        return self._pictures[int(row["offset"]) + wanted]

    def rgb(self, clip_id: str, indices: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
        """Return RGB float32 [T, 3, size, size] in 0..1 of the given frames; chroma is repeated."""
        row = self._rows[clip_id]
        planes = torch.from_numpy(self.planes(clip_id, indices))
        size, half = self.geometry.size, self.geometry.size // 2
        luma = planes[:, :size].float()
        chroma = planes[:, size:].reshape(-1, 2, half, half).float()
        to_rgb, offset = rgb_matrix(row["matrix"], bool(row["full_range"]))
        factors = torch.from_numpy(to_rgb / 255).float()
        # Colour is mixed at chroma size, where there is a quarter of the pixels, and then added to luma.
        tint = torch.einsum("rc,tchw->trhw", factors[:, 1:], chroma - float(offset[1]))
        tint = tint.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
        return (tint + ((luma - float(offset[0])) * factors[0, 0])[:, None]).clamp_(0, 1)


def folder_of(stores: Path, dataset: Dataset, geometry: Geometry) -> Path:
    """Return the folder of a store: <dataset key>/<size>-<hash of data, geometry and decoder>."""
    key = digest([dataset.sha256, geometry.size, decoder()], length=8)
    return stores / dataset.key / f"{geometry.size}-{key}"


def build(stores: Path, dataset: Dataset, geometry: Geometry, *, workers: int | None = None) -> Store:
    """Decode a dataset into a store, or open the one that is there.

    Killed and started again it goes on after the last clip that is whole, and ends the same. A clip that does not
    decode is a row that says why.
    """
    folder = folder_of(stores, dataset, geometry)
    store = Store(folder, geometry)
    if (folder / INDEX).is_file():
        return store
    folder.mkdir(parents=True, exist_ok=True)
    clip_ids = list(dataset.clips["clip_id"])
    paths = [dataset.root / path for path in dataset.clips["path"]]
    rows = _resume(folder, geometry)
    title = f"decode {dataset.key} at {geometry.size} x {geometry.size}"
    with (
        progress(title, len(paths), unit="clips") as bar,
        (folder / DATA).open("ab") as data,
        (folder / JOURNAL).open("a", encoding="utf-8") as journal,
    ):
        bar.step(len(rows))
        for clip in engine.run(partial(decoded, geometry=geometry), paths[len(rows) :], workers=workers):
            row = {"clip_id": clip_ids[len(rows)], "offset": _end(rows), **clip.row}
            data.write(clip.pictures)
            data.flush()
            # The journal names a clip only after its pictures are handed to the system.
            journal.write(json.dumps(row) + "\n")
            journal.flush()
            rows.append(row)
            bar.step(note=row["failed"])
    with whole(folder / INDEX) as temporary:
        pd.DataFrame(rows).to_parquet(temporary, index=False)
    (folder / JOURNAL).unlink()
    bad = [row for row in rows if row["failed"]]
    for row in bad:
        say(f"not decoded: {row['clip_id']}: {row['failed']}")
    say(f"{len(rows) - len(bad)} clips, {_end(rows)} frames, {len(bad)} failed: {folder}")
    return store


def _end(rows: Sequence[dict[str, Any]]) -> int:
    return rows[-1]["offset"] + rows[-1]["frames"] if rows else 0


def _resume(folder: Path, geometry: Geometry) -> list[dict[str, Any]]:
    """Return the rows of clips that are whole, and cut off what lies behind them."""
    journal, data = folder / JOURNAL, folder / DATA
    lines = journal.read_text("utf-8").split("\n")[:-1] if journal.is_file() else []
    rows = [json.loads(line) for line in lines]
    journal.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    with data.open("ab") as file:
        file.truncate(_end(rows) * geometry.frame_bytes)
    return rows
