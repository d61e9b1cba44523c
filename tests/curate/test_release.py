"""A release is whole, reads elsewhere, is never overwritten, and gives an index once."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from drawing import moving

from slateboard.cli import main
from slateboard.dataset import read_release
from slateboard.errors import SlateboardError
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

STEPS = ("fetch", "analyse", "propose", "review --accept-all", "trim", "label --accept-all", "release")


def _curate(workspace: Workspace, *steps: str) -> None:
    for step in steps:
        words = ["curate", *step.split(), "-w", str(workspace.root), "--quiet", "--debug"]
        assert main(words) == 0, step


@pytest.fixture
def released(workspace: Workspace, draw: Callable[..., Path]) -> Workspace:
    """Two classes of three groups, labels with blanks and marks, in a release of version v1."""
    rows = []
    for number in range(6):
        draw(f"{number}.mp4", moving(24, seed=number))
        label = "Đá cầu" if number % 2 else "High Kick"
        rows.append(f"{number}.mp4,{label},,,group{number // 2},CC0-1.0,{'none' if number < 3 else 'text'},\n")
    workspace.sources.write_text(COLUMNS + "".join(rows))
    _curate(workspace, *STEPS)
    return workspace


def test_the_layout_is_the_papers_and_ucf101s(released: Workspace) -> None:
    folder = released.releases / "v1"
    assert (folder / "classInd.txt").read_text() == "1 DaCau\n2 HighKick\n"
    train, test = (folder / f"{part}list.txt" for part in ("train", "test"))
    names = [*train.read_text().split(), *test.read_text().split()]
    assert sorted(names) == [f"{name}/v_{name}_{number}.mp4" for name in ("DaCau", "HighKick") for number in (1, 2, 3)]
    assert all((folder / "videos" / name).is_file() for name in names)
    numbered = (folder / "trainlist01.txt").read_text().splitlines()
    assert numbered == [f"{name} {1 if name.startswith('DaCau') else 2}" for name in train.read_text().split()]
    clips = pd.read_csv(folder / "clips.csv")
    assert list(clips["has_effects"].astype(str).str.lower()).count("true") == 3
    assert set(clips["licence"]) == {"CC0-1.0"}


def test_the_sums_hold_and_are_written_last(released: Workspace) -> None:
    folder = released.releases / "v1"
    checked = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there - listed == {"SHA256SUMS"}


def test_the_dataset_reads_back_and_a_changed_table_is_refused(released: Workspace) -> None:
    folder = released.releases / "v1"
    dataset = read_release(folder)
    assert (dataset.classes, dataset.labels, dataset.key) == (("DaCau", "HighKick"), ("Đá cầu", "High Kick"), "tiny-v1")
    for row in dataset.clips.itertuples():
        assert hashlib.sha256((folder / row.path).read_bytes()).hexdigest() == row.sha256
    dataset.clips.assign(group="other").to_parquet(folder / "clips.parquet")
    with pytest.raises(SlateboardError, match="is not the one it was released with"):
        read_release(folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(SlateboardError, match="is not a whole release"):
        read_release(folder)


def test_nothing_new_makes_no_new_version_and_new_clips_get_new_numbers(
    released: Workspace, draw: Callable[..., Path]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (released.releases / "v1").rglob("*")}
    _curate(released, *STEPS)
    assert released.versions() == ["v1"]
    draw("6.mp4", moving(24, seed=60))
    with released.sources.open("a", encoding="utf-8") as file:
        file.write("6.mp4,High Kick,,,group0,CC0-1.0,,\n")
    _curate(released, *STEPS)
    assert released.versions() == ["v1", "v2"]
    assert {path: path.stat().st_mtime_ns for path in (released.releases / "v1").rglob("*")} == before
    first, second = (set(read_release(released.releases / version).clips["path"]) for version in ("v1", "v2"))
    assert second - first == {"videos/HighKick/v_HighKick_4.mp4"}
    assert first < second


def test_a_version_that_exists_is_not_overwritten(released: Workspace, draw: Callable[..., Path]) -> None:
    draw("6.mp4", moving(24, seed=60))
    with released.sources.open("a", encoding="utf-8") as file:
        file.write("6.mp4,High Kick,,,group0,,,\n")
    _curate(released, *STEPS[:-1])
    assert main(["curate", "release", "--version", "v1", "-w", str(released.root)]) == 2


def test_ucf101_names_number_groups_and_clips(released: Workspace) -> None:
    with (released.root / "slateboard.toml").open("a") as file:
        file.write('[release]\nnaming = "ucf101"\n')
    _curate(Workspace(released.root), "release")
    paths = sorted(read_release(released.releases / "v2").clips["path"])
    assert paths[:2] == ["videos/DaCau/v_DaCau_g01_c01.mp4", "videos/DaCau/v_DaCau_g02_c01.mp4"]


def test_a_pair_of_unknown_classes_is_refused(released: Workspace) -> None:
    with (released.root / "slateboard.toml").open("a") as file:
        file.write('[release]\nmotion_pairs = [["High Kick", "Low Kick"]]\n')
    assert main(["curate", "release", "-w", str(released.root)]) == 2
    assert Workspace(released.root).versions() == ["v1"]
