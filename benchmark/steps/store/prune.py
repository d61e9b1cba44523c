"""Remove the frame stores that nothing needs: of releases that are gone or changed, or by another decoder.

Stores can be made again; what goes is named, with its size and the reason.

Example: slateboard bench store prune --dry-run
"""

import shutil
from typing import Annotated

import typer

from benchmark.frames.build import LOCK, locked
from benchmark.frames.maintenance import list_stores, unneeded
from slateboard.dataset_lookup import datasets_of
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
) -> JsonOutput:
    """Name and remove them; those of a release of this workspace, made as they would be made now, stay."""
    broken: dict[str, str] = {}
    datasets = datasets_of(workspace, broken=broken)
    for name, reason in broken.items():
        say(f"{name} cannot be read, so its stores count as needed: {reason}")
    unneeded_entries = [
        (entry, reason)
        for entry in list_stores(workspace.stores)
        if (reason := unneeded(entry, datasets, broken=broken))
    ]
    rows: list[JsonObject] = []
    freed = 0
    for entry, reason in unneeded_entries:
        size = entry.bytes
        freed += size
        show(f"{'would remove' if dry_run else 'removed'} {entry.folder}: {size / 1e6:.1f} MB, {reason}")
        rows.append({"folder": str(entry.folder), "bytes": size, "reason": reason})
        if not dry_run:
            # A build of this store that is under way is waited for, rather than robbed of its folder.
            with locked(entry.folder / LOCK):
                shutil.rmtree(entry.folder)
    show(f"{len(rows)} stores, {freed / 1e6:.1f} MB{' would go' if dry_run else ''}")
    return {"removed": [] if dry_run else rows, "would_remove": rows if dry_run else [], "bytes": freed}
