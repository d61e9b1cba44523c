"""Datasets in memory: a few rows become a whole Dataset, hashes and all."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table
from slateboard.records.release import Release

REALDATA = Path(os.environ.get("SLATEBOARD_REALDATA", Path(__file__).parents[3] / "shared" / "realdata"))

DEFAULTS: dict[str, Any] = {
    "start_s": 0.0,
    "end_s": 2.0,
    "first_frame": 0,
    "last_frame": 49,
    "frames": 50,
    "fps": 25.0,
    "width": 64,
    "height": 48,
    "duration_s": 2.0,
    "camera": "unknown",
    "effects": "",
    "has_effects": "unknown",
    "proposed_effects": "",
    "quality": "",
    "licence": "",
    "fingerprint": "",
    "shot_id": "",
    "twin_of": "",
}


def dataset_of(rows: Sequence[Mapping[str, Any]], *, root: Path = Path("releases/v1")) -> Dataset:
    """Return a dataset; a row needs a label, and has its own group, source and file unless it says so."""
    classes = tuple(sorted({row["label"] for row in rows}))
    full = []
    for number, row in enumerate(rows):
        name = f"clip{number:04}"
        label = row["label"]
        full.append(
            {
                **DEFAULTS,
                "clip_id": name,
                "path": f"videos/{label}/v_{label}_{number}.mp4",
                "class_index": classes.index(label) + 1,
                "source_id": f"source of {name}",
                "source_url": f"raw/{name}.avi",
                "group": f"group of {name}",
                "sha256": f"file of {name}",
                **row,
            }
        )
    clips = pd.DataFrame(full, columns=list(CLIP_COLUMNS)).sort_values(["class_index", "path"]).reset_index(drop=True)
    return dataset_of_table(clips, classes=classes, root=root, name="tiny", version="v1")


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """Give the function that makes a dataset of rows."""
    return dataset_of


@pytest.fixture
def grid() -> Dataset:
    """Three classes of ten groups of three clips."""
    return dataset_of(
        [{"label": label, "group": f"{label} {group}"} for label in "abc" for group in range(10) for _ in range(3)]
    )


@pytest.fixture
def release(tmp_path: Path, grid: Dataset) -> Dataset:
    """The grid as release v1 of the workspace `tmp_path`, tables only."""
    root = tmp_path / "releases" / "v1"
    root.mkdir(parents=True)
    grid.clips.to_parquet(root / "clips.parquet", index=False)
    Release(
        name=grid.name,
        version=grid.version,
        title=grid.title,
        licence=grid.licence,
        naming="seags",
        protocol="seags",
        classes=grid.classes,
        labels=grid.labels,
        motion_pairs=(),
        clips=len(grid.clips),
        left_out={},
        dataset_sha256=grid.sha256,
        settings={},
        tools={},
    ).write(root / "recipe.toml")
    (root / "SHA256SUMS").write_text("")
    return Dataset(**{**vars(grid), "root": root})


@pytest.fixture
def real_lists() -> Path:
    """The folder of official lists, byte for byte as published."""
    folder = REALDATA / "splits"
    if not folder.is_dir():
        pytest.skip(f"the official lists are not at {folder} (SLATEBOARD_REALDATA)")
    return folder


@pytest.fixture
def jhmdb8(real_lists: Path) -> Dataset:
    """The 280 clips of jhmdb8 as a dataset, from their table."""
    table = pd.read_csv(real_lists.parent / "clips.csv")
    rows = table[table["set"] == "jhmdb8"]
    return dataset_of(
        [
            {
                "label": row["class"],
                "group": row["group"],
                "source_url": f"raw/{row['file']}",
                "duration_s": row["duration_s"],
            }
            for row in rows.to_dict("records")
        ]
    )
