"""Open the frames of a run: a store of planes or of video, on-the-fly decoding, or a GPU's memory."""

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import torch

from benchmark.frames.build import build_store
from benchmark.frames.frames import Frames
from benchmark.frames.geometry import Geometry, picture_bytes
from benchmark.frames.live import LIVE, LiveFrames, live
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.resident import ResidentFrames
from benchmark.frames.shard_reader import INDEX, Shards, folder_of
from benchmark.frames.shard_writer import PLANES, VIDEO
from benchmark.frames.video_store import VideoStore
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Budget, Place
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.media.probe import Claims, read_claims
from slateboard.media.scale import scaled_size
from slateboard.progress import say
from slateboard.workspace import Workspace

AUTO = "auto"
_MEMORY_SHARE = 0.5
"""Greatest part of all memory for a store's planes, which the system caches while a training needs the rest. Not of the
free memory: that differs from run to run and from process to process, and would give other forms, so other pictures."""
_DISK_SHARE = 0.9
_VIDEO_SHARE = 0.1
"""Estimate of video's bytes as a part of those of planes; the greatest measured is 0.06 (docs/performance.md)."""
_DEVICE_SHARE = 0.5
_PROBED = 200
"""Containers that are opened to estimate the size of a store: 0.2 s; all of Kinetics would take minutes."""
_in_gpus: WeakValueDictionary[tuple[Path, str], ResidentFrames] = WeakValueDictionary()
"""Stores in use that lie in a GPU's memory: two streams of one geometry share one."""


@dataclass(frozen=True)
class FreeSpace:
    """Available memory and disk, in bytes."""

    memory: int
    """All that this process may use."""
    disk: int
    """Free."""


def open_frames(workspace: Workspace, dataset: Dataset, geometry: Geometry, *, device: torch.device | str) -> Frames:
    """Open the frame source that settings.frames asks for; build the store if it does not exist.

    Says in one line which form was chosen and why. Raises MissingRequirement where frames are to lie in the memory of
    a GPU that is missing or too small.
    """
    settings, stores = workspace.settings.frames, workspace.stores
    place = Place(budget=Budget.of(workspace.settings.limits))
    if settings.resident == "gpu" and settings.form not in (AUTO, PLANES):
        raise SlateboardError(
            f'frames.resident is "gpu", which holds planes, and frames.form is "{settings.form}": set it to "planes".'
        )
    if settings.resident == "gpu" and torch.device(device).type != "cuda":
        raise MissingRequirement('frames.resident is "gpu", but the run computes on the CPU: set it to "no" or "auto".')
    form: str = settings.form
    why = "as the settings say"
    if form == AUTO and settings.resident == "gpu":
        form, why = PLANES, "which a GPU holds"
    elif form == AUTO:
        folders = {name: folder_of(stores, dataset, geometry, form=name) for name in (PLANES, VIDEO)}
        existing = [name for name, folder in folders.items() if (folder / INDEX).is_file()]
        if PLANES in existing:
            form, why = PLANES, "which are there"
        else:
            form, why = choose_form(planes_bytes(dataset, geometry), free_space(stores), has_video=VIDEO in existing)
    say(f"frames of {dataset.key} at {geometry.key}: {form}, {why}")
    if form == LIVE:
        return live(stores, dataset, geometry, place=place)
    store = open_store(stores, dataset, geometry, form=form, place=place)
    return _resident(store, device, setting=settings.resident) if isinstance(store, PlaneStore) else store


def open_store(
    stores: Path, dataset: Dataset, geometry: Geometry, *, form: str, place: Place = HERE
) -> PlaneStore | VideoStore:
    """Open a store of this form; build it if it does not exist."""
    shards = Shards(build_store(stores, dataset, geometry, form=form, place=place), geometry, form)
    return VideoStore(shards) if form == VIDEO else PlaneStore(shards)


def form_of(frames: Frames) -> str:
    """Return the form of frames, as a result states it: the pictures of `video` are not quite those of the others."""
    return {VideoStore: VIDEO, LiveFrames: LIVE}.get(type(frames), PLANES)


