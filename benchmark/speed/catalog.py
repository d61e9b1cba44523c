"""How long `status`, `fetch`, `analyse` and `propose` take to find out what is left of 100,000 sources.

Example: python -m benchmark.speed.catalog --sources 100000
"""

import argparse
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from slateboard.catalog.catalog import open_catalog
from slateboard.files import csv_text
from slateboard.media.encode import write_video
from slateboard.records.source import State, source_id
from slateboard.workspace import Workspace

_HOSTS = 50
_MOST_LINKS = 30_000
"""To one file: ext4 allows 65,000."""
_LEFT = 10
"""The first sources share one file, so that they can be proposed anew in the second round."""


def main() -> None:
    """Fill a catalog from one real source, then time the commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        _seed(workspace)
        _multiply(workspace, arguments.sources)
        _slateboard(workspace, "fetch")
        # A median of whole processes, from the start of Python on: that is what a person waits for.
        for words in ("status", "fetch", "analyse", "propose"):
            seconds = statistics.median(_slateboard(workspace, words) for _ in range(arguments.rounds))
            print(f"{words:<8} nothing left of {arguments.sources} sources: {seconds:.2f} s")
        with open_catalog(workspace.catalog) as catalog:
            source = catalog.sources(State.FETCHED)[0]
            catalog.analysed(catalog.media_of([source.media_id or ""])[source.media_id or ""], {})
        print(f"propose  {_LEFT - 1} left: {_slateboard(workspace, 'propose'):.2f} s")


def _slateboard(workspace: Workspace, command: str) -> float:
    words = [sys.executable, "-m", "slateboard", "curate", command, "-w", str(workspace.root), "--quiet"]
    started = time.perf_counter()
    subprocess.run(words, check=True)
    return time.perf_counter() - started


def _seed(workspace: Workspace) -> None:
    """Bring one drawn video through the real commands."""
    chance = np.random.default_rng(0)
    write_video(
        workspace.root / "0.mp4",
        [chance.integers(0, 255, (64, 64, 3), np.uint8) for _ in range(30)],
        frame_rate_hz=15,
    )
    (workspace.root / "slateboard.toml").write_text('name = "many"\n', "utf-8")
    workspace.sources.write_text("url,label\n0.mp4,Squat\n", "utf-8")
    for command in ("fetch", "analyse", "propose"):
        _slateboard(workspace, command)


def _multiply(workspace: Workspace, count: int) -> None:
    """Copy the rows of the one source until there are `count`: 8 of 10 fetched, 1 gone, 1 lost."""
    with open_catalog(workspace.catalog) as catalog:
        original = catalog.sources()[0]
    copies = [original]
    for number in range(1, count):
        url = f"http://host{number % _HOSTS}.example/{number}.mp4"
        changes = {
            "url": url,
            "source_id": source_id(url, None, None),
            "label": f"Class {number % 8}",
            "line": number + 2,
        }
        copies.append(original.model_copy(update=changes))
    workspace.sources.write_text(csv_text([source.row() for source in copies], ("url", "label")), "utf-8")
    with closing(sqlite3.connect(workspace.catalog)) as connection, connection:
        connection.execute("CREATE TEMP TABLE copies (n INTEGER, source_id TEXT, url TEXT, label TEXT, line INTEGER)")
        rows = [(n, copy.source_id, copy.url, copy.label, copy.line) for n, copy in enumerate(copies) if n]
        connection.executemany("INSERT INTO copies VALUES (?, ?, ?, ?, ?)", rows)
        # Of ten copies eight are fetched, one is gone and one failed by the network, which a later fetch tries again.
        media_id = {"media_id": f"CASE WHEN n < {_LEFT} THEN media_id ELSE printf('%064x', n) END"}
        fetched = f"n % 10 < 8 AND n >= {_LEFT}"
        listed = {name: f"copies.{name}" for name in ("source_id", "url", "label", "line")}
        state = "CASE n % 10 WHEN 8 THEN 'gone' WHEN 9 THEN 'network' ELSE 'fetched' END"
        _copy(connection, "media", media_id, where=fetched)
        _copy(connection, "sources", {**listed, **media_id, "state": state}, where="1")
        _copy(connection, "observations", media_id, where=fetched)
        _copy(connection, "compared", media_id, where=fetched)
        clip_columns = {
            "clip_id": "printf('%012x', n)",
            "source_id": "copies.source_id",
            "label": "copies.label",
            **media_id,
        }
        _copy(connection, "clips", clip_columns, where=fetched)
        _copy(connection, "proposals", {"source_id": "copies.source_id"}, where="n % 10 < 8")
        copied = [media_id for (media_id,) in connection.execute("SELECT media_id FROM media")]
    _link_observations(workspace, copied)


def _link_observations(workspace: Workspace, media_ids: list[str]) -> None:
    """Give each media the observation files of the one that has them."""
    (seed,) = workspace.observations.iterdir()
    origin = seed
    copies = (media_id for media_id in media_ids if media_id != seed.name)
    for number, media_id in enumerate(copies):
        folder = workspace.observations / media_id
        if number % _MOST_LINKS == 0:
            origin = shutil.copytree(seed, folder)
            continue
        folder.mkdir()
        for file in origin.iterdir():
            (folder / file.name).hardlink_to(file)


def _copy(connection: sqlite3.Connection, table: str, changed: dict[str, str], *, where: str) -> None:
    """Insert a copy of each row of a table for each row of `copies`, with some columns changed."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f'{table}."{name}"') for name in columns)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, copies WHERE {where}")


if __name__ == "__main__":
    main()
