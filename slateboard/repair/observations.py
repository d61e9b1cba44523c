"""Observations that the catalog counts on and that are not there, are broken or are another media's."""

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from slateboard import engine
from slateboard.catalog.catalog import Catalog
from slateboard.catalog.media import ObservationFile, observation_key
from slateboard.observation_files import BrokenObservation, Size, read_rows
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace

_SHOWN = 10


class Broken(NamedTuple):
    """One observation that is to be made again."""

    media_id: str
    analyser: str
    reason: str

    def __str__(self) -> str:
        return f"observations/{self.media_id[:12]}.../{self.analyser}.parquet {self.reason}"


def broken_observations(catalog: Catalog, folder: Path, *, media_ids: Collection[str] | None = None) -> list[Broken]:
    """Return observations that are not as they were recorded; of these media only, if any are named.

    A file whose size and time are those recorded is taken as it is; any other is read whole.
    """
    broken: list[Broken] = []
    doubtful: list[tuple[ObservationFile, Size]] = []
    for media_id, rows in groupby(catalog.observation_files(), key=lambda row: row.media_id):
        if media_ids is not None and media_id not in media_ids:
            continue
        sizes = _sizes(folder / media_id)
        for row in rows:
            size = sizes.get(f"{row.analyser}.parquet")
            if size is None:
                broken.append(Broken(media_id, row.analyser, "is not there"))
            # As recorded, size and time: not read. Otherwise its pages are read and checked, and if whole recorded
            # anew.
            elif size != (row.bytes, row.mtime_ns):
                doubtful.append((row, size))
    # Threads: most of it is waiting for a disk.
    with ThreadPoolExecutor(engine.cores()) as pool:
        reasons = list(pool.map(lambda pair: _fault(folder, pair[0]), doubtful))
    sound = [(row, size) for (row, size), reason in zip(doubtful, reasons, strict=True) if reason is None]
    catalog.record_observation_files([row._replace(bytes=size.bytes, mtime_ns=size.mtime_ns) for row, size in sound])
    checked = zip(doubtful, reasons, strict=True)
    broken += [Broken(row.media_id, row.analyser, reason) for (row, _), reason in checked if reason is not None]
    return sorted(broken)


def describe_broken(broken: Sequence[Broken]) -> list[str]:
    """Return a line for each of the first ten, and one with the number of the others."""
    lines = [str(observation) for observation in broken[:_SHOWN]]
    return lines if len(broken) <= _SHOWN else [*lines, f"and {len(broken) - _SHOWN} more observations"]


def observation_damages(workspace: Workspace, catalog: Catalog) -> Iterator[Damage]:
    """Yield one damage for all observations that are broken."""
    broken = broken_observations(catalog, workspace.observations)
    if broken:
        yield Damage(
            "observations/", f"lacks {len(broken)} files that are whole, as {broken[0]}",
            "They are forgotten, so that `slateboard curate analyse` makes them again.",
            lambda: catalog.forget_observations([(item.media_id, item.analyser) for item in broken]),
        )  # fmt: skip


def _sizes(folder: Path) -> dict[str, Size]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: Size(entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries}
    except OSError:
        return {}


def _fault(folder: Path, row: ObservationFile) -> str | None:
    try:
        _, origin = read_rows(folder, row.media_id, row.analyser)
    except BrokenObservation as error:
        return error.reason
    made_by = observation_key(origin.get("version", 0), origin.get("parameters", {}))
    return None if made_by == row.key else "was made by another version or with other parameters"
