"""List the frame stores of a workspace: form, geometry, clips, frames, bytes, what failed, what nobody needs.

Example: slateboard bench store info
"""

from typing import Any

from benchmark.frames.kept import Kept, kept, unneeded
from slateboard.dataset_lookup import datasets_of
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(workspace: Workspace) -> list[dict[str, Any]]:
    """Print a line a store."""
    broken: dict[str, str] = {}
    datasets = datasets_of(workspace, broken=broken)
    for name, reason in broken.items():
        say(f"{name} cannot be read, so its stores count as needed: {reason}")
    rows = [_row(one, unneeded(one, datasets, broken=broken)) for one in kept(workspace.stores)]
    for row in rows:
        show(row.pop("line"))
    if not rows:
        show("No stores. `slateboard bench store build` makes one, and so does a training.")
    return rows


def _row(one: Kept, reason: str) -> dict[str, Any]:
    """Return what is known of a store, and the line that says it."""
    name, size = f"{one.folder.parent.name}/{one.folder.name}", one.bytes
    tail = f"; not needed: {reason}" if reason else ""
    if one.facts is None:
        return {"folder": str(one.folder), "bytes": size, "unneeded": reason, "line": f"{name}: not whole{tail}"}
    facts = one.facts
    pictures = sum(shard.bytes for shard in facts.shards)
    each = pictures / facts.frames if facts.frames else 0.0
    line = (
        f"{name}: {facts.form}, {facts.short_side} pixels {facts.keep}, {facts.clips} clips, {facts.frames} frames, "
        f"{size / 1e6:.1f} MB, {each:.0f} bytes a frame, {facts.failed} failed, by {facts.decoder}{tail}"
    )
    return {
        "folder": str(one.folder),
        **facts.model_dump(mode="json", exclude={"shards"}),
        "bytes": size,
        "bytes_per_frame": each,
        "unneeded": reason,
        "line": line,
    }
