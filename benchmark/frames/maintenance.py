"""Maintain the stores of a workspace: list them, find damage, decode again, and tell which nothing needs."""

import io
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.frames.build import LOCK
from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import decoder
from benchmark.frames.shard_reader import FACTS, INDEX, Shards, StoreFacts, coding
from benchmark.frames.shard_writer import checksum_of, write_clip
from slateboard.dataset import Dataset
from slateboard.errors import Problem, SlateboardError
from slateboard.paths import inside
from slateboard.progress import progress

_AGAIN = "Remove the store's folder and build it again."


@dataclass(frozen=True)
class StoreEntry:
    """One store below a workspace."""

    folder: Path
    facts: StoreFacts | None
    """None for a store whose building has not ended, or whose record cannot be read."""

    @property
    def bytes(self) -> int:
        """Of all files in the folder."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


def list_stores(stores: Path) -> list[StoreEntry]:
    """Return the stores of a workspace by dataset and name, complete or not."""
    folders = sorted(path for path in stores.glob("*/*") if path.is_dir() and (path / LOCK).exists())
    return [StoreEntry(folder, _facts(folder)) for folder in folders]


def _facts(folder: Path) -> StoreFacts | None:
    if not (folder / INDEX).is_file():
        return None
    try:
        return StoreFacts.read(folder / FACTS)
    except SlateboardError:
        return None


def unneeded(entry: StoreEntry, datasets: Sequence[Dataset], *, broken: Collection[str] = ()) -> str:
    """Return why nothing needs a store, or an empty string where something may; `datasets` are the releases.

    An incomplete store is needed, since building goes on where it stopped. So is the store of a folder outside the
    workspace that still exists, and of a dataset that cannot be read now, by its version or key in `broken`.
    """
    if any(
        entry.folder.parent.name in (name, f"{entry.folder.parent.name.rpartition('-')[0]}-{name}") for name in broken
    ):
        return ""
    keys = {dataset.key: dataset.sha256 for dataset in datasets}
    facts = entry.facts
    if facts is None:
        if (entry.folder / INDEX).is_file():
            return f"its {FACTS} cannot be read"
        return "" if entry.folder.parent.name in keys else "it is not whole, and there is no such release"
    if facts.dataset in keys:
        if keys[facts.dataset] != facts.dataset_sha256:
            return f"it holds other clips than {facts.dataset} has now"
    elif not Path(facts.root).is_dir():
        return f"{facts.dataset} is not there any more"
    if facts.decoder != decoder(facts.decoded_by):
        return f"it was made by {facts.decoder}, here is {decoder(facts.decoded_by)}"
    return "it was coded otherwise than now" if facts.coding != coding(facts.form) else ""


def find_damage(entry: StoreEntry) -> list[Problem]:
    """Return the damaged files of a complete store: each is read and its checksum compared."""
    assert entry.facts is not None
    problems = []
    with progress(f"check {entry.folder.name}", len(entry.facts.shards), unit="shards") as bar:
        for shard in entry.facts.shards:
            file = inside(entry.folder, shard.name)
            # The cheapest look first: a file that was cut short is found without reading it.
            if not file.is_file():
                problems.append(Problem(str(file), "is not there.", _AGAIN))
            elif file.stat().st_size != shard.bytes:
                problems.append(
                    Problem(str(file), f"has {file.stat().st_size} bytes, was written with {shard.bytes}.", _AGAIN)
                )
            elif checksum_of(file) != shard.xxh3:
                problems.append(Problem(str(file), "has other bytes than it was written with.", _AGAIN))
            bar.step()
    return problems


def decode_again(entry: StoreEntry, dataset: Dataset, *, sample: int, seed: int) -> tuple[list[str], list[Problem]]:
    """Decode a seeded random sample of a complete store again, from the dataset that it was made of.

    Return the ids of the sample, and a problem for each clip whose bytes differ from the stored ones.
    """
    facts = entry.facts
    assert facts is not None
    shards = Shards(entry.folder, Geometry(facts.short_side, facts.keep), facts.form)
    paths = dataset.clips.set_index("clip_id")["path"]
    # Sorted before the draw: the same seed names the same clips, whatever the order of the index.
    ids = sorted(shards.places)
    sampled = sorted(random.Random(seed).sample(ids, min(sample, len(ids))))
    problems = []
    with progress(f"decode again of {entry.folder.name}", len(sampled), unit="clips") as bar:
        for clip_id in sampled:
            again = _again(dataset.file(paths[clip_id]), shards, facts)
            if again != shards.stored_bytes(clip_id):
                what = f"decodes to {len(again)} bytes that are not the stored ones."
                problems.append(Problem(f"{entry.folder}: {clip_id}", what, _AGAIN))
            bar.step()
    return sampled, problems


def _again(path: Path, shards: Shards, facts: StoreFacts) -> bytes:
    """Return the bytes that a clip would be stored as now; none where it cannot be read."""
    target = io.BytesIO()
    try:
        write_clip(path, target, geometry=shards.geometry, form=shards.form, decoded_by=facts.decoded_by)
    except SlateboardError:
        return b""
    return target.getvalue()
