"""A run whose process is killed with signal 9 in training is finished by the same command, as if nothing had been."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmark.steps.train import command as bench
from benchmark.training import log
from benchmark.training.checkpoint import Checkpoint, read
from slateboard.workspace import Workspace

SETTINGS = """checkpoint_minutes = 0
[baselines.c3d]
width = 2
fc = 16
size = 32
epochs = 20
batch = 3
flip = false
validation_share = 0.0
"""


def saved(workspace: Workspace) -> Checkpoint | None:
    return next((read(path) for path in workspace.runs.glob("**/checkpoints/all.pt")), None)


def test_a_run_killed_with_signal_9_ends_with_the_same_weights(lab: Callable[..., Workspace]) -> None:
    whole, killed = lab(SETTINGS, "whole"), lab(SETTINGS, "killed")
    command = [sys.executable, "-m", "slateboard", "bench", "train", "c3d", "--quiet", "-w", str(killed.root)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    # With a checkpoint after each of four steps of an epoch, it is inside one more often than not.
    while process.poll() is None and ((found := saved(killed)) is None or not found.state.step):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(killed.runs.glob("**/result.json"))
    for workspace in (killed, whole):
        bench(workspace, ["c3d"])
    states = [one.weights[0] for one in map(saved, (killed, whole)) if one is not None]
    assert states[0].keys() == states[1].keys()
    assert [key for key in states[0] if not torch.equal(states[0][key], states[1][key])] == []
    (row,) = {tuple(log.epochs(next(one.runs.glob("**/log.csv"))).items()) for one in (killed, whole)}
    assert row == (("all", 20),)
