"""Decode a dataset once into a frame store of one size; trainings do so by themselves.

Killed and started again, it goes on where it was. The form `planes` holds raw pictures, `video` small H.264 ones.

Example: slateboard bench store build --size 128 --keep whole --form video
"""

from typing import Annotated

import typer

from benchmark.frames.geometry import Geometry
from benchmark.frames.open_frames import open_store
from benchmark.frames.shard_writer import FORMS
from slateboard.dataset_lookup import dataset_at
from slateboard.engine import Budget, Engine, Place
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.options import DatasetName, Processes, RayAddress
from slateboard.progress import show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    size: Annotated[int, typer.Option(help="Shorter side of the pictures in pixels, even.")],
    keep: Annotated[
        str, typer.Option(help="centre: the square in the middle; whole: the picture as it is.")
    ] = "centre",
    form: Annotated[str, typer.Option(help="planes: raw pictures; video: H.264, a twentieth of that.")] = "planes",
    dataset: DatasetName = None,
    workers: Processes = None,
    engine: Annotated[Engine, typer.Option(help="Where work runs.")] = Engine.LOCAL,
    address: RayAddress = None,
) -> JsonOutput:
    """Build the store, or say that it is there; clips that cannot be decoded are named and counted."""
    if form not in FORMS:
        raise SlateboardError(f"Unknown form '{form}'. {did_you_mean(form, FORMS)}")
    data = dataset_at(workspace, dataset)
    workspace.stores.mkdir(parents=True, exist_ok=True)
    shared = (workspace.stores, data.root)
    place = Place(workers, engine, address, Budget.of(workspace.settings.limits), shared=shared)
    store = open_store(workspace.stores, data, Geometry(size, keep), form=form, place=place)
    index = store.shards.index
    frames, failed = int(index["frames"].sum()), int((index["failed"] != "").sum())
    claims = index[(index["claimed"] > 0) & (index["failed"] == "") & (index["claimed"] != index["frames"])]
    facts = {
        "folder": str(store.folder),
        "form": form,
        "clips": len(index) - failed,
        "frames": frames,
        "failed": failed,
        "other_count_claimed": len(claims),
        "bytes": store.shards.size,
    }
    show(
        f"{store.folder}: {facts['clips']} clips, {frames} frames, {failed} clips failed, {len(claims)} containers "
        f"claim another number of frames, {store.shards.size} bytes"
    )
    return facts
