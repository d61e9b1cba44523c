"""List the frame stores of a workspace: form, geometry, clips, frames, bytes, what failed, what nobody needs.

Example: slateboard bench store info
"""

from benchmark.frames.maintenance import StoreEntry, list_stores, unneeded
from slateboard.dataset_lookup import datasets_of
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(workspace: Workspace) -> JsonOutput:
    """Print a line a store."""
    broken: dict[str, str] = {}
    datasets = datasets_of(workspace, broken=broken)
    for name, reason in broken.items():
        say(f"{name} cannot be read, so its stores count as needed: {reason}")
    entries = list_stores(workspace.stores)
    rows_and_lines = [_row_and_line(entry, unneeded(entry, datasets, broken=broken)) for entry in entries]
    rows = [row for row, _ in rows_and_lines]
    for _, line in rows_and_lines:
        show(line)
    if not rows:
        show("No stores. `slateboard bench store build` makes one, and so does a training.")
    return rows


def _row_and_line(entry: StoreEntry, reason: str) -> tuple[JsonObject, str]:
    """Return the row of a store, and the line that prints it."""
    name, size = f"{entry.folder.parent.name}/{entry.folder.name}", entry.bytes
    tail = f"; not needed: {reason}" if reason else ""
    if entry.facts is None:
        return {"folder": str(entry.folder), "bytes": size, "unneeded": reason}, f"{name}: not whole{tail}"
    facts = entry.facts
    pictures = sum(shard.bytes for shard in facts.shards)
    bytes_per_frame = pictures / facts.frames if facts.frames else 0.0
    line = (
        f"{name}: {facts.form}, {facts.short_side} pixels {facts.keep}, {facts.clips} clips, {facts.frames} frames, "
        f"{size / 1e6:.1f} MB, {bytes_per_frame:.0f} bytes a frame, {facts.failed} failed, by {facts.decoder}{tail}"
    )
    row = {
        "folder": str(entry.folder),
        **facts.model_dump(mode="json", exclude={"shards"}),
        "bytes": size,
        "bytes_per_frame": bytes_per_frame,
        "unneeded": reason,
    }
    return row, line
