"""A store of planes wholly in a device's memory: batches are gathered there, and nothing is copied to it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.store import Store

_BLOCK_BYTES = 1 << 26


class Wanted(Protocol):
    """What is asked of one view: benchmark/inputs/samples.py has more to say of it."""

    @property
    def clip_id(self) -> str:
        """Whose frames."""

    @property
    def indices(self) -> Indices:
        """Which of them."""

    @property
    def box(self) -> Box:
        """Which part of each."""


class ResidentFrames:
    """All pictures of a store as one uint8 tensor; its `gather` is what `feeding.gather` asks where it is there."""

    def __init__(self, store: Store, device: torch.device | str) -> None:
        self.store, self.device = store, torch.device(device)
        self._starts = _starts(store)
        self._data = _data(store, self.device)

    @property
    def geometry(self) -> Geometry:
        """What was kept of each picture."""
        return self.store.geometry

    def facts(self, clip_id: str) -> ClipFrames:
        """Return what is known of a clip."""
        return self.store.facts(clip_id)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return pictures as the store does, from the disk: for those who want them outside the device."""
        return self.store.planes(clip_id, indices, box)

    def gather(self, items: Sequence[Wanted]) -> Pictures:
        """Return the frames of views, all of one number, on the device; a row is as long as the largest box wants it.

        Raises IndexError for a frame that a clip does not have.
        """
        facts = [self.store.shards.place(item.clip_id, item.indices).facts for item in items]
        height, width = max(
            ((item.box.height, item.box.width) for item in items), key=lambda size: picture_bytes(*size)
        )
        matrices = colours([(one.matrix, one.full_range) for one in facts]).to(self.device)
        of_size: dict[tuple[int, int], list[int]] = {}
        for position, item in enumerate(items):
            of_size.setdefault((item.box.height, item.box.width), []).append(position)
        if len(of_size) == 1:
            return Pictures(self._gathered(items, facts), height, width, matrices)
        shape = (len(items), len(items[0].indices), picture_bytes(height, width))
        planes = torch.empty(shape, dtype=torch.uint8, device=self.device)
        for size, those in of_size.items():
            found = self._gathered([items[one] for one in those], [facts[one] for one in those])
            planes[those, :, : picture_bytes(*size)] = found
        return Pictures(planes, height, width, matrices)

    def _gathered(self, items: Sequence[Wanted], facts: Sequence[ClipFrames]) -> torch.Tensor:
        """Return views with boxes of one size, uint8 [B, T, bytes of a picture]; the clips may be of several sizes."""
        box = items[0].box
        sizes = np.array([(one.height, one.width) for one in facts])
        corners = np.array([(item.box.top, item.box.left) for item in items])
        pixels = sizes.prod(axis=1)
        frames = np.array([self._starts[item.clip_id] for item in items])[:, None]
        frames = frames + np.stack([item.indices for item in items]) * (pixels * 3 // 2)[:, None]
        parts = []
        for before, part in ((0 * pixels, 1), (pixels, 2), (pixels * 5 // 4, 2)):
            widths = sizes[:, 1] // part
            first = frames + (before + corners[:, 0] // part * widths + corners[:, 1] // part)[:, None]
            parts.append(self._part(first, widths, height=box.height // part, width=box.width // part))
        return torch.cat(parts, dim=-1)

    def _part(self, corners: Indices, widths: Indices, *, height: int, width: int) -> torch.Tensor:
        """Return a rectangle of one plane, uint8 [B, T, height * width].

        `corners` [B, T] are the places of the rectangles' first bytes, `widths` [B] the bytes of a whole row.
        """
        first, row_bytes = (torch.from_numpy(values).to(self.device) for values in (corners, widths))
        rows = torch.arange(height, device=self.device) * row_bytes[:, None]
        places = first[:, :, None, None] + rows[:, None, :, None] + torch.arange(width, device=self.device)
        return self._data[places].flatten(2)


def _starts(store: Store) -> dict[str, int]:
    """Return the bytes before each clip, by clip_id, where the shards lie one after the other."""
    sizes = store.shards.index.groupby("shard")["bytes"].sum()
    before = dict(zip(sizes.index.tolist(), (sizes.cumsum() - sizes).tolist(), strict=True))
    return {clip_id: before[place.shard] + place.offset for clip_id, place in store.shards.places.items()}


def _data(store: Store, device: torch.device) -> torch.Tensor:
    """Return all bytes of a store, uint8, on a device; they go there through a buffer, shard by shard."""
    data = torch.empty(store.shards.size, dtype=torch.uint8, device=device)
    done = 0
    sizes = store.shards.index.groupby("shard")["bytes"].sum()
    for shard, size in zip(sizes.index.tolist(), sizes.tolist(), strict=True):
        for offset in range(0, size, _BLOCK_BYTES):
            block = np.empty(min(_BLOCK_BYTES, size - offset), dtype=np.uint8)
            store.shards.read_into(block, shard, offset)
            data[done : done + len(block)] = torch.from_numpy(block)
            done += len(block)
    return data
