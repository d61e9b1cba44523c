"""Decode a release once into a frame store of one size; trainings do so by themselves.

Example: slateboard bench store build --size 64
"""

from typing import Annotated, Any

import typer

from benchmark.frames.pictures import Geometry
from benchmark.frames.store import build
from slateboard.progress import show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels, even.")],
    release: Annotated[str | None, typer.Option(help="Version, as v1; the newest if not given.")] = None,
) -> dict[str, Any]:
    """Build the store, or say that it is there; clips that cannot be decoded are named and counted."""
    store = build(workspace.stores, workspace.dataset(release), Geometry(size))
    frames, failed = int(store.index["frames"].sum()), int((store.index["failed"] != "").sum())
    clips = len(store.index) - failed
    show(f"{store.folder}: {clips} clips, {frames} frames of {store.geometry.frame_bytes} bytes, {failed} clips failed")
    return {"folder": str(store.folder), "clips": clips, "frames": frames, "failed": failed}
