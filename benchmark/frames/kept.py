"""Look after the stores of a workspace: what there is, whether it is still whole, which of it nobody needs."""

import io
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.frames.build import LOCK
from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import decoder
from benchmark.frames.shard import checksum_of, write_clip
from benchmark.frames.shards import FACTS, INDEX, Shards, StoreFacts, coding
from slateboard.dataset import Dataset
from slateboard.errors import Problem, SlateboardError
from slateboard.paths import inside
from slateboard.progress import progress

_AGAIN = "Remove the store's folder and build it again."


@dataclass(frozen=True)
class Kept:
    """One store below a workspace."""

    folder: Path
    facts: StoreFacts | None
    """None for one whose building has not ended, or whose record cannot be read."""

    @property
    def bytes(self) -> int:
        """All that lies in the folder."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


def kept(stores: Path) -> list[Kept]:
    """Return the stores of a workspace by dataset and name, whole or not."""
    folders = sorted(path for path in stores.glob("*/*") if path.is_dir() and (path / LOCK).exists())
    return [Kept(folder, _facts(folder)) for folder in folders]


def _facts(folder: Path) -> StoreFacts | None:
    if not (folder / INDEX).is_file():
        return None
    try:
        return StoreFacts.read(folder / FACTS)
    except SlateboardError:
        return None


def unneeded(one: Kept, datasets: Sequence[Dataset], *, broken: Collection[str] = ()) -> str:
    """Return why nothing needs a store, or an empty string where something may; `datasets` are the releases.

    One that is not whole yet is needed: building goes on where it stopped. So is one of a folder outside the
    workspace that is still there, and one of a dataset that cannot be read now, by its version or key in `broken`.
    """
    if any(one.folder.parent.name in (name, f"{one.folder.parent.name.rpartition('-')[0]}-{name}") for name in broken):
        return ""
    keys = {dataset.key: dataset.sha256 for dataset in datasets}
    facts = one.facts
    if facts is None:
        if (one.folder / INDEX).is_file():
            return f"its {FACTS} cannot be read"
        return "" if one.folder.parent.name in keys else "it is not whole, and there is no such release"
    if facts.dataset in keys:
        if keys[facts.dataset] != facts.dataset_sha256:
            return f"it holds other clips than {facts.dataset} has now"
    elif not Path(facts.root).is_dir():
        return f"{facts.dataset} is not there any more"
    if facts.decoder != decoder(facts.decoded_by):
        return f"it was made by {facts.decoder}, here is {decoder(facts.decoded_by)}"
    return "it was coded otherwise than now" if facts.coding != coding(facts.form) else ""


def damage(one: Kept) -> list[Problem]:
    """Return what is wrong with the bytes of a store that is whole: each file is read and its checksum compared."""
    assert one.facts is not None
    found = []
    with progress(f"check {one.folder.name}", len(one.facts.shards), unit="shards") as bar:
        for shard in one.facts.shards:
            file = inside(one.folder, shard.name)
            if not file.is_file():
                found.append(Problem(str(file), "is not there.", _AGAIN))
            elif file.stat().st_size != shard.bytes:
                found.append(
                    Problem(str(file), f"has {file.stat().st_size} bytes, was written with {shard.bytes}.", _AGAIN)
                )
            elif checksum_of(file) != shard.xxh3:
                found.append(Problem(str(file), "has other bytes than it was written with.", _AGAIN))
            bar.step()
    return found


def differing(one: Kept, dataset: Dataset, *, sample: int, seed: int) -> tuple[list[str], list[Problem]]:
    """Decode some clips of a whole store again, by chance with a seed, from the dataset that it was made of.

    Return their ids, and those whose bytes are not the stored ones.
    """
    facts = one.facts
    assert facts is not None
    shards = Shards(one.folder, Geometry(facts.short_side, facts.keep), facts.form)
    paths = dataset.clips.set_index("clip_id")["path"]
    ids = sorted(shards.places)
    chosen = sorted(random.Random(seed).sample(ids, min(sample, len(ids))))
    found = []
    with progress(f"decode again of {one.folder.name}", len(chosen), unit="clips") as bar:
        for clip_id in chosen:
            again = _again(dataset.file(paths[clip_id]), shards, facts)
            if again != shards.stored_bytes(clip_id):
                what = f"decodes to {len(again)} bytes that are not the stored ones."
                found.append(Problem(f"{one.folder}: {clip_id}", what, _AGAIN))
            bar.step()
    return chosen, found


def _again(path: Path, shards: Shards, facts: StoreFacts) -> bytes:
    """Return what a clip would be stored as; nothing where it cannot be read."""
    target = io.BytesIO()
    try:
        write_clip(path, target, geometry=shards.geometry, form=shards.form, decoded_by=facts.decoded_by)
    except SlateboardError:
        return b""
    return target.getvalue()
