"""From sources to a board: made-up clips, and a few real ones; each stage may be killed and run again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import card, moving

from examples.real.workspaces import write_workspace
from slateboard.cli import main
from slateboard.steps.init import COLUMNS

ROOT = Path(__file__).parents[1]
ROAD = (
    "curate fetch", "curate analyse", "curate propose", "curate review --accept-all", "curate trim",
    "curate label --accept-all", "curate release", "split audit", "bench train chance hog_svm c3d", "board build",
)  # fmt: skip
SETTINGS = """
name = "road"
[fetch]
backoff_seconds = 0
[release]
motion_pairs = [["Right", "Left"]]
[baselines.hog_svm]
size = 32
[baselines.c3d]
width = 2
fc = 8
size = 32
epochs = 2
batch = 8
"""


def _make(folder: Path, draw: Callable[..., Path]) -> None:
    """Eight uploads of two classes that differ by direction, with cards, and one that is no video."""
    rows = []
    for number in range(8):
        pictures = moving(24, seed=number // 2)
        if number % 2:
            pictures = pictures[::-1]
        draw(f"{number}.mp4", [*card(8), *pictures])
        label, effects = ("Left" if number % 2 else "Right"), ("none" if number < 4 else "")
        rows.append(f"{number}.mp4,{label},,,uploader{number // 2},CC0-1.0,{effects},\n")
    (folder / "page.html").write_text("<!doctype html><p>no video</p>")
    (folder / "slateboard.toml").write_text(SETTINGS)
    (folder / "sources.csv").write_text(COLUMNS + "".join(rows) + "page.html,Left,,,uploader0,,,\n")


def _walk(folder: Path, *steps: str) -> None:
    for step in steps:
        assert main([*step.split(), "-w", str(folder), "--quiet", "--debug"]) == 0, step


def _tables(folder: Path) -> dict[str, object]:
    """What must not depend on how often the road was interrupted: everything but times."""
    board = json.loads((folder / "board" / "board.json").read_text())
    rows = [{key: value for key, value in row.items() if not key.endswith("_seconds")} for row in board["rows"]]
    sums = (folder / "releases" / "v1" / "SHA256SUMS").read_text()
    return {"rows": rows, "sums": sums, "versions": sorted(path.name for path in (folder / "releases").iterdir())}


def test_the_whole_road_ends_in_a_board_and_repeats_nothing(tmp_path: Path, draw: Callable[..., Path]) -> None:
    _make(tmp_path, draw)
    _walk(tmp_path, *ROAD)
    tables = _tables(tmp_path)
    assert [row["baseline"] for row in tables["rows"]] and len(tables["rows"]) == 3  # type: ignore[arg-type, index, union-attr]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/**/*") if "board" not in path.parts}
    _walk(tmp_path, *ROAD)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/**/*") if "board" not in path.parts}
    assert (_tables(tmp_path), after) == (tables, before)


@pytest.mark.timeout(600)
def test_killed_at_random_points_of_every_stage_it_ends_the_same(
    tmp_path: Path, draw: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each command is killed twice at a random moment (kill -9 of the whole group), then run to its end."""
    _make(tmp_path, draw)
    whole = tmp_path_factory.mktemp("whole")
    for path in tmp_path.iterdir():
        (whole / path.name).write_bytes(path.read_bytes())
    _walk(whole, *ROAD)
    chance = random.Random(20)
    killed = 0
    for step in ROAD:
        words = [sys.executable, "-m", "slateboard", *step.split(), "-w", str(tmp_path), "--quiet"]
        for _ in range(2):
            process = subprocess.Popen(words, cwd=ROOT, start_new_session=True)
            try:
                process.wait(timeout=chance.uniform(0.3, 5 if "train" in step else 2))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += 1
        # Workers of a killed command may take a moment to notice.
        time.sleep(0.2)
        subprocess.run(words, cwd=ROOT, check=True)
    assert killed >= 3
    assert _tables(tmp_path) == _tables(whole)


@pytest.mark.timeout(600)
def test_real_clips_go_the_same_road_with_official_lists_and_weights(realdata: Path, tmp_path: Path) -> None:
    """Ten clips each of two JHMDB classes, official split 1, ImageNet weights."""
    clips = []
    for name in ("pullup", "golf"):
        listed = (realdata / "splits" / "jhmdb" / f"{name}_test_split1.txt").read_text().splitlines()
        here = {path.name: path for path in (realdata / "jhmdb8" / name).glob("*.avi")}
        for part in ("1", "2"):
            names = [line.split()[0] for line in listed if line.split()[1] == part and line.split()[0] in here]
            clips += [here[found] for found in names[:5]]
    write_workspace("jhmdb8", clips, tmp_path)
    settings = (tmp_path / "slateboard.toml").read_text()
    settings = settings.replace('name = "jhmdb8"', f'name = "jhmdb2"\nweights_dir = "{realdata / "weights"}"')
    settings = settings.replace("[baselines.linear_probe]", "[baselines.linear_probe]\nsize = 96\nframes = 3")
    (tmp_path / "slateboard.toml").write_text(settings)
    # The list names clips where they lie, outside the workspace.
    _walk(tmp_path, "curate fetch --allow-local", *ROAD[1:7])
    lists = realdata / "splits" / "jhmdb"
    _walk(tmp_path, f"split make fixed --param lists={lists} --param form=hmdb51")
    _walk(tmp_path, "bench train chance linear_probe --protocol fixed --split 1", "board build")
    rows = {row["baseline"]: row for row in json.loads((tmp_path / "board" / "board.json").read_text())["rows"]}
    assert (rows["linear_probe"]["n_clips"], rows["linear_probe"]["split"]) == (10, "fixed-1")
    # Pull-ups hang from a bar and golf is on grass: ImageNet features tell them apart far better than chance.
    assert rows["linear_probe"]["video_accuracy"] > rows["chance"]["video_accuracy"] == 0.5
    assert np.isfinite(rows["linear_probe"]["low"])
