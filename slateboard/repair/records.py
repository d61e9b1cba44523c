"""Records that must not be lost in silence: what was taken down, and the sums of versions."""

from collections.abc import Iterator
from pathlib import Path

from slateboard.catalog.catalog import Catalog
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write
from slateboard.records.release import Takedown
from slateboard.records.source import Source, State
from slateboard.repair.damage import Damage
from slateboard.sums import SUMS
from slateboard.workspace import LOST_TAKEDOWN, Workspace

RELEASE_SUMS = "RELEASE_SHA256SUMS"
"""In the list beside a version: the version's own sums."""


def takedown_damages(workspace: Workspace, catalog: Catalog) -> Iterator[Damage]:
    """Yield records of takedowns that cannot be read, and takedowns that a restored catalog does not know of."""
    for path in sorted(workspace.takedowns.glob("*.json")):
        name = path.relative_to(workspace.root).as_posix()
        try:
            record = Takedown.read(path)
        except SlateboardError:
            yield Damage(name, "is empty or no record of a takedown", LOST_TAKEDOWN)
            continue
        sources = [
            source
            for source in catalog.sources()
            if source.source_id in record.sources and source.state != State.TAKEN_DOWN
        ]
        # A finished takedown whose sources the catalog still has: the catalog is an older backup.
        if sources and record.done:
            yield _takedown_damage(name, record, sources, catalog)
        elif not record.done:
            remedy = f"Run `slateboard curate takedown {next(iter(record.sources), '')}`."
            yield Damage(name, "was interrupted", remedy)


def _takedown_damage(name: str, record: Takedown, sources: list[Source], catalog: Catalog) -> Damage:
    def take_down() -> None:
        catalog.take_down(sources, reason=record.reason)

    return Damage(
        name, f"names {len(sources)} sources that the catalog still has", "They are taken down there too.", take_down
    )


def release_damages(workspace: Workspace) -> Iterator[Damage]:
    """Yield versions whose sums are empty or gone, while the list beside them still has them."""
    for folder in sorted(workspace.releases.glob("v*")):
        sums = folder / SUMS
        is_version = (folder / "clips.parquet").is_file() and not (folder / "TAKEN_DOWN.md").exists()
        if not is_version or (sums.is_file() and sums.stat().st_size):
            continue
        what = "is empty" if sums.is_file() else "is not there"
        name = sums.relative_to(workspace.root).as_posix()
        copy = folder.with_name(f"{folder.name}-list") / RELEASE_SUMS
        if copy.is_file() and copy.stat().st_size:
            remedy = f"It is taken from {copy.relative_to(workspace.root).as_posix()}."
            yield Damage(name, what, remedy, lambda copy=copy, sums=sums: _copy(copy, sums))  # type: ignore[misc]
        else:
            yield Damage(name, what, f"No copy of it is here: restore {folder.name} from elsewhere, or delete it.")


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target) as temporary:
        temporary.write_bytes(source.read_bytes())
