"""Make commit_before.tar.xz: a release, a finished run, an interrupted run and a board, by the code of another commit.

git worktree add --detach ../before d9c0adb
cd ../before && PYTHONPATH=$PWD:$PWD/tests OMP_NUM_THREADS=1 python ../slateboard/tests/kept/make.py OUT.tar.xz

It uses nothing but the helpers and commands that the commit had: tests/releasing.py, `curate release`, `bench train`
and `board build`. `expected.parquet` holds the predictions of the second run as that commit made them uninterrupted.
"""

import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import torch
from releasing import curate, ready

from slateboard.cli import main

SETTINGS = """name = "tiny"
[train]
device = "cpu"
checkpoint_minutes = 0
[frames]
form = "live"
threads = 0
[baselines.c3d]
width = 1
fc = 4
size = 32
frames = 16
epochs = 12
batch = 2
test_clips = 1
flip = false
validation_share = 0.0
"""
KEPT = ("slateboard.toml", "releases", "runs", "board")


def train(root: Path, seed: int) -> Path:
    """Train one run to its end; return its folder."""
    assert main(["bench", "train", "c3d", "--seed", str(seed), "--quiet", "-w", str(root)]) == 0
    return next((root / "runs").glob(f"*/*/c3d/{seed}-*"))


def interrupt(root: Path, seed: int) -> None:
    """Begin a run and kill it in the middle of an epoch, after the third one."""
    command = [sys.executable, "-m", "slateboard", "bench", "train", "c3d", "--seed", str(seed), "--quiet"]
    process = subprocess.Popen([*command, "-w", str(root)])
    while process.poll() is None:
        checkpoint = next((root / "runs").glob(f"*/*/c3d/{seed}-*/checkpoints/all.pt"), None)
        state = torch.load(checkpoint, weights_only=True) if checkpoint else {"epoch": 0, "step": 0}
        if state["epoch"] >= 3 and state["step"]:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it was interrupted: try again"


def make(archive: Path) -> None:
    """Write the archive."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        workspace = ready(root, clips=8)
        (root / "slateboard.toml").write_text(SETTINGS)
        curate(workspace, "release")
        train(root, 0)
        second = train(root, 1)
        shutil.move(second / "predictions.parquet", Path(folder) / "expected.parquet")
        shutil.rmtree(second)
        assert main(["board", "build", "--quiet", "-w", str(root)]) == 0
        interrupt(root, 1)
        # The page holds the pictures of release and runs once more; the run's own page is made of its figures.
        for path in [*root.glob("board/index.html"), *root.glob("runs/**/page.html"), *root.glob("runs/**/*.png")]:
            path.unlink()
        with tarfile.open(archive, "w:xz", preset=9) as tar:
            tar.add(Path(folder) / "expected.parquet", "expected.parquet")
            for name in KEPT:
                tar.add(root / name, name)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