def choose_form(planes: int, free: FreeSpace, *, has_video: bool) -> tuple[str, str]:
    """Return the form for so many bytes of planes, and why; `has_video`: the video form exists already."""
    # 2.5 million frames of 128 x 170 -> 82 GB: planes if the machine has 164 GB of memory and 91 GB of free disk, else
    # video if it has 9 GB of free disk for an estimated 8 GB, else on-the-fly decoding.
    size = f"its planes take {_size(planes)}"
    if planes <= _MEMORY_SHARE * free.memory and planes <= _DISK_SHARE * free.disk:
        return PLANES, f"{size} of {_size(free.memory)} memory and {_size(free.disk)} free disk"
    much = f"{size}, more than {_size(free.memory)} memory or {_size(free.disk)} free disk spare"
    if has_video:
        return VIDEO, f"which is there: {much}"
    if _VIDEO_SHARE * planes <= _DISK_SHARE * free.disk:
        return VIDEO, much
    return LIVE, f"{much}, even as video"


def planes_bytes(dataset: Dataset, geometry: Geometry) -> int:
    """Return an estimate of the bytes that the planes of a dataset take, from its table of clips.

    Of the clips whose length or size the table does not state, as in a plain folder, a seeded random sample is probed,
    and the others are taken to be like its mean: by what the containers claim.
    """
    columns = ["path", *(name for name in ("frames", "width", "height") if name in dataset.clips)]
    rows = dataset.clips[columns].to_dict("records")
    stated = [row for row in rows if all(row.get(name, 0) > 0 for name in ("frames", "width", "height"))]
    total = sum(_bytes(Claims(row["frames"], row["width"], row["height"]), geometry) for row in stated)
    unknown = sorted({row["path"] for row in rows} - {row["path"] for row in stated})
    sample = random.Random(0).sample(unknown, min(_PROBED, len(unknown)))
    sizes = [_bytes(_claims(file), geometry) for file in dataset.files(sample)]
    # 200 of 10,000 clips were probed: their bytes times 10,000 / 200 = 50. Integers, so exact at any size.
    return total + (sum(sizes) * len(unknown) // len(sizes) if sizes else 0)


def _bytes(clip: Claims, geometry: Geometry) -> int:
    if not clip.frames:
        return 0
    size = (geometry.short_side, geometry.short_side)
    if geometry.keep == "whole":
        size = scaled_size(clip.width, clip.height, short_side=geometry.short_side)
    return clip.frames * picture_bytes(*size)


def _claims(path: Path) -> Claims:
    try:
        return read_claims(path)
    except SlateboardError:
        return Claims(0, 0, 0)


def free_space(folder: Path) -> FreeSpace:
    """Return the memory of this machine, and what is free of the disk on which a folder lies or will lie."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return FreeSpace(_memory(), shutil.disk_usage(folder).free)


def _memory() -> int:
    """Return the bytes of memory that this process may use: all of the machine's, or its container's limit."""
    limit = Path("/sys/fs/cgroup/memory.max")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # The word "max" where there is no limit.
    allowed = limit.read_text("utf-8").strip() if limit.is_file() else ""
    return min(total, int(allowed)) if allowed.isdigit() else total


def _resident(store: PlaneStore, device: torch.device | str, *, setting: str) -> Frames:
    """Return the store in the memory of the device, where frames.resident asks for that and it fits."""
    if setting == "no" or torch.device(device).type != "cuda":
        return store
    key = (store.folder, str(device))
    if key in _in_gpus:
        return _in_gpus[key]
    free = torch.cuda.mem_get_info(device)[0]
    size = f"{_size(store.shards.size)} of {_size(free)} free memory of the GPU"
    if store.shards.size <= _DEVICE_SHARE * free:
        say(f"frames lie in the GPU: {size}")
        return _in_gpus.setdefault(key, ResidentFrames(store, device))
    if setting != AUTO:
        raise MissingRequirement(
            f'frames.resident is "gpu", but the frames would take {size}, over {_DEVICE_SHARE:.0%}: set it to "auto".'
        )
    return store


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
