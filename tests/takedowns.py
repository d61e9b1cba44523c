"""A released workspace with every kind of trace of one source, and a search for what is left of it."""

import shutil
from pathlib import Path

import pandas as pd
from releasing import curate

from slateboard.catalog.catalog import open_catalog
from slateboard.records.media import Duplicate
from slateboard.records.source import Source, State, source_id
from slateboard.workspace import Workspace

SECRET = "https://example.org/watch?v=secret"


def leave_traces(workspace: Workspace) -> None:
    """Release a trimmed workspace twice; its first source has an address to forget, and a second line is that file."""
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
        victim = sources[0].model_copy(update={"url": SECRET})
        again = Source(source_id=source_id("copy.mp4", None, None), line=99, url="copy.mp4", label="High Kick")
        catalog.list_sources([victim, *sources[1:], again])
        catalog.tried(again.model_copy(update={"state": State.DUPLICATE, "media_id": victim.media_id}), [], None)
        first, second = sorted([str(victim.media_id), str(sources[2].media_id)])
        pair = Duplicate(
            first=first, second=second, mirrored=False, first_start_s=0, second_start_s=0, seconds=1, score=0.9
        )
        catalog.compare([first, second], [pair], key="k")
    curate(workspace, "release")
    curate(workspace, "release --naming ucf101")
    store = workspace.stores / "tiny-v1" / "64-abc"
    store.mkdir(parents=True)
    (store / "frames.i420").write_bytes(b"frames")
    curate(workspace, f"rebuild {workspace.releases / 'v1'} --workers 1")
    shutil.copytree(workspace.releases / "v1", workspace.releases / ".v9.part")
    for name in ("link_rot.csv", ".link_rot.jsonl"):
        (workspace.root / name).write_text(SECRET)
    for folder in (workspace.board, workspace.observations / str(victim.media_id), workspace.media / ".incoming"):
        folder.mkdir(parents=True, exist_ok=True)
    (workspace.board / "index.html").write_text("picture")
    (workspace.observations / str(victim.media_id) / "shots.parquet").write_bytes(b"seen")
    (workspace.media / ".incoming" / f"{victim.source_id}.mp4.part").write_bytes(b"half")


def traces(folder: Path, words: set[str]) -> list[str]:
    """Return files below a folder whose name or bytes hold any of the words, Parquet read as text."""
    holding = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_bytes().decode("latin-1")
            if any(word in text or word in path.name for word in words):
                holding.append(path.relative_to(folder).as_posix())
    return holding
