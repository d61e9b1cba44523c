"""ResidentFrames: a store of planes in a device's memory; batches are gathered there, without a copy from the host."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from benchmark.frames.colour import Pictures, colours
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.plane_store import PlaneStore

_BLOCK_BYTES = 1 << 26


class ViewRequest(Protocol):
    """The frames and pixels of one view; a Sample (benchmark/inputs/samples.py) is one."""

    @property
    def clip_id(self) -> str:
        """Clip whose frames are read."""

    @property
    def indices(self) -> Indices:
        """Frame numbers [T]."""

    @property
    def box(self) -> Box:
        """Pixels of each frame."""


class ResidentFrames:
    """All pictures of a store as one uint8 tensor; `loader.gather` calls its `gather` instead of reading."""

    def __init__(self, store: PlaneStore, device: torch.device | str) -> None:
        self.store, self.device = store, torch.device(device)
        self._starts = _starts(store)
        self._data = _data(store, self.device)

    @property
    def geometry(self) -> Geometry:
        """Size and part of the stored pictures."""
        return self.store.geometry

    def facts(self, clip_id: str) -> ClipFrames:
        """Return the facts of a clip."""
        return self.store.facts(clip_id)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return pictures as the store does, read from the disk to the host."""
        return self.store.planes(clip_id, indices, box)

    def gather(self, views: Sequence[ViewRequest]) -> Pictures:
        """Return the frames of views with T frames each, on the device; rows are as long as the largest box needs.

        Raises IndexError for a frame that a clip does not have.
        """
        facts = [self.store.shards.place(view.clip_id, view.indices).facts for view in views]
        height, width = max(
            ((view.box.height, view.box.width) for view in views), key=lambda size: picture_bytes(*size)
        )
        matrices = colours([(clip.matrix, clip.full_range) for clip in facts]).to(self.device)
        by_size: dict[tuple[int, int], list[int]] = {}
        for position, view in enumerate(views):
            by_size.setdefault((view.box.height, view.box.width), []).append(position)
        if len(by_size) == 1:
            return Pictures(self._gathered(views, facts), height, width, matrices)
        shape = (len(views), len(views[0].indices), picture_bytes(height, width))
        planes = torch.empty(shape, dtype=torch.uint8, device=self.device)
        for size, positions in by_size.items():
            gathered = self._gathered([views[at] for at in positions], [facts[at] for at in positions])
            planes[positions, :, : picture_bytes(*size)] = gathered
        return Pictures(planes, height, width, matrices)

    def _gathered(self, views: Sequence[ViewRequest], facts: Sequence[ClipFrames]) -> torch.Tensor:
        """Return views with boxes of one size, uint8 [B, T, bytes of a picture]; the clips may be of several sizes."""
        box = views[0].box
        sizes = np.array([(clip.height, clip.width) for clip in facts])
        corners = np.array([(view.box.top, view.box.left) for view in views])
        pixels = sizes.prod(axis=1)
        # Frame f of a clip of H x W pixels begins at the clip's start + f * 3 HW / 2; there luma begins at 0, U at HW,
        # V at 5 HW / 4. Pixel (y, x) of a plane lies at y * row + x, for chroma with half of y, x and the row.
        frames = np.array([self._starts[view.clip_id] for view in views])[:, None]
        frames = frames + np.stack([view.indices for view in views]) * (pixels * 3 // 2)[:, None]
        rectangles = []
        for plane_start, subsampling in ((0 * pixels, 1), (pixels, 2), (pixels * 5 // 4, 2)):
            widths = sizes[:, 1] // subsampling
            offsets = plane_start + corners[:, 0] // subsampling * widths + corners[:, 1] // subsampling
            height, width = box.height // subsampling, box.width // subsampling
            rectangles.append(self._rectangle(frames + offsets[:, None], widths, height=height, width=width))
        return torch.cat(rectangles, dim=-1)

    def _rectangle(self, corners: Indices, widths: Indices, *, height: int, width: int) -> torch.Tensor:
        """Return a rectangle of one plane, uint8 [B, T, height * width].

        `corners` [B, T] are the addresses of the rectangles' first bytes, `widths` [B] the bytes of a row of the plane.
        """
        starts, row_bytes = (torch.from_numpy(values).to(self.device) for values in (corners, widths))
        # An address of 8 bytes for each byte that is gathered: luma of 32 views of 16 frames of 112 x 112 is 6.4 MB,
        # with 51 MB of addresses on the way.
        rows = torch.arange(height, device=self.device) * row_bytes[:, None]
        addresses = starts[:, :, None, None] + rows[:, None, :, None] + torch.arange(width, device=self.device)
        return self._data[addresses].flatten(2)


def _starts(store: PlaneStore) -> dict[str, int]:
    """Return the address of each clip, by clip_id, with the shards one after the other."""
    sizes = store.shards.index.groupby("shard")["bytes"].sum()
    # Shards of 100, 80 and 50 bytes begin at 0, 100 and 180: the sum up to each, less itself.
    before = dict(zip(sizes.index.tolist(), (sizes.cumsum() - sizes).tolist(), strict=True))
    return {clip_id: before[place.shard] + place.offset for clip_id, place in store.shards.places.items()}


def _data(store: PlaneStore, device: torch.device) -> torch.Tensor:
    """Return all bytes of a store, uint8, on a device, copied through a buffer shard by shard."""
    data = torch.empty(store.shards.size, dtype=torch.uint8, device=device)
    filled = 0
    sizes = store.shards.index.groupby("shard")["bytes"].sum()
    for shard, size in zip(sizes.index.tolist(), sizes.tolist(), strict=True):
        # 64 MiB at a time, so that the host never holds more of the store than that.
        for offset in range(0, size, _BLOCK_BYTES):
            block = np.empty(min(_BLOCK_BYTES, size - offset), dtype=np.uint8)
            store.shards.read_into(block, shard, offset)
            data[filled : filled + len(block)] = torch.from_numpy(block)
            filled += len(block)
    return data
